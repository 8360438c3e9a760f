"""More than memory holds, by spilling and by failing; executors of 512 MiB have 127 MiB for their data.

usage: memory.py GATE    it drops its cache and goes on when the file GATE is there
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from report import attempt, report, session

GATE = Path(sys.argv[1])
#: 192 characters a row that nothing shortens; ../memory.ts has the same for DuckDB.
WIDE = "concat(" + ", ".join(f"sha2(cast(id * 3 + {n} as string), 256)" for n in range(3)) + ")"

spark = session("memory")


def wide(rows: int) -> DataFrame:
    return spark.range(0, rows, 1, 8).withColumn("wide", F.expr(WIDE))


def usable() -> object:
    return spark.range(0, 100_000, 1, 4).selectExpr("sum(id)").collect()[0][0]


def ordered() -> None:
    spark.conf.set("spark.sql.shuffle.partitions", "2")
    wide(1_200_000).orderBy("wide").select("id").write.parquet("s3a://flights/memory/ordered")


def cached() -> object:
    frame = wide(1_500_000).persist(StorageLevel.MEMORY_AND_DISK)
    first = frame.selectExpr("sum(id)", "sum(length(wide))").collect()[0]
    stored = spark.sparkContext._jsc.sc().getRDDStorageInfo()
    report("waits", {"found": [stored[0].memSize(), stored[0].diskSize()], "seconds": 0})
    while not GATE.exists():
        time.sleep(0.2)
    again = frame.selectExpr("sum(id)", "max(length(wide))").collect()[0]
    frame.unpersist(blocking=True)
    return [*first, *again]


@F.udf("bigint")
def greedy(number: int) -> int:
    """More than the machine has."""
    return len(b"x" * (number + (6 << 30)))


attempt("ordered", ordered)
attempt("cached", cached)
attempt("python-out-of-memory", lambda: spark.range(1).select(greedy("id")).collect())
attempt("usable-after-python", usable)
text = "length(repeat(cast(id as string), 900000000))"
attempt("heap-out-of-memory", lambda: spark.range(0, 1, 1, 1).selectExpr(text).collect())
attempt("usable-after-heap", usable)
spark.stop()
