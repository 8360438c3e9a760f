"""The canary's job: canary.py WORKERS [WAREHOUSE]. Says in one line at which addresses its executors were,
and how many rows of a table they wrote and read back."""

import contextlib
import json
import signal
import sys
import time
import uuid
from collections.abc import Iterator
from typing import Any

from pyspark import BarrierTaskContext, SparkContext
from pyspark.sql import SparkSession

#: Of a table, by each worker.
ROWS = 100
#: Begins the name of every canary's table; then the second it was made, and what no other has.
PREFIX = "kiln_canary_"
#: Seconds after which a table is nobody's: a canary ends within minutes.
STALE = 3600


def where(_: object) -> Iterator[str]:
    context = BarrierTaskContext.get()
    yield context.getTaskInfos()[context.partitionId()].address.rpartition(":")[0]


def rows(found: Iterator[int]) -> Iterator[tuple[int, int]]:
    yield from ((worker, row) for worker in found for row in range(ROWS))


def cause(error: Exception) -> str:
    """The innermost exception that the JVM names, else the outermost."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    inner = [line for line in lines if line.startswith(("Caused by: ", ": "))]
    return (inner or lines or [repr(error)])[-1].removeprefix("Caused by: ").removeprefix(": ")[:500]


def remove(spark: SparkContext, warehouse: str, name: str) -> None:
    """The folder of a table, and those that a canary left that was ended before it could."""
    jvm: Any = spark._jvm
    folder = jvm.org.apache.hadoop.fs.Path(warehouse)
    files = folder.getFileSystem(spark._jsc.hadoopConfiguration())
    for found in files.globStatus(jvm.org.apache.hadoop.fs.Path(folder, f"{PREFIX}*")) or []:
        other = found.getPath().getName()
        made = other.removeprefix(PREFIX).partition("_")[0]
        if other == name or (made.isdigit() and int(made) < time.time() - STALE):
            files.delete(found.getPath(), True)


def table(spark: SparkContext, workers: int, warehouse: str) -> dict[str, object]:
    """Written by an executor on every worker, read back, and removed whatever came of it."""
    session = SparkSession(spark)
    name = f"{PREFIX}{time.time():.0f}_{uuid.uuid4().hex[:12]}"
    try:
        made = spark.parallelize(range(workers), workers).barrier().mapPartitions(rows)
        session.createDataFrame(made, "worker int, number int").write.saveAsTable(name)
        read = session.table(name).count()
        session.sql(f"DROP TABLE {name}")
        remove(spark, warehouse, name)
    except Exception as error:
        with contextlib.suppress(Exception):
            remove(spark, warehouse, name)
        return {"fault": cause(error)}
    return {"written": workers * ROWS, "read": read}


def main(workers: int, warehouse: str | None) -> None:
    # ended early, it still takes its table away
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with SparkContext() as spark:
        found = spark.parallelize(range(workers), workers).barrier().mapPartitions(where).collect()
        answer = {
            "hosts": sorted(set(found)),
            "table": None if warehouse is None else table(spark, workers, warehouse),
        }
    print("kiln-canary: " + json.dumps(answer), flush=True)


main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
