"""One small job with each of the named libraries, inside an image; the answers as JSON.

exercise.py FOLDER NAME..., with FOLDER empty and writable. Spark has their jars beside its own.
"""

import json
import sys
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as f

folder, names = Path(sys.argv[1]), sys.argv[2:]
settings = {
    "delta": {
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
    },
}


def session() -> SparkSession:
    builder = (
        SparkSession.builder.master("local[2]")
        .config("spark.sql.warehouse.dir", str(folder / "warehouse"))
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.ui.enabled", "false")
    )
    wanted: dict[str, list[str]] = {}
    for name in names:
        for key, value in settings.get(name, {}).items():
            wanted.setdefault(key, []).append(value)
    for key, values in wanted.items():
        builder = builder.config(key, ",".join(values))
    return builder.getOrCreate()


def count_and_sum(frame: DataFrame) -> list[int]:
    row = frame.agg(f.count("id"), f.sum("id")).first()
    return [row[0], row[1]]


def delta() -> object:
    """A merge that changes one row and adds one, and the table as it was before."""
    path = str(folder / "delta")
    spark.range(1000).write.format("delta").save(path)
    spark.createDataFrame([(7, 7000), (5000, 5000)], "id long, other long").createOrReplaceTempView("news")
    spark.sql(
        f"MERGE INTO delta.`{path}` AS t USING news ON t.id = news.id "  # noqa: S608 (a path of the test)
        "WHEN MATCHED THEN UPDATE SET id = other WHEN NOT MATCHED THEN INSERT (id) VALUES (other)"
    )
    before = spark.read.format("delta").option("versionAsOf", 0).load(path)
    return [count_and_sum(spark.read.format("delta").load(path)), count_and_sum(before)]


def avro() -> object:
    """Files there and back, and a record within a column."""
    path = str(folder / "avro")
    spark.range(1000).write.format("avro").save(path)
    schema = '{"type": "record", "name": "r", "fields": [{"name": "id", "type": "long"}]}'
    from pyspark.sql.avro.functions import from_avro, to_avro

    column = spark.range(3).select(to_avro(f.struct("id"), schema).alias("bytes"))
    back = column.select(from_avro("bytes", schema).alias("row")).select("row.id")
    return [count_and_sum(spark.read.format("avro").load(path)), count_and_sum(back)]


jobs = {"delta": delta, "avro": avro}
spark = session()
answers = {name: jobs[name]() for name in names}
spark.stop()
(folder / "answers.json").write_text(json.dumps({"answers": answers}))
