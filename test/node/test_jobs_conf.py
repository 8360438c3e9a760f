"""What a job sets itself, and what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiln_node.jobs import conf, parse
from kiln_node.jobs.conf import Setting
from kiln_node.jobs.parse import Submission, WrongUse
from kiln_node.spark import sparkjudge

MASTER = "spark://10.213.0.10:7077"
DATA = Path(__file__).parents[2] / "images/rootfs/usr/lib/kiln/spark"
RULES, TABLE = sparkjudge.load("rules", DATA), sparkjudge.load("settings", DATA)
IMAGE = sparkjudge.Image("4.1.4", "3.4.2", "3.4.2", "4.1.2")


def given(*words: str, text: str | None = None) -> dict[str, Setting]:
    found = parse.parse([*words, "job.py"])
    assert isinstance(found, Submission)
    return conf.given(found, text)


def test_options_come_before_conf_and_conf_before_the_file() -> None:
    file = ["--properties-file", "/home/me/p.conf"]
    text = "spark.executor.cores 1\nspark.cores.max 1\n\nspark.executor.memory 1g\n"
    found = given(
        *(*file, "--executor-cores", "3", "--conf", "spark.executor.cores=2", "--conf", "spark.cores.max=2"),
        text=text,
    )
    assert found == {
        "spark.executor.cores": Setting("3", "--executor-cores"),
        "spark.cores.max": Setting("2", "--conf"),
        "spark.executor.memory": Setting("1g", "/home/me/p.conf, line 4"),
    }


def test_a_file_that_java_would_refuse_is_wrong_use() -> None:
    with pytest.raises(WrongUse, match=r"p\.conf: line 1: "):
        given("--properties-file", "p.conf", text="spark.a=\\u1")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("spark.authenticate false", "guards the cluster's secret"),
        ("spark.authenticate.secret mine", "guards the cluster's secret"),
        ("spark.authenticate.secret.file /etc/passwd", "guards the cluster's secret"),
        ("spark.network.crypto.enabled false", "must be the same in the job and in the master"),
        ("spark.network.crypto.cipher AES/CTR/NoPadding", "must be the same in the job and in the master"),
        ("spark.network.sasl.serverAlwaysEncrypt true", "must be the same in the job and in the master"),
        ("spark.driver.defaultJavaOptions -Xss4m", "holds what JVMs need here"),
        ("spark.executor.defaultJavaOptions -Xss4m", "holds what JVMs need here"),
        ("spark.kiln.job another", "is kiln's own"),
        ("spark.remote sc://elsewhere", "would lead the job to another server"),
        ("spark.master local[2]", f"and jobs of this node run on {MASTER}"),
        ("spark.submit.deployMode cluster", "the deploy mode is 'cluster'"),
    ],
)
def test_what_is_the_clusters_is_refused_with_file_and_line(line: str, what: str) -> None:
    with pytest.raises(WrongUse) as fault:
        conf.check(given("--properties-file", "/p.conf", text=f"# mine\n{line}\n"), MASTER)
    assert what in fault.value.what
    assert "/p.conf, line 2" in fault.value.what
    key, _, value = line.partition(" ")
    with pytest.raises(WrongUse, match="--conf"):
        conf.check(given("--conf", f"{key}={value}"), MASTER)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--master", "yarn"], "the master is yarn (--master)"),
        (["--deploy-mode", "cluster"], "the deploy mode is 'cluster' (--deploy-mode)"),
        (["--deploy-mode=Cluster"], "the deploy mode is 'Cluster' (--deploy-mode)"),
        (["--remote", "sc://x"], "spark.remote (--remote)"),
    ],
)
def test_options_that_lead_elsewhere_are_refused(words: list[str], what: str) -> None:
    with pytest.raises(WrongUse) as fault:
        conf.check(given(*words), MASTER)
    assert what in fault.value.what
    assert "leave it out" in fault.value.hint


def test_every_refusal_is_named_at_once() -> None:
    with pytest.raises(WrongUse) as fault:
        conf.check(given("--conf", "spark.authenticate=false", "--master", "local"), MASTER)
    assert "spark.authenticate (--conf)" in fault.value.what
    assert "local (--master)" in fault.value.what


@pytest.mark.parametrize(
    "words",
    [
        ["--master", MASTER, "--deploy-mode", "client"],
        ["--conf", "spark.executor.extraJavaOptions=-Xss4m", "--conf", "spark.authenticated.by.me=1"],
        ["--conf", "spark.network.timeout=300s", "--conf", "spark.pyspark.python=./env/bin/python"],
    ],
)
def test_what_leads_nowhere_else_is_allowed(words: list[str]) -> None:
    conf.check(given(*words), MASTER)


@pytest.mark.parametrize(
    ("key", "value", "what"),
    [
        (
            "spark.hadoop.fs.s3a.committer.name",
            "directory",
            "(spark.hadoop.fs.s3a.committer.name: /p.conf, line 1)",
        ),
        ("spark.hadoop.fs.s3a.bucket.b.committer.name", "directory", "committer.name: /p.conf, line 1)"),
        ("spark.local.dir", "/var/spark", "(spark.local.dir: /p.conf, line 1)"),
        (
            "spark.hadoop.fs.s3a.bucket.b.endpoint",
            "http://store",
            "(spark.hadoop.fs.s3a.bucket.b.endpoint: /p.conf, line 1)",
        ),
    ],
)
def test_what_loses_data_is_refused_to_a_job_as_to_a_stack(key: str, value: str, what: str) -> None:
    own = given("--properties-file", "/p.conf", text=f"{key} {value}\n")
    with pytest.raises(WrongUse) as fault:
        conf.refuse(own, sparkjudge.judge(RULES, TABLE, IMAGE, "master", conf.values(own)), RULES)
    assert what in fault.value.what


def test_nothing_is_refused_without_a_reason() -> None:
    own = given("--conf", "spark.sql.shuffle.partitions=8")
    conf.refuse(own, sparkjudge.judge(RULES, TABLE, IMAGE, "master", conf.values(own)), RULES)
