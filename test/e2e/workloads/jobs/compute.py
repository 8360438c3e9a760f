"""Joins, windows, Python and Arrow functions, shared variables and checkpoints, over TPC-H's tables.

What DuckDB has for each is in ../compute.ts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from plain import rows
from report import attempt, report


def _plan(frame: DataFrame) -> str:
    """As it was when it ended: adaptive execution changes it while it runs."""
    return str(frame._jdf.queryExecution().executedPlan().toString())


def joins(spark: SparkSession) -> None:
    def broadcast() -> object:
        found = spark.sql(
            "select /*+ broadcast(customer) */ c_mktsegment, count(*), sum(o_totalprice) from orders"
            " join customer on c_custkey = o_custkey group by c_mktsegment order by c_mktsegment"
        )
        answer = rows(found.collect())
        report("broadcast-join-is-one", {"found": "BroadcastHashJoin" in _plan(found), "seconds": 0})
        return answer

    attempt("broadcast-join", broadcast)

    def skewed() -> object:
        settings = {
            "spark.sql.autoBroadcastJoinThreshold": "-1",
            "spark.sql.shuffle.partitions": "8",
            "spark.sql.adaptive.skewJoin.skewedPartitionFactor": "2",
            "spark.sql.adaptive.skewJoin.skewedPartitionThresholdInBytes": "64k",
            "spark.sql.adaptive.advisoryPartitionSizeInBytes": "64k",
        }
        kept = {key: spark.conf.get(key, None) for key in settings}
        for key, value in settings.items():
            spark.conf.set(key, value)
        try:
            # Nine of ten lines belong to one supplier.
            spark.sql(
                "select if(l_orderkey % 10 < 9, 1, l_suppkey) as k, l_quantity from lineitem"
            ).repartition(8).createOrReplaceTempView("skewed")
            joined = spark.sql("select s_name, l_quantity from skewed join supplier on k = s_suppkey")
            found = joined.groupBy("s_name").agg(F.count("*"), F.sum("l_quantity")).orderBy("s_name")
            answer = rows(found.collect())
            report("skewed-join-is-cut", {"found": "skew=true" in _plan(found), "seconds": 0})
            return answer
        finally:
            for key, before in kept.items():
                if before is None:
                    spark.conf.unset(key)
                else:
                    spark.conf.set(key, before)

    attempt("skewed-join", skewed)
    attempt(
        "windows",
        lambda: rows(
            spark.sql(
                """
                select
                  o_orderstatus, sum(running), sum(place), sum(before), sum(share) from (
                  select
                    o_orderstatus,
                    sum(o_totalprice) over (partition by o_custkey order by o_orderdate, o_orderkey) running,
                    rank() over (partition by o_orderdate order by o_totalprice desc, o_orderkey) place,
                    lag(o_totalprice, 1, 0) over (partition by o_clerk order by o_orderkey) before,
                    count(*) over (
                      partition by o_clerk order by o_orderkey rows between 2 preceding and 2 following
                    ) share
                  from orders
                )
                group by o_orderstatus order by o_orderstatus
                """
            ).collect()
        ),
    )


def functions(spark: SparkSession) -> None:
    orders = spark.table("orders").select(
        "o_orderkey", "o_custkey", "o_orderpriority", F.expr("double(o_totalprice)").alias("price")
    )

    @F.udf("string")
    def plain(priority: str) -> str:
        return priority.split("-")[1][::-1].title()

    @F.udf("string", useArrow=True)
    def by_arrow(priority: str) -> str:
        return priority.split("-")[1][::-1].title()

    @F.pandas_udf("double")
    def scalar(price: pd.Series) -> pd.Series:
        return price * 2 + 1

    @F.pandas_udf("double")
    def batches(series: Iterator[pd.Series]) -> Iterator[pd.Series]:
        for each in series:
            yield each / 2

    @F.pandas_udf("double")
    def highest(price: pd.Series) -> float:
        return float(price.max())

    @F.arrow_udf("bigint")
    def remainder(key: pa.Array) -> pa.Array:
        return pc.subtract(key, pc.multiply(pc.divide(key, 7), 7))

    @F.udtf(returnType="word string, length int")
    class Words:
        def eval(self, text: str) -> Iterator[tuple[str, int]]:
            for word in text.split():
                yield word, len(word)

    def in_batches(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            yield frame[frame.price > 400_000][["o_orderkey"]].rename(columns={"o_orderkey": "k"})

    def in_arrow(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield batch.filter(pc.less(batch["price"], 1_000.0)).select(["o_orderkey"])

    def group(frame: pd.DataFrame) -> pd.DataFrame:
        price = frame.price
        return pd.DataFrame(
            {
                "name": [frame.o_orderpriority.iloc[0]],
                "n": [len(frame)],
                "spread": [price.max() - price.min()],
            }
        )

    def arrow_group(table: pa.Table) -> pa.Table:
        key = table["o_orderpriority"][0]
        return pa.table({"name": [key.as_py()], "n": [table.num_rows]})

    def two(left: pd.DataFrame, right: pd.DataFrame) -> pd.DataFrame:
        key = left.c_custkey.iloc[0] if len(left) else right.o_custkey.iloc[0]
        return pd.DataFrame({"customers": [len(left)], "orders": [len(right)], "key": [key]})

    def counted(name: str, column: Any) -> None:
        frame = orders.groupBy(column.alias("v")).count().orderBy("v")
        attempt(name, lambda: rows(frame.collect()))

    counted("udf", plain("o_orderpriority"))
    counted("arrow-optimised-udf", by_arrow("o_orderpriority"))
    counted("arrow-udf", remainder("o_orderkey"))
    attempt(
        "pandas-udf",
        lambda: rows(
            orders.groupBy("o_orderpriority")
            .agg(F.sum(scalar("price")), F.sum(batches("price")))
            .orderBy("o_orderpriority")
            .collect()
        ),
    )
    highest_of = orders.groupBy("o_orderpriority").agg(highest("price")).orderBy("o_orderpriority")
    attempt("grouped-pandas-udf", lambda: rows(highest_of.collect()))
    keys = (
        ("map-in-pandas", orders.mapInPandas(in_batches, "k bigint")),
        ("map-in-arrow", orders.mapInArrow(in_arrow, "k bigint")),
    )
    for name, frame in keys:
        attempt(name, lambda found: rows(found.collect()), frame.selectExpr("count(*)", "sum(k)"))
    groups = orders.groupBy("o_orderpriority")
    attempt(
        "apply-in-pandas",
        lambda: rows(
            groups.applyInPandas(group, "name string, n bigint, spread double").orderBy("name").collect()
        ),
    )
    attempt(
        "apply-in-arrow",
        lambda: rows(groups.applyInArrow(arrow_group, "name string, n bigint").orderBy("name").collect()),
    )
    customers = spark.table("customer").where("c_custkey < 200").select("c_custkey").groupBy("c_custkey")
    few = orders.where("o_custkey < 200").groupBy("o_custkey")
    attempt(
        "cogroup",
        lambda: rows(
            customers.cogroup(few)
            .applyInPandas(two, "customers bigint, orders bigint, key bigint")
            .selectExpr("sum(customers)", "sum(orders)", "sum(key)")
            .collect()
        ),
    )

    def words() -> object:
        spark.udtf.register("words", Words)
        return rows(
            spark.sql(
                "select length, count(*) from nation, lateral words(n_comment)"
                " group by length order by length"
            ).collect()
        )

    attempt("udtf", words)


def shared(spark: SparkSession) -> None:
    sc = spark.sparkContext

    def variables() -> object:
        names = sc.broadcast({row.n_nationkey: row.n_name for row in spark.table("nation").collect()})
        negative = sc.accumulator(0)

        def named(row: Any) -> tuple[str, int]:
            if row.c_acctbal < 0:
                negative.add(1)
            return names.value[row.c_nationkey], 1

        customers = spark.table("customer").select("c_nationkey", "c_acctbal").rdd
        found = customers.map(named).reduceByKey(lambda a, b: a + b, 4).collect()
        report("accumulated", {"found": negative.value, "seconds": 0})
        return [list(each) for each in sorted(found)]

    attempt("shared-variables", variables)

    def checkpoints() -> object:
        sc.setCheckpointDir("s3a://flights/checkpoints")
        numbers = sc.parallelize(range(10_000), 4).map(lambda n: n * 2)
        numbers.checkpoint()
        first = numbers.sum()
        frame = spark.range(10_000).withColumn("half", F.col("id") / 2).checkpoint()
        again = frame.agg(F.sum("half"), F.count("*")).collect()
        return {
            "file": numbers.getCheckpointFile(),
            "plan": _plan(frame),
            "sums": [first, numbers.sum(), *[float(value) for value in again[0]]],
        }

    attempt("checkpoints", checkpoints)


def run(spark: SparkSession) -> None:
    for part in (joins, functions, shared):
        part(spark)
