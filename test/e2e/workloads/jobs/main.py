"""One application that runs parts of these workloads one after another: a JVM's start is what they cost most.

usage: main.py PART...    of: tpch compute writers tables
"""

import importlib
import sys
from pathlib import Path

from report import session
from views import define

PARTS = sys.argv[1:]
spark = session("-".join(PARTS))
# A function of a part is looked for by the part's name, at executors too.
for module in ("plain", "report", *PARTS):
    spark.sparkContext.addPyFile(str(Path(__file__).with_name(f"{module}.py")))
define(spark)
for part in PARTS:
    importlib.import_module(part).run(spark)
spark.stop()
