"""TPC-H's tables in the store, as views."""

from __future__ import annotations

from pyspark.sql import SparkSession

TABLES = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")


def define(spark: SparkSession) -> None:
    for table in TABLES:
        spark.read.parquet(f"s3a://flights/tpch/{table}.parquet").createOrReplaceTempView(table)
