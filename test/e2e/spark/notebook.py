"""Opens a PySpark notebook as a browser does: JupyterLab's page, a kernel, cells over its web socket.

usage: notebook.py ADDRESS TOKEN-FILE    prints what was found as JSON.
"""

import json

from jupyter import Kernel, ask  # type: ignore[import-not-found]  # beside it

CELL = "(spark.range(1000).selectExpr('sum(id)').first()[0], sc.master, spark.conf.get('spark.app.name'))"
HIVE = """
from pyspark.sql import SparkSession
spark.stop()
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
spark.sql("CREATE TABLE kept (a INT) STORED AS ORC LOCATION 's3a://flights/notebook/kept'")
[row.tableName for row in spark.sql("SHOW TABLES").collect()]
"""

kernel = Kernel()
print(
    json.dumps(
        {
            "page": ask("/lab")[0],
            "without token": ask("/api/kernels", token="")[0],
            "with another": ask("/api/kernels", token="x" * 32)[0],
            "kernels": sorted(json.loads(ask("/api/kernelspecs")[1])["kernelspecs"]),
            "cell": kernel.run(CELL),
            "hive": kernel.run(HIVE),
        }
    )
)
