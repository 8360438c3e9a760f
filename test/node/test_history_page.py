"""The history server's page: executors' logs come from the master, the rest from the history server."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler

import pytest

from kiln_node.host.server import Server
from kiln_node.roles.history_page import HistoryPage
from kiln_node.roles.page_proxy import handler

WORKER = "/proxy/worker-20261128-10.0.0.5-4000"


@contextmanager
def serving(answers: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with Server(("127.0.0.1", 0), answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def named(name: str, status: int = 200) -> type[BaseHTTPRequestHandler]:
    """Answers with its name and what it was asked."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            forwarded = [header for header in self.headers if header.startswith("X-Forwarded")]
            body = f"{name} {self.path} {self.headers['Host']} {forwarded}".encode()
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    return Answer


@contextmanager
def page(master_status: int = 200) -> Iterator[str]:
    with ExitStack() as stack:
        history = stack.enter_context(serving(named("history")))
        master = stack.enter_context(serving(named("master", master_status)))
        yield stack.enter_context(serving(handler(HistoryPage(history, master))))


def get(address: str, path: str, method: str = "GET") -> tuple[int, str]:
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request(method, path, headers={"Host": "tunnel:1234", "X-Forwarded-Context": "/evil"})
    answer = connection.getresponse()
    try:
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "who"),
    [
        ("/", "history"),
        ("/history/app-1/jobs/", "history"),
        ("/proxy/app-1/jobs/", "history"),
        (f"{WORKER}/logPage/?appId=app-1&executorId=0&logType=stderr", "master"),
        ("/history/../proxy/worker-1/", "history"),
    ],
)
def test_logs_come_from_the_master_and_the_rest_from_the_history_server(path: str, who: str) -> None:
    with page() as address:
        assert get(address, path) == (200, f"{who} {path} tunnel:1234 []")


@pytest.mark.parametrize("status", [404, 502])
def test_a_log_that_is_gone_is_explained(status: int) -> None:
    with page(status) as address:
        code, text = get(address, f"{WORKER}/logPage/?appId=<script>")
    assert code == 404
    assert "worker-20261128-10.0.0.5-4000" in text
    assert "spark.worker.cleanup.appDataTtl" in text
    assert "<script>" not in text


def test_a_master_or_history_server_that_does_not_answer() -> None:
    with serving(handler(HistoryPage("127.0.0.1:1", "127.0.0.1:1"))) as address:
        assert get(address, f"{WORKER}/")[0] == 404
        assert get(address, "/")[0] == 502


def test_nothing_can_be_changed_through_it() -> None:
    with page() as address:
        assert get(address, f"{WORKER}/kill", "POST")[0] == 501
        assert get(address, "/", "DELETE")[0] == 501
