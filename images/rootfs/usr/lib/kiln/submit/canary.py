"""The canary's job: canary.py WORKERS. Says in one line at which addresses its executors were."""

import json
import sys
from collections.abc import Iterator

from pyspark import BarrierTaskContext, SparkContext

workers = int(sys.argv[1])


def where(_: object) -> Iterator[str]:
    context = BarrierTaskContext.get()
    yield context.getTaskInfos()[context.partitionId()].address.rpartition(":")[0]


with SparkContext() as spark:
    found = spark.parallelize(range(workers), workers).barrier().mapPartitions(where).collect()
print("kiln-canary: " + json.dumps(sorted(set(found))), flush=True)
