"""A job that says on which worker each of its blocks was made, and says it again after a worker has gone.

usage: leaving.py NAME CORES GATE    it waits for CORES at its start, and goes on when the file GATE is there;
what it finds are lines `WORD {JSON}`.
"""

import json
import os
import socket
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from pyspark import StorageLevel
from pyspark.sql import SparkSession

PARTS = 9
#: Of a key: the sum, and which workers had a part of it.
Share = tuple[int, set[str]]
NAME, CORES, GATE = sys.argv[1], sys.argv[2], Path(sys.argv[3])


def tell(word: str, found: object) -> None:
    print(word, json.dumps(found, sort_keys=True), flush=True)


def made_here(part: int, numbers: Iterable[int]) -> list[tuple[str, int, int]]:
    """The name of the worker stands in the data: only a block that moved still has it elsewhere."""
    time.sleep(0.5)
    return [(socket.gethostname(), part, sum(numbers))]


def keyed(part: int, numbers: Iterable[int]) -> list[tuple[int, Share]]:
    time.sleep(0.5)
    return [(n % 3, (n, {socket.gethostname()})) for n in numbers]


def merged(left: Share, right: Share) -> Share:
    return left[0] + right[0], left[1] | right[1]


def tried(what: Callable[..., object], *words: object) -> str:
    try:
        what(*words)
    except OSError as error:
        return type(error).__name__
    return "DONE"


def forbidden(_: object) -> list[dict[str, str]]:
    """What a task must not be able to do: the errors that it meets."""
    get = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    return [
        {
            "reads node.json": tried(Path("/etc/kiln/node.json").read_bytes),
            "reads a credential": tried(os.listdir, "/run/host/credentials"),
            "reads a host key": tried(os.listdir, "/etc/ssh"),
            "reads user data": tried(os.listdir, "/var/lib/cloud"),
            "reads root's environment": tried(Path("/proc/1/environ").read_bytes),
            "writes Spark": tried(Path("/opt/spark/jars/x.jar").write_bytes, b"x"),
            "writes Python": tried(Path("/opt/conda-env/x").write_bytes, b"x"),
            "writes its settings": tried(Path("/run/kiln/spark/spark-defaults.conf").write_bytes, b"x"),
            "writes the root": tried(Path("/var/lib/x").write_bytes, b"x"),
            "asks for metadata": tried(get.open, "http://169.254.169.254/latest/meta-data/", None, 3),
            "writes scratch": tried(Path("/scratch/tmp/kiln-e2e").write_bytes, b"x"),
        }
    ]


spark = (
    SparkSession.builder.appName(NAME)
    .config("spark.cores.max", CORES)
    .config("spark.scheduler.minRegisteredResourcesRatio", "1.0")
    .config("spark.scheduler.maxRegisteredResourcesWaitingTime", "120s")
    .getOrCreate()
)
sc = spark.sparkContext
cached = sc.parallelize(range(90), PARTS).mapPartitionsWithIndex(made_here).persist(StorageLevel.DISK_ONLY)
shuffled = sc.parallelize(range(90), PARTS).mapPartitionsWithIndex(keyed).reduceByKey(merged, 3)


def look(word: str) -> None:
    blocks = cached.collect()
    sums = shuffled.collect()
    tell(
        word,
        {
            "cached": Counter(host for host, _, _ in blocks),
            "shuffled": sorted(set().union(*(hosts for _, (_, hosts) in sums))),
            "sum": [sum(total for _, _, total in blocks), sum(total for _, (total, _) in sums)],
        },
    )


look("before")
tell("forbidden", sc.parallelize([0], 1).mapPartitions(forbidden).collect()[0])
tell("waits", {})
while not GATE.exists():
    time.sleep(0.2)
look("after")


def name(_: object) -> str:
    time.sleep(0.2)
    return socket.gethostname()


ran = sc.parallelize(range(8), 8).map(name).collect()
tell("ran", sorted(set(ran)))
