"""A session on both workers, and answers as lines `NAME {JSON}` that the test reads."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from pyspark.sql import SparkSession

#: Executors on both workers, whatever else the machine has to do; the data are small, and more parts would be
#: tasks that do nothing.
SETTINGS = {
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.scheduler.maxRegisteredResourcesWaitingTime": "180s",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.shuffle.partitions": "4",
}


def session(name: str) -> SparkSession:
    builder = SparkSession.builder.appName(name)
    for key, value in SETTINGS.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def report(name: str, answer: object) -> None:
    print(name, json.dumps(answer), flush=True)


def attempt(name: str, what: Callable[..., object], *words: object) -> None:
    """Reports what came out, or how it failed: the checks after it run all the same."""
    began = time.monotonic()
    try:
        found = {"found": what(*words)}
    except Exception as error:
        found = {"error": f"{type(error).__name__}: {error}"[:4000]}
    report(name, {**found, "seconds": round(time.monotonic() - began, 1)})
