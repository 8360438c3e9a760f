"""A client of JupyterLab as a browser is one: its pages, and a kernel's messages over its web socket.

usage of the programs that import it: PROGRAM ADDRESS TOKEN-FILE
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import websocket  # type: ignore[import-not-found]  # the image's, with JupyterLab

BASE = f"http://{sys.argv[1]}:8888"
TOKEN = Path(sys.argv[2]).read_text().strip()
PATIENCE = 280


def ask(path: str, token: str = TOKEN, body: object = None, method: str | None = None) -> tuple[int, bytes]:
    """Status and body of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{BASE}{path}", data=data, method=method)  # noqa: S310
    if token:
        request.add_header("Authorization", f"token {token}")
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


class Kernel:
    """A new one of the PySpark kind."""

    def __init__(self) -> None:
        self.id = json.loads(ask("/api/kernels", body={"name": "pyspark"})[1])["id"]
        self.socket = websocket.create_connection(
            f"{BASE.replace('http', 'ws', 1)}/api/kernels/{self.id}/channels",
            header=[f"Authorization: token {TOKEN}"],
            timeout=PATIENCE,
        )

    def send(self, code: str) -> str:
        """Starts a cell; the id of its message."""
        header = {
            "msg_id": uuid.uuid4().hex,
            "msg_type": "execute_request",
            "username": "",
            "session": uuid.uuid4().hex,
            "date": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "version": "5.4",
        }
        content = {"code": code, "silent": False, "store_history": True, "allow_stdin": False}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
        self.socket.send(json.dumps({**message, "channel": "shell"}))
        return header["msg_id"]

    def wait(self, message: str) -> str:
        """A cell's result or its error, and after it what it wrote to stderr beyond Spark's own log."""
        result, told = "", ""
        # the reply and what a cell writes come by two channels: all is there when both say so
        open_ends = {"execute_reply", "idle"}
        while open_ends:
            found: dict[str, Any] = json.loads(self.socket.recv())
            if found["parent_header"].get("msg_id") != message:
                continue
            kind, content = found["msg_type"], found["content"]
            if kind == "execute_result":
                result = str(content["data"]["text/plain"])
            elif kind == "error":
                result = f"{content['ename']}: {content['evalue']}"
            elif kind == "stream" and content["name"] == "stderr":
                told += content["text"]
            elif kind == "status":
                open_ends.discard(content["execution_state"])
            open_ends.discard(kind)
        lines = [line for line in told.splitlines() if line.startswith(("Stopped", "This notebook"))]
        return "\n".join([result, *lines])

    def run(self, code: str) -> str:
        return self.wait(self.send(code))

    def interrupt(self) -> None:
        """What the button Stop does."""
        ask(f"/api/kernels/{self.id}/interrupt", body={})

    def end(self) -> None:
        ask(f"/api/kernels/{self.id}", method="DELETE")
