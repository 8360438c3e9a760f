"""node.json from the file to typed values."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from documents import SCHEMA, document

from kiln_node.faults import NodeFault
from kiln_node.nodejson import config


def test_converts_every_part() -> None:
    node = config.parse(document())
    assert node.master_url == "spark://10.213.0.10:7077"
    assert node.scratch == config.DiskPolicy(config.Selection(serial_prefix="kiln-"), 2, 30, "fail")
    rgw, aws = node.stores
    assert isinstance(rgw, config.RgwStore)
    assert rgw.ca == config.SecretRef(file="/etc/kiln/ca.pem")
    assert isinstance(aws, config.AwsStore)
    assert aws.region == "eu-central-1"
    assert node.worker is None


def test_reads_a_file(tmp_path: Path) -> None:
    path = tmp_path / "node.json"
    path.write_text(json.dumps(document()), encoding="utf-8")
    assert config.load(path, SCHEMA) == config.parse(document())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (None, "no node.json"),
        ("{", "not JSON"),
        ('{"version": 1, "version": 1}', '"version" appears twice'),
        ("{}", "cluster: is missing"),
        (json.dumps(document(role="x", cluster="")), "role: must be one of"),
    ],
)
def test_names_the_cause(tmp_path: Path, text: str | None, says: str) -> None:
    path = tmp_path / "node.json"
    if text is not None:
        path.write_text(text, encoding="utf-8")
    with pytest.raises(NodeFault) as caught:
        config.load(path, SCHEMA)
    assert says in caught.value.what
    assert caught.value.hint


def test_a_bucket_belongs_to_one_store(tmp_path: Path) -> None:
    made = document()
    made["stores"][1]["buckets"] = ["flights"]
    path = tmp_path / "node.json"
    path.write_text(json.dumps(made), encoding="utf-8")
    with pytest.raises(NodeFault, match='bucket "flights" is already of store "store"'):
        config.load(path, SCHEMA)
