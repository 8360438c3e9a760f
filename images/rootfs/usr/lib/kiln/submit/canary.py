"""The canary's job: canary.py WORKERS [WAREHOUSE]. Says in one line at which addresses its executors were,
and how many rows of a table they wrote and read back.

It runs on every Spark from 2.2 and every Python from 2.7 (test/node/test_submit.py): so types are comments.
"""

from __future__ import print_function

import json
import os
import signal
import sys
import time
import uuid

from pyspark import SparkContext
from pyspark.sql import SparkSession
from pyspark.sql.types import IntegerType, StructField, StructType

TYPING = False
if TYPING:
    from typing import Any, Dict, Iterable, List, Optional, Tuple  # novm: never run

try:
    from pyspark import BarrierTaskContext
except ImportError:  # before Spark 2.4
    BarrierTaskContext = None

#: Of a table, by each worker.
ROWS = 100
#: Begins the name of every canary's table; then the second it was made, and what no other has.
PREFIX = "kiln_canary_"
#: Seconds after which a table is nobody's: a canary ends within minutes.
STALE = 3600


def spread(rdd):
    # type: (Any) -> Any
    """A task on every executor at once. Each has one core, and all are there before the first job starts: so
    tasks without a barrier are spread as well, one by one."""
    return rdd if BarrierTaskContext is None else rdd.barrier()


def where(_):
    # type: (Any) -> List[str]
    """The address of this task's executor."""
    if BarrierTaskContext is None:
        # what every daemon and executor of a node is given (kiln_node/spark/environment.py)
        return [os.environ["SPARK_LOCAL_IP"]]
    context = BarrierTaskContext.get()
    return [context.getTaskInfos()[context.partitionId()].address.rpartition(":")[0]]


def rows(found):
    # type: (Iterable[int]) -> List[Tuple[int, int]]
    """Those of the table that a worker writes."""
    return [(worker, row) for worker in found for row in range(ROWS)]


def cause(error):
    # type: (Exception) -> str
    """The innermost exception that the JVM names, else the outermost."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    inner = [line for line in lines if line.startswith(("Caused by: ", ": "))]
    text = (inner or lines or [repr(error)])[-1]
    for begin in ("Caused by: ", ": "):
        if text.startswith(begin):
            text = text[len(begin) :]
    return text[:500]


def remove(spark, warehouse, name):
    # type: (Any, str, str) -> None
    """The folder of a table, and those that a canary left that was ended before it could."""
    jvm = spark._jvm
    folder = jvm.org.apache.hadoop.fs.Path(warehouse)
    files = folder.getFileSystem(spark._jsc.hadoopConfiguration())
    for found in files.globStatus(jvm.org.apache.hadoop.fs.Path(folder, PREFIX + "*")) or []:
        other = found.getPath().getName()
        made = other[len(PREFIX) :].partition("_")[0]
        if other == name or (made.isdigit() and int(made) < time.time() - STALE):
            files.delete(found.getPath(), True)


def table(spark, workers, warehouse):
    # type: (Any, int, str) -> Dict[str, object]
    """Written by an executor on every worker, read back, and removed whatever came of it."""
    session = SparkSession(spark)
    name = "{}{:.0f}_{}".format(PREFIX, time.time(), uuid.uuid4().hex[:12])
    schema = StructType([StructField(column, IntegerType()) for column in ("worker", "number")])
    try:
        made = spread(spark.parallelize(range(workers), workers)).mapPartitions(rows)
        session.createDataFrame(made, schema).write.saveAsTable(name)
        read = session.table(name).count()
        session.sql("DROP TABLE " + name)
        remove(spark, warehouse, name)
    except Exception as error:
        try:
            remove(spark, warehouse, name)
        except Exception:
            pass
        return {"fault": cause(error)}
    return {"written": workers * ROWS, "read": read}


def main(workers, warehouse):
    # type: (int, Optional[str]) -> None
    # ended early, it still takes its table away
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with SparkContext() as spark:
        found = spread(spark.parallelize(range(workers), workers)).mapPartitions(where).collect()
        answer = {
            "hosts": sorted(set(found)),
            "table": None if warehouse is None else table(spark, workers, warehouse),
        }
    print("kiln-canary: " + json.dumps(answer))
    sys.stdout.flush()


main(int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None)
