"""A driver that ends in the way it is told: ends.py WAY."""

import json
import os
import signal
import sys
import time
from pathlib import Path

from pyspark.sql import SparkSession

WAY = sys.argv[1]


def session() -> SparkSession:
    return SparkSession.builder.getOrCreate()


def jvm() -> int:
    return os.getppid()


def runner() -> int:
    """The JVM's parent: the supervisor in the driver's unit."""
    return int(Path(f"/proc/{jvm()}/stat").read_text().rpartition(")")[2].split()[1])


def kill(process: int, number: signal.Signals) -> None:
    os.kill(process, number)
    time.sleep(60)


if WAY == "arguments":
    print(json.dumps(sys.argv[2:]), flush=True)
elif WAY == "seven":
    sys.exit(7)
elif WAY == "words":
    sys.exit("went wrong")
elif WAY == "below zero":
    sys.exit(-1)
elif WAY == "os._exit":
    os._exit(9)
elif WAY == "segv":
    kill(os.getpid(), signal.SIGSEGV)
elif WAY == "term":
    kill(os.getpid(), signal.SIGTERM)
elif WAY == "kill":
    kill(os.getpid(), signal.SIGKILL)
elif WAY == "kill jvm":
    kill(jvm(), signal.SIGKILL)
elif WAY == "term jvm":
    kill(jvm(), signal.SIGTERM)
elif WAY == "kill supervisor":
    kill(runner(), signal.SIGKILL)
elif WAY == "after stop":
    session().stop()
    raise RuntimeError("after stop")
elif WAY == "waits":
    print("sum", session().range(1000).selectExpr("sum(id)").first()[0], flush=True)
    time.sleep(600)
elif WAY == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("waits", flush=True)
    time.sleep(600)
elif WAY == "detached":
    print("sum", session().range(1000).selectExpr("sum(id)").first()[0], flush=True)
    sys.exit(3)
