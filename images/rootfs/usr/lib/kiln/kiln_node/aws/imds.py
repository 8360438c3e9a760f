"""The instance's own metadata at AWS, version 2: a token first, then what is asked for.

Source: "Use the Instance Metadata Service" in the Amazon EC2 user guide.
"""

from __future__ import annotations

import json

from kiln_node.aws.sigv4 import Keys
from kiln_node.faults import NodeFault
from kiln_node.host.http import Http

ADDRESS = "http://169.254.169.254"
#: Seconds that a token holds: more than one boot needs.
TOKEN_SECONDS = 300


def login(http: Http, address: str = ADDRESS) -> dict[str, str]:
    """The header with a token that every question needs; NodeFault where there is no metadata service."""
    lifetime = {"X-aws-ec2-metadata-token-ttl-seconds": str(TOKEN_SECONDS)}
    token = http.send("PUT", f"{address}/latest/api/token", lifetime)
    if token.status != 200:
        raise NodeFault(
            f"the instance metadata service gives no token: {token.status}",
            where=address,
            hint="only EC2 instances have notices and SSM parameters; elsewhere use file or credential",
        )
    return {"X-aws-ec2-metadata-token": token.body.decode()}


def role_keys(http: Http, address: str = ADDRESS) -> Keys:
    """The keys of the instance's role; NodeFault where there is no metadata service or no role."""
    headers = login(http, address)
    folder = f"{address}/latest/meta-data/iam/security-credentials/"
    role = http.send("GET", folder, headers)
    if role.status != 200 or not role.body.strip():
        raise NodeFault(
            "this instance has no role",
            where=folder,
            hint="give its launch template an instance profile that may read the parameter",
        )
    answer = http.send("GET", folder + role.body.decode().split()[0], headers)
    try:
        found = json.loads(answer.body)
        return Keys(str(found["AccessKeyId"]), str(found["SecretAccessKey"]), str(found["Token"]))
    except (ValueError, KeyError, TypeError) as error:
        raise NodeFault(
            f"the metadata service's answer has no keys: {answer.status}, {error!r}",
            where=folder,
            hint="see the instance profile's role: it may have been deleted",
        ) from error
