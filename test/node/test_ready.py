"""When a node is of use."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from documents import document

from kiln_node.boot import ready
from kiln_node.faults import NodeFault
from kiln_node.nodejson import config

ADDRESS = "10.213.0.20"


def node(role: str, **spark: str) -> config.NodeConfig:
    return config.parse(document(role=role, spark={"conf": spark}))


def worker(host: str, state: str = "ALIVE") -> dict[str, Any]:
    return {"host": host, "state": state, "memory": 2048}


@pytest.mark.parametrize(
    ("role", "answer", "is_ready"),
    [
        ("standby", None, True),
        ("master", None, False),
        ("master", {"status": "STANDBY", "workers": []}, False),
        ("master", {"status": "ALIVE", "workers": []}, True),
        ("driver", None, False),
        ("driver", {"status": "ALIVE", "workers": []}, True),
        ("worker", {"status": "ALIVE", "workers": []}, False),
        ("worker", {"status": "ALIVE", "workers": [worker("10.213.0.21")]}, False),
        ("worker", {"status": "ALIVE", "workers": [worker(ADDRESS, "DEAD")]}, False),
        ("worker", {"status": "ALIVE", "workers": [worker(ADDRESS, "DEAD"), worker(ADDRESS)]}, True),
    ],
)
def test_judges_by_what_the_master_says(role: str, answer: dict[str, Any] | None, is_ready: bool) -> None:
    def ask() -> dict[str, Any]:
        if answer is None:
            raise ConnectionRefusedError
        return answer

    assert ready.judge(node(role), ADDRESS, ask).ready is is_ready


@pytest.mark.parametrize(
    ("role", "answers", "asked"),
    [
        ("history", True, "http://10.213.0.20:18080/api/v1/version"),
        ("notebook", False, "http://10.213.0.20:8888/api"),
    ],
)
def test_history_and_notebook_answer_on_their_own_page(role: str, answers: bool, asked: str) -> None:
    pages: list[str] = []

    def own(page: str) -> bool:
        pages.append(page)
        return answers

    assert ready.judge(node(role), ADDRESS, lambda: {"status": "ALIVE"}, own).ready is answers
    assert pages == [asked]


@contextmanager
def serving(body: bytes) -> Iterator[int]:
    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.path == "/json/"
            self.send_response(200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_asks_the_masters_own_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with serving(json.dumps({"status": "ALIVE"}).encode()) as port:
        made = document(master={"host": "127.0.0.1", "port": 7077})
        made["spark"]["conf"] = {"spark.master.ui.port": str(port)}
        assert ready.ask_master(config.parse(made)) == {"status": "ALIVE"}


def test_an_answer_that_is_no_object_is_no_answer() -> None:
    with serving(b"[]") as port:
        made = document(master={"host": "127.0.0.1", "port": 7077})
        made["spark"]["conf"] = {"spark.master.ui.port": str(port)}
        asked = config.parse(made)
        assert not ready.judge(asked, ADDRESS, lambda: ready.ask_master(asked)).ready


def test_waits_and_then_says_what_it_waited_for() -> None:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    looks = iter([ready.Verdict(False, "x")] * 5 + [ready.Verdict(True, "")])
    ready.wait(node("worker"), lambda: next(looks), clock=lambda: now[0], sleep=sleep)
    assert now[0] == 5 * ready.INTERVAL
    with pytest.raises(NodeFault, match="not ready after 600 s: no master"):
        ready.wait(
            node("worker"), lambda: ready.Verdict(False, "no master"), clock=lambda: now[0], sleep=sleep
        )
