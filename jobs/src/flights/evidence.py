"""What the executors saw of the machines that they ran on, for whoever must prove where a job ran."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Where Spark tells its Python workers, and its executors, where their files are: the most exact first.
_FOLDERS = ("SPARK_LOCAL_DIRS", "SPARK_EXECUTOR_DIRS", "LOCAL_DIRS")


def shuffle_files(folder: Path) -> dict[str, object]:
    """How many shuffle files are below a folder, and how large they are in bytes."""
    sizes = [path.stat().st_size for path in folder.rglob("shuffle_*") if path.is_file()]
    return {"folder": str(folder), "files": len(sizes), "bytes": sum(sizes)}


def _module(name: str) -> dict[str, object]:
    module = __import__(name)
    return {"version": getattr(module, "__version__", None), "path": str(module.__file__)}


def observe(_: Iterable[object]) -> Iterator[dict[str, Any]]:
    """Runs in an executor: its host, its Python, its folders."""
    listed = next(filter(None, (os.environ.get(name) for name in _FOLDERS)), "")
    folders = sorted(filter(None, listed.split(",")))
    yield {
        "host": socket.gethostname(),
        "python": {"version": sys.version.split()[0], "prefix": sys.prefix},
        "modules": {name: _module(name) for name in ("pandas", "pyarrow", "flights")},
        "shuffle": [shuffle_files(Path(folder)) for folder in folders if Path(folder).is_dir()],
    }


def by_host(observed: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One observation a host, with all the folders seen there: executors of one host share none."""
    hosts: dict[str, dict[str, Any]] = {}
    for one in observed:
        host = hosts.setdefault(one["host"], {**one, "shuffle": []})
        known = {found["folder"]: found for found in host["shuffle"]}
        known |= {found["folder"]: found for found in one["shuffle"]}
        host["shuffle"] = [known[folder] for folder in sorted(known)]
    return [hosts[name] for name in sorted(hosts)]


def _executors(spark: SparkSession) -> list[dict[str, object]]:
    """What Spark itself counted, the driver left out where it ran no task."""
    store = spark.sparkContext._jsc.sc().statusStore()
    listed = store.executorList(False)
    summaries = [listed.apply(at) for at in range(listed.size())]
    return [
        {
            "id": one.id(),
            "host": one.hostPort().rsplit(":", 1)[0],
            "tasks": one.completedTasks(),
            "shuffleWriteBytes": one.totalShuffleWrite(),
            "shuffleReadBytes": one.totalShuffleRead(),
        }
        for one in summaries
        if one.completedTasks() > 0
    ]


def collect(spark: SparkSession) -> dict[str, object]:
    """Spark's own counts for the job so far, and what every executor sees at the far side of a shuffle.

    A shuffle of its own, because Spark may have cleaned those of the job: while one is read, its files
    are certainly there, wherever Spark puts such files on that host.
    """
    context = spark.sparkContext
    executors = _executors(spark)
    # Many small tasks, so that each executor gets some.
    tasks = 8 * max(context.defaultParallelism, 2)
    pairs = context.parallelize([(key, key) for key in range(tasks)], tasks)
    observed = pairs.partitionBy(tasks).mapPartitions(observe).collect()
    return {
        "application": context.applicationId,
        "spark": context.version,
        "executors": executors,
        "hosts": by_host(observed),
    }
