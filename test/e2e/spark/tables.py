"""A job that writes in every way that Spark has, to its warehouse, to the store, and to local paths that
driver and executors can write: how many rows are read back, or that it was refused. Lines `WORD {JSON}`.
"""

import json
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

ROWS = 2000
spark = SparkSession.builder.appName("tables").getOrCreate()
context = spark.sparkContext
frame = spark.range(0, ROWS, 1, 4).withColumn("part", f.col("id") % 2)
frame.createOrReplaceTempView("source")
numbers = context.range(0, ROWS, 1, 4).map(str)
pairs = numbers.map(lambda number: (number, number))


def tell(word: str, found: object) -> None:
    print(word, json.dumps(found, sort_keys=True), flush=True)


def result(write: Callable[..., Any], *words: str) -> int | str:
    try:
        rows = write(*words)
    except Exception as error:  # whatever Spark makes of it
        refused = re.search(r"file:(\S+) is on the disk of one node", str(error))
        return f"refused {refused[1]}" if refused else f"{type(error).__name__}: {str(error)[-600:]}"
    return rows if isinstance(rows, int) else "WRITTEN"


def table(name: str, made: Callable[[str], object]) -> Callable[[], int]:
    def write() -> int:
        made(name)
        rows = int(spark.table(name).count())
        spark.sql(f"DROP TABLE {name}")
        return rows

    return write


def inserted(name: str) -> None:
    spark.sql(f"CREATE TABLE {name} (id BIGINT, part BIGINT) USING orc PARTITIONED BY (part)")
    frame.write.insertInto(name)


def saved(path: str) -> int:
    frame.write.json(path)
    return int(spark.read.json(path).count())


def texts(path: str) -> int:
    numbers.saveAsTextFile(path)
    return int(context.textFile(path).count())


def streamed(path: str | None, sink: str, **options: str) -> int:
    rate = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", ROWS).load()
    counted: DataFrame = rate if path else rate.groupBy(f.col("value") % 2).count()
    writer = counted.writeStream.format(sink).options(**options).outputMode("append" if path else "complete")
    query = writer.queryName("streamed").start(path) if path else writer.queryName("streamed").start()
    while not any(one["batchId"] >= 1 for one in query.recentProgress) and query.isActive:
        time.sleep(0.2)
    query.stop()
    if query.exception() is not None:
        raise RuntimeError(str(query.exception()))
    return ROWS


def checkpointed(path: str) -> int:
    context.setCheckpointDir(path)
    return int(frame.checkpoint().count())


def in_own_folder() -> int:
    """What a driver alone writes, it may."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "numbers.csv"
        frame.toPandas().to_csv(path)
        return len(path.read_text().splitlines()) - 1


kept: dict[str, Callable[[], int]] = {
    "saveAsTable": table("saved", frame.write.saveAsTable),
    "CREATE TABLE AS": table(
        "made", lambda name: spark.sql(f"CREATE TABLE {name} USING parquet AS TABLE source")
    ),
    "bucketBy": table("bucketed", lambda name: frame.write.bucketBy(2, "id").saveAsTable(name)),
    "insertInto": table("inserted", inserted),
    "a path without a scheme": lambda: saved("/tables-test/json"),
    "text without a scheme": lambda: texts("/tables-test/text"),
    "a query without a checkpoint of its own": lambda: streamed(None, "memory"),
    "a file of the driver's": in_own_folder,
}
tell("kept", {name: result(write) for name, write in kept.items()})

attempts: dict[str, Callable[[str], Any]] = {
    "parquet": frame.write.parquet,
    "overwrite of partitions": lambda path: frame.write.option("partitionOverwriteMode", "dynamic")
    .mode("overwrite").partitionBy("part").parquet(path),
    "saveAsTable": lambda path: frame.write.option("path", path).saveAsTable("local_saved"),
    "bucketBy": lambda path: frame.write.option("path", path).bucketBy(2, "id").saveAsTable("local_bucketed"),
    "CREATE TABLE AS": lambda path: spark.sql(
        f"CREATE TABLE local_made USING orc LOCATION '{path}' AS TABLE source"
    ),
    "INSERT DIRECTORY": lambda path: spark.sql(f"INSERT OVERWRITE DIRECTORY '{path}' USING csv TABLE source"),
    "INSERT LOCAL DIRECTORY": lambda path: spark.sql(
        f"INSERT OVERWRITE LOCAL DIRECTORY '{path.removeprefix('file:')}' USING csv TABLE source"
    ),
    "saveAsTextFile": texts,
    "saveAsPickleFile": numbers.saveAsPickleFile,
    "saveAsSequenceFile": pairs.saveAsSequenceFile,
    "saveAsNewAPIHadoopFile": lambda path: pairs.saveAsNewAPIHadoopFile(
        path, "org.apache.hadoop.mapreduce.lib.output.TextOutputFormat"
    ),
    "checkpoint": checkpointed,
    "a streaming sink": lambda path: streamed(path, "csv", checkpointLocation="/tables-test/checkpoint"),
    "a query's checkpoint": lambda path: streamed(None, "memory", checkpointLocation=path),
}  # fmt: skip
short = ("parquet", "saveAsTextFile", "checkpoint")
found = {}
for base in ("/scratch/tmp", "/tmp", "/dev/shm"):  # noqa: S108 - it is refused there
    for number, (name, write) in enumerate(attempts.items()):
        if base == "/scratch/tmp" or name in short:
            path = f"{base}/tables-{number}"
            found[f"{name} to {base}"] = result(write, f"file:{path}")
tell("refused", found)

jvm: Any = context._jvm
warehouse = jvm.org.apache.hadoop.fs.Path(spark.conf.get("spark.sql.warehouse.dir"))
files = warehouse.getFileSystem(context._jsc.hadoopConfiguration())
left = [
    str(one.getPath())
    for one in files.globStatus(jvm.org.apache.hadoop.fs.Path(warehouse, "kiln_canary*")) or []
]
tell("left", left)
