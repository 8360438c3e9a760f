"""What a job has on its driver and on an executor: job.py NAME. Prints one line of JSON.

It is submitted from a folder that is root's alone, with a properties file, a module, a file and a package.
"""

import datetime
import getpass
import json
import multiprocessing
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import helper  # type: ignore[import-not-found]  # beside this file, by --py-files
import psutil  # type: ignore[import-untyped]  # the image's, with ipykernel
from pyspark import SparkFiles
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

name = sys.argv[1]
MOMENT = 1_700_000_000


def written(folder: str) -> str:
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        file.write(b"x")
    return "written"


LOOKS: dict[str, Callable[[], object]] = {
    "working directory": lambda: written("."),
    "/tmp": lambda: written("/tmp"),  # noqa: S108
    "/var/tmp": lambda: written("/var/tmp"),  # noqa: S108
    "/dev/shm": lambda: written("/dev/shm"),  # noqa: S108
    "home": lambda: written(str(Path.home())),
    "user": getpass.getuser,
    "memory": lambda: psutil.virtual_memory().total > psutil.virtual_memory().available > 0,
    "swap": lambda: psutil.swap_memory().total >= 0,
    "processors": lambda: psutil.cpu_percent(interval=0.1) >= 0 and psutil.cpu_times().user > 0,
    "processor": lambda: Path("/proc/cpuinfo").read_text().startswith("processor"),
    "load": lambda: len(os.getloadavg()),
    "boot": lambda: psutil.boot_time() > MOMENT,
    "disks": lambda: len(psutil.disk_partitions(all=True)) > 1,
    "cards": lambda: sorted(psutil.net_if_addrs()) == sorted(card for _, card in socket.if_nameindex()),
    "affinity": lambda: os.sched_setaffinity(0, os.sched_getaffinity(0)),
    "semaphore": lambda: multiprocessing.Semaphore().acquire(),
    "children": lambda: len(psutil.Process().children()) >= 0,
    # still hidden: whatever is another user's, and the kernel's own memory
    "users": lambda: sorted({process.username() for process in psutil.process_iter()}),
    "init": lambda: Path("/proc/1").exists(),
    "kernel": lambda: os.access("/proc/kallsyms", os.R_OK) or os.access("/proc/kcore", os.R_OK),
    "settings": lambda: os.access("/proc/sys/kernel/hostname", os.W_OK),
    "zone": lambda: datetime.datetime.fromtimestamp(MOMENT).isoformat(),
    "module": lambda: helper.ANSWER,
}


def look(_: object = None) -> dict[str, object]:
    found: dict[str, object] = {}
    for what, one in LOOKS.items():
        try:
            found[what] = one()
        except Exception as error:
            found[what] = repr(error)
    return found


def on_executor(_: Iterator[object]) -> Iterator[dict[str, object]]:
    yield look()


spark = SparkSession.builder.enableHiveSupport().getOrCreate()
load = spark._jvm.java.lang.Thread.currentThread().getContextClassLoader()
spark.sql(f"CREATE TABLE hive_{name} (a INT) STORED AS ORC LOCATION 's3a://flights/driver/{name}'")
spark.range(1, 4).selectExpr("CAST(id AS INT) AS a").write.insertInto(f"hive_{name}")
spark.sql("CREATE TEMPORARY FUNCTION upper_too AS 'org.apache.hadoop.hive.ql.udf.generic.GenericUDFUpper'")
moment = spark.range(1).select(F.timestamp_seconds(F.lit(MOMENT)).cast("string")).first()
(on_one,) = spark.sparkContext.parallelize([0], 1).mapPartitions(on_executor).collect()
print(
    "has "
    + json.dumps(
        {
            "driver": look(),
            "executor": on_one,
            "cwd": str(Path.cwd()),
            "file": Path(SparkFiles.get("data.txt")).read_text(),
            "setting": spark.conf.get("spark.my.setting"),
            "package": [load.getResource(f"{one}.txt") is not None for one in ("one", "two")],
            "sql": moment[0] if moment else None,
            "rows": sorted(row.a for row in spark.table(f"hive_{name}").collect()),
            "tables": [row.tableName for row in spark.sql("SHOW TABLES").collect()],
            "function": spark.sql("SELECT upper_too('abc')").collect()[0][0],
            "executor memory": spark.conf.get("spark.executor.memory"),
        }
    ),
    flush=True,
)
# both are there at once
time.sleep(3)
