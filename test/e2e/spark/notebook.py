"""Opens a PySpark notebook as a browser does: JupyterLab's page, a kernel, one cell over its web socket.

usage: notebook.py ADDRESS TOKEN-FILE    prints what was found as JSON.
"""

import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

import websocket  # type: ignore[import-not-found]  # the image's, with JupyterLab

BASE = f"http://{sys.argv[1]}:8888"
TOKEN = Path(sys.argv[2]).read_text().strip()
CELL = "(spark.range(1000).selectExpr('sum(id)').first()[0], sc.master, spark.conf.get('spark.app.name'))"
HIVE = """
from pyspark.sql import SparkSession
spark.stop()
spark = SparkSession.builder.enableHiveSupport().getOrCreate()
spark.sql("CREATE TABLE kept (a INT) STORED AS ORC LOCATION 's3a://flights/notebook/kept'")
[row.tableName for row in spark.sql("SHOW TABLES").collect()]
"""


def ask(path: str, token: str = TOKEN, body: object = None) -> tuple[int, bytes]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}{path}", data=data)  # noqa: S310
    if token:
        request.add_header("Authorization", f"token {token}")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def run(kernel: str, code: str) -> str:
    """The text of a cell's result, or its error."""
    header = {
        "msg_id": uuid.uuid4().hex,
        "msg_type": "execute_request",
        "username": "",
        "session": uuid.uuid4().hex,
        "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "version": "5.4",
    }
    content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
    socket = websocket.create_connection(
        f"{BASE.replace('http', 'ws', 1)}/api/kernels/{kernel}/channels",
        header=[f"Authorization: token {TOKEN}"],
        timeout=280,
    )
    socket.send(json.dumps(message))
    try:
        while True:
            found = json.loads(socket.recv())
            if found["parent_header"].get("msg_id") != header["msg_id"]:
                continue
            if found["msg_type"] == "execute_result":
                return str(found["content"]["data"]["text/plain"])
            if found["msg_type"] == "error":
                return f"{found['content']['ename']}: {found['content']['evalue']}"
    finally:
        socket.close()


_, answer = ask("/api/kernels", body={"name": "pyspark"})
kernel = json.loads(answer)["id"]
print(
    json.dumps(
        {
            "page": ask("/lab")[0],
            "without token": ask("/api/kernels", token="")[0],
            "with another": ask("/api/kernels", token="x" * 32)[0],
            "kernels": sorted(json.loads(ask("/api/kernelspecs")[1])["kernelspecs"]),
            "cell": run(kernel, CELL),
            "hive": run(kernel, HIVE),
        }
    )
)
