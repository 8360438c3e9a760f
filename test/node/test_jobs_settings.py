"""What spark-submit is given."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiln_node.faults import NodeFault
from kiln_node.jobs import conf, parse, settings
from kiln_node.jobs.parse import Submission
from kiln_node.spark.sizing import Offer

JOB = "20261128-121530-k3f9"
CLUSTER = {"spark.authenticate.secret": "s3cret", "spark.master": "spark://m:7077"}
OFFERS = [Offer(8, 8192)]
FILE = Path("/run/kiln/jobs/x.conf")


def submission(*words: str) -> Submission:
    found = parse.parse(words)
    assert isinstance(found, Submission)
    return found


def prepared(*words: str, text: str | None = None, offers: list[Offer] | None = None) -> settings.Prepared:
    given = conf.given(submission(*words, "job.py"), text)
    return settings.prepare(JOB, CLUSTER, given, OFFERS if offers is None else offers, "Asia/Tokyo")


def sized(*words: str, text: str | None = None) -> tuple[str | None, str | None]:
    found = prepared(*words, text=text).properties
    return found.get("spark.executor.cores"), found.get("spark.executor.memory")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], (None, "8192m")),
        (["--executor-cores", "2"], ("2", "2048m")),
        (["--conf", "spark.executor.cores=4"], ("4", "4096m")),
        (["--executor-memory", "1g"], (None, "1g")),
        (["--executor-memory=1g", "--executor-cores=2"], ("2", "1g")),
        (["--conf", "spark.executor.memory=1g"], (None, "1g")),
    ],
)
def test_an_executors_memory_follows_from_its_cores(words: list[str], expected: tuple[str, str]) -> None:
    assert sized(*words) == expected


def test_cores_of_a_properties_file_count_too() -> None:
    file = ["--properties-file", "/p.conf"]
    assert sized(*file, text="spark.executor.cores 1\n") == ("1", "1024m")


def test_a_jobs_file_is_laid_over_the_clusters_settings() -> None:
    found = prepared("--properties-file", "/p.conf", text="spark.sql.shuffle.partitions 8\n").properties
    assert found["spark.authenticate.secret"] == "s3cret"
    assert found["spark.sql.shuffle.partitions"] == "8"
    assert found["spark.kiln.job"] == JOB
    assert found["spark.executorEnv.TZ"] == "Asia/Tokyo"


def test_an_explicit_memory_that_leaves_cores_idle_is_noted() -> None:
    (note,) = prepared("--executor-memory", "4g", "--executor-cores", "2").notes
    assert note.startswith("with 4096 MiB an executor, 4 of 8 cores stay idle for want of memory")
    assert prepared("--executor-memory", "4g").notes == ()


def test_an_option_without_effect_here_is_noted() -> None:
    (note,) = prepared("--num-executors", "3").notes
    assert note.startswith("--num-executors: this cluster does not count executors")
    assert prepared("--num-executors", "3", "--conf", "spark.dynamicAllocation.enabled=true").notes == ()


def test_a_job_that_says_its_memory_may_wait_for_workers() -> None:
    assert prepared("--executor-memory", "1g", offers=[]).properties["spark.executor.memory"] == "1g"
    with pytest.raises(NodeFault, match="no living worker"):
        prepared(offers=[])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["job.py", "2013"], ["/in/job.py", "2013"]),
        (["--executor-cores", "2", "job.py"], ["--executor-cores", "2", "/in/job.py"]),
        # what kiln-submit changes or has judged stands in its file alone
        (
            [
                *("--properties-file", "p", "--master", "m", "--jars", "a.jar", "--load-spark-defaults"),
                *("--conf", "spark.files=x", "--packages", "a:b:1", "--repositories", "https://r"),
                *("--conf", "spark.jars.repositories=https://r", "--name", "n", "job.py", "--jars", "b"),
            ],
            ["--name", "n", "/in/job.py", "--jars", "b"],
        ),
        # the job's own words about it set nothing
        (["job.py", "spark.executor.memory=1g"], ["/in/job.py", "spark.executor.memory=1g"]),
    ],
)
def test_arguments_of_spark_submit(given: list[str], expected: list[str]) -> None:
    found = settings.command(submission(*given), "/in/job.py", FILE)
    assert found == ["--properties-file", str(FILE), *expected]


def test_a_module_stays_one() -> None:
    found = settings.command(submission("-m", "flights.etl", "x"), None, FILE)
    assert found[2:] == ["/usr/lib/kiln/submit/run_module.py", "flights.etl", "x"]


def test_ivy_is_told_by_its_file_alone() -> None:
    found = settings.without_mirrors({"spark.jars.repositories": "https://r", "spark.a": "1"}, Path("/i.xml"))
    assert found == {"spark.a": "1", "spark.jars.ivySettings": "/i.xml"}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        (["--name", "daily", "-m", "flights.etl"], "daily"),
        (["--conf", "spark.app.name=daily", "job.py"], "daily"),
        (["-m", "flights.etl"], "flights.etl"),
        (["/scratch/job.py", "--name", "x"], "job.py"),
        (["s3a://b/c/job.py"], "job.py"),
    ],
)
def test_a_job_is_called_by_its_name_or_its_program(given: list[str], name: str) -> None:
    assert settings.name_of(submission(*given)) == name
