"""Configurations that the tests start from."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).with_name("node.schema.json")


def schema() -> dict[str, Any]:
    """The schema as it stands in an image."""
    found: dict[str, Any] = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return found


def document(**changes: Any) -> dict[str, Any]:
    """A valid node.json of a worker."""
    return {
        "version": 1,
        "cluster": "night",
        "role": "worker",
        "master": {"host": "10.213.0.10", "port": 7077},
        "image": {"digest": "sha256:" + "b" * 64, "contentId": "sha256:" + "a" * 64},
        "scratch": {
            "kind": "disks",
            "select": {"serialPrefix": "kiln-"},
            "disks": 2,
            "deadline": 30,
            "missing": "fail",
        },
        "stores": [
            {
                "kind": "rgw",
                "name": "store",
                "endpoint": "https://10.213.0.1:7443",
                "buckets": ["flights", "spare"],
                "accessKey": {"credential": "store-access-key"},
                "secretKey": {"credential": "store-secret-key"},
                "ca": {"file": "/etc/kiln/ca.pem"},
            },
            {"kind": "aws", "name": "cloud", "region": "eu-central-1", "buckets": ["results"]},
        ],
        "secrets": {"spark": {"credential": "spark-secret"}},
        "spark": {"conf": {"spark.driver.memory": "2g"}},
        **changes,
    }
