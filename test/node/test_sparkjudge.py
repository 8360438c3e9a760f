"""The table of refused configurations, over the documents that the stack's side judges as well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from documents import document

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.nodejson import config
from kiln_node.spark import sparkimage, sparkjudge, sparkrules

HOME = Path(__file__).parents[2]
DATA = HOME / "images/rootfs/usr/lib/kiln/spark"
DOCUMENTS: list[dict[str, Any]] = json.loads(
    (HOME / "test/fixtures/spark/documents.json").read_text(encoding="utf-8")
)
RULES, SETTINGS = sparkjudge.load("rules", DATA), sparkjudge.load("settings", DATA)
NOW = sparkjudge.Image("4.1.4", "3.4.2", "3.4.2", "4.1.2")


@pytest.mark.parametrize("given", DOCUMENTS, ids=lambda given: given["name"])
def test_refuses_exactly(given: dict[str, Any]) -> None:
    image = sparkjudge.Image(
        given.get("spark", NOW.spark),
        given.get("hadoop", NOW.hadoop),
        given.get("hadoopAws", NOW.hadoop_aws),
        given.get("committer", NOW.committer),
    )
    found = sparkjudge.judge(
        RULES, SETTINGS, image, given.get("role", "worker"), given["conf"], warehouse=given.get("warehouse")
    )
    named = [each.rule if each.bucket is None else f"{each.rule}@{each.bucket}" for each in found]
    assert named == given["refused"]


def test_an_unknown_condition_is_no_silent_pass() -> None:
    with pytest.raises(ValueError, match="no such condition"):
        sparkjudge.holds({"moon": "full"}, sparkjudge.View(NOW, {}, frozenset()))


@pytest.mark.parametrize(
    ("release", "cipher"),
    [
        *((release, "AES/GCM/NoPadding") for release in ("3.5.9", "4.0.5", "4.1.4", "4.2.1", "4.3.0")),
        *((release, None) for release in ("2.2.3", "3.3.4", "3.4.4", "3.5.8", "4.0.4", "4.1.3", "4.2.0")),
    ],
)
def test_the_cipher_is_the_best_that_works(release: str, cipher: str | None) -> None:
    image = sparkjudge.Image(release, "3.4.2", "3.4.2", None)
    found = {entry["key"]: entry["value"] for entry in sparkjudge.base(SETTINGS, image)}
    assert found.get("spark.network.crypto.cipher") == cipher
    assert "fs.s3a.committer.name" not in found


@pytest.mark.parametrize(
    "release",
    ["3.4.0", "3.4.4", "3.5.8", "3.5.9", "4.0.4", "4.0.5", "4.1.3", "4.1.4", "4.2.0", "4.2.1", "4.3.0"],
)
def test_a_cipher_is_refused_exactly_where_it_is_not_set(release: str) -> None:
    image = sparkjudge.Image(release, "3.4.2", "3.4.2", None)
    conf = {"spark.network.crypto.cipher": "AES/GCM/NoPadding"}
    refused = [one.rule for one in sparkjudge.judge(RULES, SETTINGS, image, "worker", conf)]
    is_set = any(entry["key"] in conf for entry in sparkjudge.base(SETTINGS, image))
    assert refused == ([] if is_set else ["gcm-hangs"])


def spark(home: Path, *jars: str, release: str = "Spark 4.1.4") -> Path:
    (home / "jars").mkdir()
    (home / "RELEASE").write_text(f"{release}\n", encoding="utf-8")
    for jar in jars:
        (home / "jars" / jar).touch()
    return home


def test_reads_what_an_image_has_from_its_files(tmp_path: Path) -> None:
    jars = ("hadoop-client-api-3.4.2.jar", "hadoop-aws-3.4.2.jar", "spark-hadoop-cloud_2.13-4.1.2.jar")
    assert sparkimage.read(spark(tmp_path, *jars)) == NOW


def test_two_releases_of_a_jar_fit_nothing(tmp_path: Path) -> None:
    jars = ("hadoop-client-api-3.4.2.jar", "hadoop-aws-3.4.2.jar", "hadoop-aws-3.3.4.jar")
    image = sparkimage.read(spark(tmp_path, *jars))
    found = sparkjudge.judge(RULES, SETTINGS, image, "worker", {})
    assert [each.rule for each in found] == ["other-hadoop"]


def test_no_spark_is_named(tmp_path: Path) -> None:
    with pytest.raises(NodeFault, match="there is no Spark"):
        sparkimage.read(tmp_path)
    with pytest.raises(NodeFault, match="RELEASE does not say"):
        sparkimage.read(spark(tmp_path, release="?"))


def test_a_node_names_every_refusal_with_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sparkimage, "read", lambda: NOW)
    monkeypatch.setattr(sparkjudge.load, "__defaults__", (DATA,))
    conf = {"spark.hadoop.fs.s3a.committer.name": "directory", "spark.master.rest.enabled": "true"}
    with pytest.raises(NodeFault) as caught:
        sparkrules.check(config.parse(document(spark={"conf": conf})))
    assert "staging committers" in caught.value.what
    assert "46 of 100 uploads" in caught.value.what
    assert "takes jobs from anybody" in caught.value.what
    sparkrules.check(config.parse(document()))
    assert paths.SPARK_DATA.name == "spark"
