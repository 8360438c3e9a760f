"""From a command line to what spark-submit is given, with a node's files around it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from documents import document

from kiln_node import paths
from kiln_node.boot import ready
from kiln_node.jobs import folder, inputs, parse, prepare, wire
from kiln_node.jobs.parse import Submission, WrongUse
from kiln_node.nodejson import config
from kiln_node.spark import properties, sparkimage, sparkjudge

DATA = Path(__file__).parents[2] / "images/rootfs/usr/lib/kiln/spark"
JOB = "20261128-121530-k3f9"
WORKER = {"state": "ALIVE", "host": "10.213.0.20", "cores": 4, "memory": 4096}


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a submitter stands, with the files that a configured node has beside it."""
    (tmp_path / "defaults").write_text(
        "spark.authenticate.secret=s3cret\nspark.app.name=x\n", encoding="ascii"
    )
    (tmp_path / "environment").write_text('SPARK_HOME="/opt/spark"\n', encoding="ascii")
    load = sparkjudge.load
    monkeypatch.setattr(paths, "SPARK_DEFAULTS", tmp_path / "defaults")
    monkeypatch.setattr(paths, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setattr(sparkjudge, "load", lambda name: load(name, DATA))
    monkeypatch.setattr(sparkimage, "read", lambda: sparkjudge.Image("4.1.4", "3.4.2", "3.4.2", "4.1.2"))
    monkeypatch.setattr(ready, "ask_master", lambda _: {"workers": [WORKER]})
    monkeypatch.setattr(inputs, "readable_by_spark", lambda _: set())
    monkeypatch.setattr(wire, "SOCKETS", tmp_path / "run")
    monkeypatch.setattr(shutil, "chown", lambda *_, **__: None)
    stands = tmp_path / "stands"
    stands.mkdir()
    (stands / "job.py").write_text("print(1)\n", encoding="ascii")
    (stands / "a.txt").write_text("a", encoding="ascii")
    return stands


def prepared(node: Path, *words: str, **environment: str) -> tuple[prepare.Given, list[str], dict[str, str]]:
    wanted = parse.parse(words)
    assert isinstance(wanted, Submission)
    given = prepare.judged(wanted, config.parse(document()), environment, JOB, str(node))
    argv = prepare.written(wanted, given, JOB, folder.Folder(JOB))
    return given, argv, properties.values(wire.settings(JOB).read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of this test alone, where others have /scratch/jobs."""
    kept = folder.Folder.__init__
    root = tmp_path / "jobs"
    (root / JOB).mkdir(parents=True)
    monkeypatch.setattr(folder.Folder, "__init__", lambda self, job: kept(self, job, root))
    return root


def test_a_submission_becomes_one_file_of_settings_and_copies(node: Path, jobs: Path) -> None:
    (node / "my.conf").write_text("spark.executor.cores 2\n", encoding="ascii")
    words = ["--properties-file", "my.conf", "--files", "a.txt#b", "--name", "n", "job.py", "--files", "c"]
    given, argv, settings = prepared(node, *words, TZ="Asia/Tokyo", SPARK_HOME="/opt/spark")
    assert given.zone == settings["spark.executorEnv.TZ"] == "Asia/Tokyo"
    assert given.notes == ()
    assert settings["spark.authenticate.secret"] == "s3cret"
    assert settings["spark.executor.memory"] == "2048m"
    copied, named = settings["spark.files"].split("#")
    assert named == "b"
    assert Path(copied).is_relative_to(jobs)
    assert Path(copied).read_text(encoding="ascii") == "a"
    program = argv[-3]
    assert Path(program).read_text(encoding="ascii") == "print(1)\n"
    assert argv == ["--properties-file", str(wire.settings(JOB)), "--name", "n", program, "--files", "c"]
    assert wire.settings(JOB).stat().st_mode & 0o777 == 0o640


def test_packages_are_asked_of_the_repositories_that_answer(node: Path, jobs: Path) -> None:
    mirrors = f"http://127.0.0.1:1/m2,{node.as_uri()}"
    given, argv, settings = prepared(node, "--packages", "a:b:1", "--repositories", mirrors, "job.py")
    assert given.repositories == (node.as_uri(),)
    assert "spark.jars.repositories" not in settings
    assert settings["spark.jars.packages"] == "a:b:1"
    assert node.as_uri() in Path(settings["spark.jars.ivySettings"]).read_text(encoding="utf-8")
    assert "--repositories" not in argv
    assert (jobs / JOB / "input").stat().st_mode & 0o777 == 0o750


def test_what_the_submitter_should_know_is_noted(node: Path) -> None:
    uri = "spark.hive.metastore.uris=thrift://127.0.0.1:1"
    given, _, settings = prepared(node, "--conf", uri, "job.py", PYSPARK_PYTHON="/mine", HOME="/root")
    ignored, silent = given.notes
    assert "thrift://127.0.0.1:1: Connection refused" in silent
    assert ignored.startswith("PYSPARK_PYTHON of the environment not passed on")
    assert settings["spark.hadoop.hive.metastore.client.socket.timeout"] == "10"


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["none.py"], "no such file: .*/none.py"),
        (["--properties-file", "none", "job.py"], "--properties-file .*/none cannot be read"),
        (["--master", "local", "job.py"], "the master is local"),
        (["--conf", "spark.local.dir=/var", "job.py"], r"\(spark\.local\.dir: --conf\)"),
        (["--files", ".", "job.py"], "may not read the folder"),
    ],
)
def test_what_cannot_run_leaves_nothing(node: Path, jobs: Path, words: list[str], what: str) -> None:
    with pytest.raises(WrongUse, match=what):
        prepared(node, *words)
    assert list((jobs / JOB).iterdir()) == []
    assert not wire.SOCKETS.exists()


def test_the_cluster_itself_is_no_other_master(node: Path) -> None:
    settings: dict[str, Any] = prepared(node, "--master", "spark://10.213.0.10:7077", "job.py")[2]
    assert settings["spark.master"] == "spark://10.213.0.10:7077"
