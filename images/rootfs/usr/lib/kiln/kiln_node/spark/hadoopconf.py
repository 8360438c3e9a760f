"""core-site.xml: S3A, bound per bucket, so that one job reads from one store and writes to another.

Spark and the hadoop command read the same file. What holds for every store stands in the image's
settings.json, with its reason and source.
"""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from kiln_node.nodejson.config import AwsStore, RgwStore, Store
from kiln_node.spark import sparkjudge

#: An access key and a secret key.
Keys = tuple[str, str]


def settings(
    stores: tuple[Store, ...],
    keys: dict[str, Keys],
    table: list[dict[str, Any]],
    warehouse: str | None = None,
) -> dict[str, str]:
    """All properties; keys: of every RGW store, by name; table: the entries of settings.json that hold;
    warehouse: of node.json."""
    found = {entry["key"]: str(entry["value"]) for entry in table if entry.get("file") == "hadoop"}
    found |= sparkjudge.placed(warehouse, "fs.")
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
