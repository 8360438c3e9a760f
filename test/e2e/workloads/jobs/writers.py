"""Every writer once; what it has written is judged from the objects in the store.

Everything lands below s3a://flights/written/NAME.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from report import attempt

OUT = "s3a://flights/written"
#: Values of a partition's column that have a meaning in paths, in URLs or in Hive's names.
AWKWARD = ("plain", "with space", "a/b", "x=y", "100%", "50%25", "Zürich", "東京", "c:d", "q?#", "'", None)
DAY = "cast(date_add(date '2013-01-01', cast(id % 3 as int)) as string)"


def formats(spark: SparkSession) -> None:
    orders = spark.table("orders").repartition(4)
    for name in ("parquet", "orc", "json"):
        attempt(name, orders.write.format(name).save, f"{OUT}/{name}")
    # By default Spark takes the spaces around a text away, and writes a backslash before a quotation mark.
    as_it_is = {"ignoreLeadingWhiteSpace": False, "ignoreTrailingWhiteSpace": False, "escape": '"'}
    attempt("csv", lambda: orders.write.csv(f"{OUT}/csv", header=True, **as_it_is))
    lines = orders.select(F.concat_ws("|", *orders.columns).alias("value"))
    attempt("text", lambda: lines.write.text(f"{OUT}/text"))
    # Commits by renames: the older API of Hadoop knows no other committer.
    attempt("rdd", lambda: lines.rdd.map(lambda row: row.value).saveAsTextFile(f"{OUT}/rdd"))

    types = spark.sql((Path(__file__).parent / "types.sql").read_text())
    for name in ("parquet", "orc", "json"):
        attempt(f"types-{name}", types.write.format(name).save, f"{OUT}/types-{name}")
    none = spark.table("orders").where("false")
    attempt("empty", lambda: none.write.parquet(f"{OUT}/empty"))
    attempt(
        "empty-partitioned",
        lambda: none.write.partitionBy("o_orderstatus").parquet(f"{OUT}/empty-partitioned"),
    )


def partitions(spark: SparkSession) -> None:
    orders = spark.table("orders").repartition(2)
    by = ("o_orderstatus", "o_orderpriority")
    attempt("partitioned", lambda: orders.write.partitionBy(*by).parquet(f"{OUT}/partitioned"))
    awkward = spark.createDataFrame([(i, name) for i, name in enumerate(AWKWARD * 3)], "id int, name string")
    attempt("awkward", lambda: awkward.write.partitionBy("name").parquet(f"{OUT}/awkward"))
    many = spark.range(10_000).withColumn("k", F.col("id") % 200).repartition(4, "k")
    attempt("many", lambda: many.write.partitionBy("k").parquet(f"{OUT}/many"))


def overwriting(spark: SparkSession) -> None:
    rows = spark.range(3_000).selectExpr("id", f"{DAY} as day")
    path = f"{OUT}/overwritten"
    rows.write.partitionBy("day").parquet(path)
    day = spark.range(10).selectExpr("-id as id", "'2013-01-02' as day")
    dynamic = day.write.mode("overwrite").option("partitionOverwriteMode", "dynamic").partitionBy("day")
    attempt("dynamic-option", lambda: dynamic.parquet(path))

    def by_setting() -> None:
        spark.conf.set("spark.sql.sources.partitionOverwriteMode", "dynamic")
        try:
            day.write.mode("overwrite").partitionBy("day").parquet(path)
        finally:
            spark.conf.unset("spark.sql.sources.partitionOverwriteMode")

    attempt("dynamic-setting", by_setting)
    attempt(
        "one-partition", lambda: day.drop("day").write.mode("overwrite").parquet(f"{path}/day=2013-01-02")
    )

    def while_read() -> None:
        again = f"{OUT}/while-read"
        rows.write.parquet(again)
        spark.read.parquet(again).where("id > 0").write.mode("overwrite").parquet(again)

    attempt("while-read", while_read)
    attempt("exists", lambda: day.write.parquet(path))
    attempt("ignored", lambda: day.write.mode("ignore").parquet(path))

    def replaced() -> None:
        rows.write.parquet(f"{OUT}/replaced")
        rows.where("id < 7").write.mode("overwrite").parquet(f"{OUT}/replaced")

    attempt("replaced", replaced)


def concurrent(spark: SparkSession) -> None:
    """Two jobs of one application append to one path at the same time."""
    path = f"{OUT}/appended"

    def append(start: int) -> None:
        for at in range(start, start + 3_000, 1_000):
            spark.range(at, at + 1_000).repartition(4).write.mode("append").parquet(path)

    def both() -> None:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(append, (0, 3_000)))

    attempt("appended", both)


def failing(spark: SparkSession) -> None:
    def write(name: str, frame: DataFrame) -> None:
        attempt(name, lambda: frame.write.parquet(f"{OUT}/{name}"))

    numbers = spark.range(0, 4_000, 1, 4)
    write("failed", numbers.selectExpr("if(id = 3999, raise_error('the last row'), id) as id"))

    @F.udf("bigint")
    def first_try_fails(number: int) -> int:
        from pyspark import TaskContext

        context = TaskContext.get()
        if number % 1_000 == 999 and context is not None and context.attemptNumber() == 0:
            raise ValueError("the first try")
        return number

    write("tried-again", numbers.select(first_try_fails("id").alias("id")))


def run(spark: SparkSession) -> None:
    for part in (formats, partitions, overwriting, concurrent, failing):
        part(spark)
