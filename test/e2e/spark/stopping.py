"""Stops cells of a PySpark notebook and its kernel in every way a person can.

usage: stopping.py ADDRESS TOKEN-FILE    prints what was found as JSON.
"""

import json
import os
import signal
import time

from jupyter import Kernel  # type: ignore[import-not-found]  # beside it

#: Cells whose Spark jobs, left alone, run for ten minutes.
SLOW = {
    "an action": "import time\nspark.range(0, 2, 1, 2).rdd.map(lambda n: time.sleep(600)).count()",
    "toPandas with Arrow": "spark.conf.set('spark.sql.execution.arrow.pyspark.enabled', 'true')\n"
    "spark.range(0, 2, 1, 2).mapInPandas(lambda parts: (time.sleep(600) or p for p in parts), 'id long')"
    ".toPandas()",
    "a streaming query": "query = spark.readStream.format('rate').load().writeStream.format('noop')"
    ".option('checkpointLocation', '/scratch/tmp/stopping').start()\nquery.awaitTermination()",
    "jobs of threads": "from concurrent.futures import ThreadPoolExecutor\n"
    "job = lambda n: spark.range(0, 1, 1, 1).rdd.map(lambda n: time.sleep(600)).count()\n"
    "with ThreadPoolExecutor(2) as pool:\n    list(pool.map(job, range(2)))",
}
BUSY = "len(sc.statusTracker().getActiveJobsIds()), len(spark.streams.active)"
COUNT = "os.getpid(), spark.range(1000).count()"
#: Seconds after which a cell of SLOW surely stands in its job; a test of less would stop what has not begun.
STANDS = 6

kernel = Kernel()
# While startup.py makes the session.
for _ in range(3):
    kernel.interrupt()
    time.sleep(0.5)
before = kernel.run(f"import os\n{COUNT}")
kernel.interrupt()
time.sleep(1)
found: dict[str, object] = {"idle": [kernel.run(COUNT) == before, before.partition(", ")[2]]}
for name, code in SLOW.items():
    cell = kernel.send(code)
    time.sleep(STANDS)
    kernel.interrupt()
    stopped = kernel.wait(cell)
    found[name] = ["Stopped: the Spark jobs of this cell were cancelled." in stopped, kernel.run(BUSY)]
found["alive"] = kernel.run(COUNT) == before
found["executors"] = kernel.run("sc._jsc.sc().getExecutorIds().size()")
# Idle for 5 s, then they are drained: the loop ends as soon as the last one is gone.
for _ in range(60):
    found["executors of an idle notebook"] = kernel.run("sc._jsc.sc().getExecutorIds().size()")
    if found["executors of an idle notebook"] == "0":
        break
    time.sleep(2)
# The JVM is killed, as for want of memory.
kernel.run("os.kill(sc._gateway.proc.pid, 9)\nimport time; time.sleep(1)")
found["without its JVM"] = "This notebook has no Spark session any more" in kernel.run(
    "spark.range(1).count()"
)
kernel.end()

killed = Kernel()
process = int(killed.run("import os\nspark.range(1).count()\nos.getpid()"))
os.kill(process, signal.SIGKILL)
print(json.dumps(found))
