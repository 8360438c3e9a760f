"""The rules of node.json that a JSON Schema cannot say; the same as in factory/contracts/node.ts.

They are asked once the schema has accepted the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kiln_node.nodejson.schema import Fault

#: Settings of Spark that guard the cluster's secret.
GUARDED = ("spark.authenticate", "spark.authenticate.secret")


def check(document: dict[str, Any]) -> list[Fault]:
    """Every fault, each with its path."""
    return [
        *_buckets(document["stores"]),
        *_sizes(document["scratch"]),
        *_warehouse(document),
        *_guarded(document["spark"]),
        *_token(document),
    ]


def _buckets(stores: list[dict[str, Any]]) -> Iterator[Fault]:
    """Settings are bound per bucket, so a bucket can belong to one store only."""
    owner: dict[str, str] = {}
    for index, store in enumerate(stores):
        for bucket in store["buckets"]:
            if bucket in owner:
                what = f'bucket "{bucket}" is already of store "{owner[bucket]}"'
                yield Fault(f"stores[{index}].buckets", what)
            owner[bucket] = store["name"]


def _sizes(scratch: dict[str, Any]) -> Iterator[Fault]:
    select = scratch.get("select", {})
    if "minGiB" in select and select["minGiB"] > select["maxGiB"]:
        yield Fault("scratch.select.minGiB", f"must be at most maxGiB, {select['maxGiB']:g}")


def _warehouse(document: dict[str, Any]) -> Iterator[Fault]:
    """Nodes have keys for the buckets of their stores only."""
    if "warehouse" not in document["spark"]:
        return
    bucket = document["spark"]["warehouse"].removeprefix("s3a://").partition("/")[0]
    if all(bucket not in store["buckets"] for store in document["stores"]):
        yield Fault("spark.warehouse", f'bucket "{bucket}" is of no store')


def _guarded(spark: dict[str, Any]) -> Iterator[Fault]:
    for key in GUARDED:
        if key in spark["conf"]:
            yield Fault(f"spark.conf.{key}", "may not be set: secrets.spark decides it")


def _token(document: dict[str, Any]) -> Iterator[Fault]:
    if document["role"] == "notebook" and "notebook" not in document["secrets"]:
        yield Fault("secrets.notebook", "is missing: JupyterLab opens to nobody without one")
