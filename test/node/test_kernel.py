"""The PySpark kernel of a notebook."""

from __future__ import annotations

import json
from pathlib import Path

from kiln_node import kernel

LIB = Path(kernel.__file__).parents[1]


def test_an_executor_fits_every_living_worker() -> None:
    workers = [{"cores": 8, "memory": 16_384}, {"cores": 4, "memory": 8_192}]
    assert kernel.size(workers, None) == {"spark.executor.memory": "8192m"}
    assert kernel.size(workers, 2) == {"spark.executor.memory": "4096m", "spark.executor.cores": "2"}
    assert kernel.size([], 2) == {}


def test_settings_reach_the_gateway(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "py4j-0.10.9-src.zip").touch()
    made = kernel.environment({"spark.b": "2", "spark.a": "1"}, {"HOME": "/scratch/home"}, tmp_path)
    assert made["PYSPARK_SUBMIT_ARGS"] == (
        "--properties-file /run/kiln/spark/spark-defaults.conf "
        "--conf spark.a=1 --conf spark.b=2 pyspark-shell"
    )
    assert made["PYTHONPATH"] == f"{tmp_path}:{tmp_path}/lib/py4j-0.10.9-src.zip"
    assert made["HOME"] == "/scratch/home"


def test_jupyter_finds_what_starts_it() -> None:
    spec = json.loads((LIB / "notebook/share/kernels/pyspark/kernel.json").read_text(encoding="utf-8"))
    assert spec["argv"] == ["/usr/lib/kiln/kiln-kernel", "{connection_file}"]
    assert (LIB / "kiln-kernel").stat().st_mode & 0o111
    assert (LIB / "notebook" / kernel.STARTUP.name).is_file()
