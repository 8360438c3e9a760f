"""The PySpark kernel of a notebook."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from kiln_node.jobs import zone
from kiln_node.roles import kernel

LIB = Path(kernel.__file__).parents[2]


WORKERS = [{"cores": 8, "memory": 16_384}, {"cores": 4, "memory": 8_192}]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, {"spark.executor.memory": "8192m"}),
        ({"spark.executor.cores": "2"}, {"spark.executor.memory": "4096m", "spark.executor.cores": "2"}),
        ({"spark.executor.memory": "1g"}, {"spark.executor.memory": "1024m"}),
    ],
)
def test_an_executor_fits_every_living_worker(settings: dict[str, str], expected: dict[str, str]) -> None:
    assert kernel.size(WORKERS, settings) == expected
    assert kernel.size([], settings) == {}


def test_a_kernel_has_a_metastore_of_its_own_and_removes_those_that_nobody_has(tmp_path: Path) -> None:
    made = kernel.environment({zone.KEY: "UTC"}, {}, tmp_path)
    assert made["SPARK_SUBMIT_OPTS"] == f"-Dderby.system.home=/scratch/tmp/metastore-{os.getpid()}"
    of_nobody, mine, of_init = 2**30, os.getpid(), 1
    for process in (of_nobody, mine, of_init):
        (tmp_path / f"metastore-{process}" / "metastore_db").mkdir(parents=True)
    kernel.tidy(tmp_path)
    assert [left.name for left in tmp_path.glob("metastore-*")] == ["metastore-1"]


def test_settings_reach_the_gateway(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "py4j-0.10.9-src.zip").touch()
    made = kernel.environment({"spark.b": "2", zone.KEY: "Asia/Tokyo"}, {"HOME": "/scratch/home"}, tmp_path)
    assert made["PYSPARK_SUBMIT_ARGS"] == (
        "--properties-file /run/kiln/spark/spark-defaults.conf "
        "--conf spark.b=2 --conf spark.executorEnv.TZ=Asia/Tokyo pyspark-shell"
    )
    assert made["PYTHONPATH"] == f"{tmp_path}:{tmp_path}/lib/py4j-0.10.9-src.zip:/usr/lib/kiln/notebook"
    assert made["TZ"] == "Asia/Tokyo"
    assert made["HOME"] == "/scratch/home"


def test_jupyter_finds_what_starts_it() -> None:
    spec = json.loads((LIB / "notebook/share/kernels/pyspark/kernel.json").read_text(encoding="utf-8"))
    assert spec["argv"] == ["/usr/lib/kiln/kiln-kernel", "{connection_file}"]
    assert (LIB / "kiln-kernel").stat().st_mode & 0o111
    assert (LIB / "notebook" / kernel.STARTUP.name).is_file()


def test_executors_go_when_the_notebook_is_idle() -> None:
    idle = "spark.dynamicAllocation.executorIdleTimeout"
    with_data = [
        "spark.dynamicAllocation.cachedExecutorIdleTimeout",
        "spark.dynamicAllocation.shuffleTracking.timeout",
    ]
    for given, wanted in [
        ((None, None), ("120s", "1800s")),
        ((10, 30), ("10s", "30s")),
        ((3600, None), ("3600s", "3600s")),
    ]:
        assert kernel.idle(*given) == {idle: wanted[0], **dict.fromkeys(with_data, wanted[1])}
