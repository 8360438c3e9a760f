"""What of the AWS SDK for Java 2 a Spark job needs to reach an object store."""

from __future__ import annotations

SDK = "software/amazon/awssdk/"

# Service -> what S3A calls it for. Of the SDK's 400 services no other is reached from S3A.
SERVICES = {
    "s3": "the object store",
    "s3control": "a type of the S3 client's endpoint rules",
    "sts": "assumed roles, and web identity tokens",
    "kms": "client-side encryption",
    "sso": "profiles that log in by single sign-on",
    "ssooidc": "profiles that log in by single sign-on: their token",
}

# Parts beside the services that nothing in S3A refers to.
UNUSED = (
    SDK + "enhanced/",
    SDK + "metrics/publishers/cloudwatch/",
    # An index for Quarkus' build, of all classes.
    "META-INF/jandex",
)


def wanted(entry: str) -> bool:
    """Whether an entry of the bundle is kept: all but other services' and what is unused."""
    services = SDK + "services/"
    if entry.startswith(services):
        return entry.removeprefix(services).partition("/")[0] in SERVICES
    return not entry.startswith(UNUSED)
