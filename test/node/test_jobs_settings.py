"""What spark-submit is given beside the caller's options."""

from __future__ import annotations

import pytest

from kiln_node.faults import NodeFault
from kiln_node.jobs import parse, settings
from kiln_node.jobs.parse import Submission

DEFAULTS = ["--properties-file", "/run/kiln/spark/spark-defaults.conf"]
SIZE = {"spark.executor.memory": "900m"}
MEMORY = ["--conf", "spark.executor.memory=900m"]
JOB = ["--conf", "spark.kiln.job=20261128-121530-k3f9"]


def submission(*words: str) -> Submission:
    found = parse.parse(words)
    assert isinstance(found, Submission)
    return found


@pytest.mark.parametrize(
    ("given", "configured", "expected"),
    [
        (["job.py", "2013"], set(), [*MEMORY, *JOB, "job.py", "2013"]),
        (["--executor-memory", "1g", "job.py"], set(), [*JOB, "--executor-memory", "1g", "job.py"]),
        (["--executor-memory=1g", "job.py"], set(), [*JOB, "--executor-memory", "1g", "job.py"]),
        (
            ["--conf", "spark.executor.memory=1g", "j.py"],
            set(),
            [*JOB, "--conf", "spark.executor.memory=1g", "j.py"],
        ),
        (["job.py"], {"spark.executor.memory"}, [*JOB, "job.py"]),
        # the job's own words about it set nothing
        (
            ["job.py", "spark.executor.memory=1g", "--executor-memory", "1g"],
            set(),
            [*MEMORY, *JOB, "job.py", "spark.executor.memory=1g", "--executor-memory", "1g"],
        ),
    ],
)
def test_arguments_of_spark_submit(given: list[str], configured: set[str], expected: list[str]) -> None:
    found = settings.command(submission(*given), "20261128-121530-k3f9", configured, lambda: SIZE)
    assert found == [*DEFAULTS, *expected]


def test_an_executor_fits_the_smallest_living_worker() -> None:
    workers = [
        {"state": "ALIVE", "memory": 4096, "cores": 4},
        {"state": "ALIVE", "memory": 2048, "cores": 8},
        {"state": "DEAD", "memory": 512, "cores": 1},
    ]
    answer: dict[str, object] = {"workers": workers}
    assert settings.executor_size(answer, None) == {"spark.executor.memory": "2048m"}
    assert settings.executor_size(answer, 2) == {
        "spark.executor.memory": "1024m",
        "spark.executor.cores": "2",
    }
    with pytest.raises(NodeFault, match="no living worker"):
        settings.executor_size({"workers": []}, None)


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
