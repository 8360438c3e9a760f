"""Joins and cleans the flights of 2013, writes them by month, and reports the delays.

The package is installed on every node, so its name is enough:

    kiln run local -- -m flights.etl --input s3a://flights/input --output s3a://flights/output

Output: flights/month=*/ (Parquet), delays/ (Parquet), report.json, evidence.json.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from flights import delays, evidence, report, tables

# What is written, in this order; `month` becomes the folder.
COLUMNS = (
    "year", "day", "carrier", "airline", "flight", "tailnum", "origin", "dest", "destination", "scheduled",
    "local_hour", "dep_delay", "arr_delay", "made_up", "status", "late_before", "air_time", "distance",
    "plane_year", "seats", "weather", "month",
)  # fmt: skip


def read(spark: SparkSession, folder: str, table: str) -> DataFrame:
    """A table of the input folder; a malformed row fails the job."""
    options = {"header": "true", "nullValue": "NA", "mode": "FAILFAST", "enforceSchema": "false"}
    return spark.read.schema(tables.SCHEMAS[table]).options(**options).csv(f"{folder}/{table}.csv")


def rough_weather() -> Column:
    """`rough`: rain, poor sight (miles) or strong wind (miles an hour); `unknown`: no record of that hour."""
    rough = (f.col("precip") > 0) | (f.col("visib") < 3) | (f.col("wind_speed") >= 20)
    known = f.col("precip").isNotNull()
    return f.when(~known, "unknown").when(f.coalesce(rough, f.lit(False)), "rough").otherwise("fair")


def add_delays(flights: DataFrame) -> DataFrame:
    """What the package's own pandas code says about each airport's day."""
    columns = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in flights.schema)
    by_day = flights.groupBy("origin", "year", "month", "day")
    return by_day.applyInPandas(delays.airport_day, schema=f"{columns}, {delays.ADDED}")


def clean(spark: SparkSession, folder: str) -> DataFrame:
    """One row a flight: the flight, its airline, destination, plane and weather; none lost, none doubled."""
    airlines = read(spark, folder, "airlines").select("carrier", f.col("name").alias("airline"))
    airports = read(spark, folder, "airports").select(
        f.col("faa").alias("dest"), f.col("name").alias("destination")
    )
    planes = read(spark, folder, "planes").select("tailnum", f.col("year").alias("plane_year"), "seats")
    weather = (
        read(spark, folder, "weather")
        .dropDuplicates(["origin", "time_hour"])
        .select("origin", "time_hour", "precip", "visib", "wind_speed")
    )
    return (
        add_delays(read(spark, folder, "flights"))
        .join(airlines, "carrier", "left")
        .join(airports, "dest", "left")
        .join(planes, "tailnum", "left")
        .join(weather, ["origin", "time_hour"], "left")
        .withColumn("weather", rough_weather())
        .select(*COLUMNS)
    )


def summarise(flights: DataFrame) -> DataFrame:
    """The report's rows (report.Row): by airline, airport and weather."""
    keys = {"airline": "airline", "airport": "origin", "weather": "weather"}
    each = f.array(*(f.struct(f.lit(k).alias("dimension"), f.col(c).alias("name")) for k, c in keys.items()))
    departed = f.col("status") != "cancelled"

    def count(condition: Column) -> Column:
        return f.count(f.when(condition, 1))

    def total(column: str | Column) -> Column:
        return f.coalesce(f.sum(column), f.lit(0))

    return (
        flights.withColumn("key", f.explode(each))
        .groupBy("key.dimension", "key.name")
        .agg(
            f.count("*").alias("flights"),
            count(~departed).alias("cancelled"),
            count(f.col("status") == "diverted").alias("diverted"),
            count(departed).alias("departed"),
            count(f.col("arr_delay").isNotNull()).alias("arrived"),
            count(f.col("arr_delay") >= delays.LATE).alias("late"),
            count(f.col("arr_delay") >= delays.VERY_LATE).alias("very_late"),
            total(f.when(departed, f.col("dep_delay"))).alias("dep_delay"),
            total("arr_delay").alias("arr_delay"),
            total("made_up").alias("made_up"),
            total("late_before").alias("queue"),
            total(f.when(departed, f.col("seats"))).alias("seats"),
        )
    )


def write_text(spark: SparkSession, path: str, text: str) -> None:
    """One file through Hadoop's file systems, which know the store and its keys."""
    context = spark.sparkContext
    jvm, configuration = context._jvm, context._jsc.hadoopConfiguration()
    target = jvm.org.apache.hadoop.fs.Path(path)
    stream = target.getFileSystem(configuration).create(target, True)
    try:
        stream.write(bytearray(text.encode()))
    finally:
        stream.close()


def run(spark: SparkSession, source: str, target: str) -> list[report.Row]:
    """The whole job; returns the report. What is at `target` already is replaced."""
    cleaned = clean(spark, source)
    by_month = cleaned.repartition("month").sortWithinPartitions("scheduled", "origin", "carrier", "flight")
    by_month.write.mode("overwrite").partitionBy("month").parquet(f"{target}/flights")
    summary = summarise(spark.read.parquet(f"{target}/flights")).coalesce(1)
    summary.write.mode("overwrite").parquet(f"{target}/delays")
    rows = [report.Row(**row.asDict()) for row in spark.read.parquet(f"{target}/delays").collect()]
    write_text(spark, f"{target}/report.json", json.dumps(report.as_json(rows), indent=1) + "\n")
    write_text(spark, f"{target}/evidence.json", json.dumps(evidence.collect(spark), indent=1) + "\n")
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="flights.etl", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--input", required=True, help="folder of the five CSV files")
    parser.add_argument("--output", required=True, help="folder for the results; replaced")
    options = parser.parse_args(arguments)
    # The data's times are UTC; what the machine's zone is must not matter.
    spark = SparkSession.builder.appName("flights").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    try:
        rows = run(spark, options.input.rstrip("/"), options.output.rstrip("/"))
        print(report.as_text(rows))
    finally:
        spark.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
