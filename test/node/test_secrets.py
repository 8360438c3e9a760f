"""Secrets by reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import document

from kiln_node import config, secrets
from kiln_node.faults import NodeFault

NAMES = ("spark-secret", "store-access-key", "store-secret-key")


def node(tmp_path: Path) -> config.NodeConfig:
    made = document()
    made["stores"][0]["ca"] = {"file": str(tmp_path / "ca.pem")}
    (tmp_path / "ca.pem").write_text("pem\n", encoding="ascii")
    return config.parse(made)


def test_the_first_folder_that_has_it_wins(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "spark-secret").write_text(f"{name}\n", encoding="ascii")
    found = secrets.read(config.SecretRef(credential="spark-secret"), [tmp_path / "a", tmp_path / "b"])
    assert found == "a"


def test_all_there(tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text("x", encoding="ascii")
    secrets.check(node(tmp_path), [tmp_path])


def test_names_every_one_that_is_missing_or_empty(tmp_path: Path) -> None:
    (tmp_path / "spark-secret").write_text(" \n", encoding="ascii")
    (tmp_path / "store-access-key").write_text("topsecret", encoding="ascii")
    with pytest.raises(NodeFault) as caught:
        secrets.check(node(tmp_path), [tmp_path])
    assert "secrets.spark (credential spark-secret)" in caught.value.what
    assert "stores[0].secretKey (credential store-secret-key)" in caught.value.what
    assert "accessKey" not in caught.value.what
    assert "topsecret" not in str(caught.value)
