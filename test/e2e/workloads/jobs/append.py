"""Appends to one path five times, while another application does the same.

usage: append.py START    of 5,000 numbers
"""

import sys

from report import session

START = int(sys.argv[1])
spark = session(f"append-{START}")
for at in range(START, START + 5_000, 1_000):
    numbers = spark.range(at, at + 1_000).repartition(4)
    numbers.write.mode("append").parquet("s3a://flights/appended-by-two")
spark.stop()
