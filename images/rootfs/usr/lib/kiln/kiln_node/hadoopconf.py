"""core-site.xml: S3A, bound per bucket, so that one job reads from one store and writes to another.

Spark and the hadoop command read the same file. Sources: Hadoop 3.4's hadoop-aws pages;
docs on Ceph RGW in the project's measurements.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from kiln_node import paths
from kiln_node.config import AwsStore, RgwStore, Store

#: An access key and a secret key.
Keys = tuple[str, str]


def settings(stores: tuple[Store, ...], keys: dict[str, Keys]) -> dict[str, str]:
    """All properties; keys: of every RGW store, by its name."""
    found = {
        # connections must exceed threads, else uploads wait for each other
        "fs.s3a.threads.max": "96",
        "fs.s3a.connection.maximum": "200",
        "fs.s3a.block.size": "128M",
        "fs.s3a.connection.establish.timeout": "30000",
        # a folder of its own for every user: the first one would own a shared folder
        "fs.s3a.buffer.dir": f"{paths.SCRATCH}/s3a/${{user.name}}",
        "hadoop.tmp.dir": f"{paths.SCRATCH}/s3a/${{user.name}}",
        "fs.s3a.committer.name": "magic",
        "fs.s3a.committer.magic.enabled": "true",
        "mapreduce.outputcommitter.factory.scheme.s3a": (
            "org.apache.hadoop.fs.s3a.commit.S3ACommitterFactory"
        ),
    }
    for store in stores:
        per_bucket = _aws(store) if isinstance(store, AwsStore) else _rgw(store, keys[store.name])
        for bucket in store.buckets:
            for name, value in per_bucket.items():
                found[f"fs.s3a.bucket.{bucket}.{name}"] = value
    return found


def render(properties: dict[str, str]) -> str:
    """Hadoop's XML, sorted. Values are literal: `${user.name}` is expanded by Hadoop."""
    lines = [
        f"  <property><name>{escape(name)}</name><value>{escape(value)}</value></property>"
        for name, value in sorted(properties.items())
    ]
    return "\n".join(['<?xml version="1.0"?>', "<configuration>", *lines, "</configuration>", ""])


def _rgw(store: RgwStore, keys: Keys) -> dict[str, str]:
    return {
        "endpoint": store.endpoint,
        "endpoint.region": "external",
        "path.style.access": "true",
        "connection.ssl.enabled": "true",
        "aws.credentials.provider": "org.apache.hadoop.fs.s3a.SimpleAWSCredentialsProvider",
        "access.key": keys[0],
        "secret.key": keys[1],
        # RGW 16 answers 400 to both
        "create.conditional.enabled": "false",
        "optimized.copy.from.local.enabled": "false",
    }


def _aws(store: AwsStore) -> dict[str, str]:
    # no provider and no key: the default chain ends at the instance's role
    return {"endpoint.region": store.region}
