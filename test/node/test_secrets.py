"""Secrets by reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from documents import document

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.nodejson import config, secrets

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


SSM = {"ssm": "/kiln/night/spark-secret", "region": "eu-central-1"}


def parameters() -> config.NodeConfig:
    made = document(secrets={"spark": SSM})
    made["stores"][0] |= {"accessKey": {**SSM, "ssm": "/kiln/a"}, "secretKey": {**SSM, "ssm": "/kiln/b"}}
    return config.parse(made)


def test_parameters_are_kept_in_memory_for_root_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "secrets"
    monkeypatch.setattr(paths, "SECRETS", folder)
    secrets.fetch(parameters(), lambda reference: f"value of {reference.ssm}")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600] * 3
    assert secrets.read(parameters().spark_secret, []) == "value of /kiln/night/spark-secret"


def test_every_parameter_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "SECRETS", tmp_path)

    def refuse(reference: config.SecretRef) -> str:
        raise NodeFault(f"{reference.ssm} refused", where="ssm", hint="ask")

    with pytest.raises(NodeFault) as caught:
        secrets.fetch(parameters(), refuse)
    assert [name in caught.value.what for name in ("/kiln/a", "/kiln/b", "/kiln/night/spark-secret")] == [
        True
    ] * 3


def test_nothing_is_fetched_where_nothing_refers_to_a_parameter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paths, "SECRETS", tmp_path / "none")
    secrets.fetch(config.parse(document()), lambda _: pytest.fail("asked"))
    assert not paths.SECRETS.exists()
