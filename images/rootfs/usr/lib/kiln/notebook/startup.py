"""What a PySpark kernel has before its first cell: `spark`, and `sc` for its context."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("notebook").getOrCreate()
sc = spark.sparkContext
