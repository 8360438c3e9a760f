"""A small job of the usual kind: rows in, a shuffle, Parquet out and in again, a Python function."""

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

with SparkSession.builder.getOrCreate() as spark:
    rows = spark.range(100_000).withColumn("group", F.col("id") % 7)
    rows.groupBy("group").agg(F.sum("id").alias("sum")).write.mode("overwrite").parquet("file:///tmp/sums")
    sums = spark.read.parquet("file:///tmp/sums").rdd.map(lambda row: row["sum"]).sum()
print("sum", sums)
