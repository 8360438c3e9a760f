"""What a Spark line writes to a store and reads back: checks.job FOLDER; a line `NAME {JSON}` for each check.

It runs on every Spark from 2.2 and every Python from 2.7.
"""

from __future__ import print_function

import json
import platform
import sys

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

ROWS = 200000
PARTS = 20

spark = SparkSession.builder.appName("checks").getOrCreate()
context = spark.sparkContext
jvm = context._jvm
folder = sys.argv[1].rstrip("/")
rows = (
    spark.range(0, ROWS, 1, PARTS)
    .withColumn("k", F.col("id") % 7)
    .withColumn("s", F.concat(F.lit("row-"), F.col("id").cast("string")))
)


def path(name):
    return folder + "/" + name


def files(name):
    place = jvm.org.apache.hadoop.fs.Path(path(name))
    return place.getFileSystem(context._jsc.hadoopConfiguration()), place


def committer(name):
    """Whose commit the folder's _SUCCESS tells of; "" where it is empty: files were renamed."""
    store, place = files(name + "/_SUCCESS")
    size = store.getFileStatus(place).getLen()
    if size == 0:
        return ""
    # no file of Spark's readers: its name begins with _
    stream = store.open(place)
    text = jvm.org.apache.commons.io.IOUtils.toString(stream, "UTF-8")
    stream.close()
    return json.loads(text)["committer"]


def counted(kind, name, **options):
    """Rows and sum of what is there, and who committed it."""
    reader = spark.read.format(kind).options(**options)
    found = reader.load(path(name)).agg(F.count("*"), F.sum(F.col("id").cast("bigint"))).collect()[0]
    return [found[0], found[1], committer(name)]


def written(kind, name, mode="overwrite", partition=None, **options):
    writer = rows.write.mode(mode).format(kind).options(**options)
    if partition is not None:
        writer = writer.partitionBy(partition)
    writer.save(path(name))
    return counted(kind, name, **options)


def overwritten():
    written("parquet", "parquet")
    return written("parquet", "parquet")


def renamed():
    store, source = files("csv")
    _, target = files("csv-renamed")
    done = store.rename(source, target)
    return [done] + counted("csv", "csv-renamed", header="true")[:2]


def text():
    context.parallelize(range(1000), 4).map("line {}".format).saveAsTextFile(path("text"))
    return [context.textFile(path("text")).count(), committer("text")]


def udf():
    length = F.udf(len, "int")
    return rows.select(length("s").alias("n")).agg(F.sum("n")).collect()[0][0]


def shuffled():
    return [[row[0], row[1]] for row in rows.groupBy("k").count().orderBy("k").collect()]


CHECKS = [
    ("parquet", overwritten),
    ("append", lambda: written("parquet", "parquet", mode="append")),
    ("partitions", lambda: written("parquet", "partitions", partition="k")),
    ("csv", lambda: written("csv", "csv", header="true")),
    ("json", lambda: written("json", "json")),
    ("orc", lambda: written("orc", "orc")),
    ("rename", renamed),
    ("text", text),
    ("udf", udf),
    ("shuffle", shuffled),
]


def main():
    versions = {
        "spark": spark.version,
        "python": platform.python_version(),
        "java": jvm.java.lang.System.getProperty("java.version"),
        "hadoop": jvm.org.apache.hadoop.util.VersionInfo.getVersion(),
    }
    print("versions " + json.dumps({"found": versions}))
    for name, check in CHECKS:
        try:
            answer = {"found": check()}
        except Exception as error:
            answer = {"error": str(error)[:4000]}
        print(name + " " + json.dumps(answer))
        sys.stdout.flush()
    spark.stop()


main()
