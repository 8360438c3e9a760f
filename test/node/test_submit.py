"""kiln-submit's command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kiln_node import submit
from kiln_node.faults import NodeFault

DEFAULTS = ["--properties-file", "/run/kiln/spark/spark-defaults.conf"]
MEMORY = ["--conf", "spark.executor.memory=900m"]
SIZE = {"spark.executor.memory": "900m"}
RUN_MODULE = Path(submit.__file__).parents[1] / "submit" / "run_module.py"


@pytest.mark.parametrize(
    ("given", "configured", "expected"),
    [
        (
            ["-m", "nycflights.etl", "--bucket", "b", "-m", "x"],
            set(),
            [*MEMORY, "/usr/lib/kiln/submit/run_module.py", "nycflights.etl", "--bucket", "b", "-m", "x"],
        ),
        (["--name", "n", "job.py", "2013"], set(), [*MEMORY, "--name", "n", "job.py", "2013"]),
        (["--executor-memory", "1g", "job.py"], set(), ["--executor-memory", "1g", "job.py"]),
        (
            ["--conf", "spark.executor.memory=1g", "j.py"],
            set(),
            ["--conf", "spark.executor.memory=1g", "j.py"],
        ),
        (["job.py"], {"spark.executor.memory"}, ["job.py"]),
    ],
)
def test_arguments_of_spark_submit(given: list[str], configured: set[str], expected: list[str]) -> None:
    assert submit.arguments(given, configured, lambda: SIZE) == [*DEFAULTS, *expected]


def test_a_module_must_be_named() -> None:
    with pytest.raises(NodeFault, match="-m needs a module"):
        submit.arguments(["-m"], set(), dict)


def test_an_executor_fits_the_smallest_living_worker() -> None:
    workers = [
        {"state": "ALIVE", "memory": 4096, "cores": 4},
        {"state": "ALIVE", "memory": 2048, "cores": 8},
        {"state": "DEAD", "memory": 512, "cores": 1},
    ]
    answer: dict[str, object] = {"workers": workers}
    assert submit.executor_size(answer, None) == {"spark.executor.memory": "2048m"}
    assert submit.executor_size(answer, 2) == {"spark.executor.memory": "1024m", "spark.executor.cores": "2"}
    with pytest.raises(NodeFault, match="no living worker"):
        submit.executor_size({"workers": []}, None)


def test_runs_a_module_as_python_does() -> None:
    done = subprocess.run(
        [sys.executable, RUN_MODULE, "json.tool", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: ")
