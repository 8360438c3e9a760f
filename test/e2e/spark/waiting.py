"""A job that has executors and a finished query, and waits until a file is there.

usage: waiting.py NAME FILE
"""

import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession

name, file = sys.argv[1:3]
builder = SparkSession.builder.appName(name).config("spark.cores.max", "1")
spark = builder.config("spark.executor.cores", "1").config("spark.executor.memory", "512m").getOrCreate()
print("counted", spark.range(1000).repartition(2).cache().count(), flush=True)
while not Path(file).exists():
    time.sleep(0.5)
