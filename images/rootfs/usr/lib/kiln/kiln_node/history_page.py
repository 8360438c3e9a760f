"""kiln-history-page: the history server's page, with the logs of executors whose workers still run.

A job's pages link to its executors' logs below /proxy/WORKER/, where the master leads to the worker
(spark.ui.reverseProxy). The history server does not: so this listens at its address, asks the master for what
is below /proxy/worker-, and passes everything else to the history server, which listens at loopback alone.
Only GET and HEAD: it shows, and changes nothing.
"""

from __future__ import annotations

import argparse
import html
import http.client
import shutil
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PORT = 18080
#: The history server's own, at loopback.
INNER_PORT = 18081
#: Seconds; a history server that reads a large log is slow.
PATIENCE = 300

LOGS = "/proxy/worker-"
#: What a browser asks with; nothing by which a caller could say that a proxy stands before him.
PASSED_ON = ("Host", "Accept", "Accept-Encoding", "Accept-Language", "If-Modified-Since", "If-None-Match")
#: Of one connection, not of the answer.
HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-authenticate", "trailer", "te"}


@dataclass(frozen=True)
class Places:
    """host:port of the history server and of the master's page."""

    history: str
    master: str

    def of(self, path: str) -> str:
        """Who answers a path."""
        return self.master if path.startswith(LOGS) else self.history


def gone(path: str) -> str:
    """What is shown in place of a log that cannot be had."""
    worker = html.escape(path.removeprefix("/proxy/").partition("/")[0])
    return (
        "<!DOCTYPE html><title>Log not available</title><h1>This log is not available</h1>"
        f"<p>The executor's log lies on the worker that ran it, {worker}, and the master has no such worker: "
        "it has left the cluster or was started anew, or the master does not answer.</p>"
        "<p>A worker keeps the logs of a job for a day after its end "
        "(<code>spark.worker.cleanup.appDataTtl</code>).</p>"
        '<p><a href="/">Back to the history server</a></p>'
    )


def handler(places: Places) -> type[BaseHTTPRequestHandler]:
    """A handler for one history server and its cluster's master."""

    class Answer(BaseHTTPRequestHandler):
        timeout = PATIENCE
        server_version = "kiln-history-page"
        sys_version = ""

        def do_GET(self) -> None:
            self._pass_on()

        def do_HEAD(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            of_log = self.path.startswith(LOGS)
            connection = http.client.HTTPConnection(places.of(self.path), timeout=PATIENCE)
            headers = {name: value for name in PASSED_ON if (value := self.headers.get(name)) is not None}
            try:
                try:
                    connection.request(self.command, self.path, headers=headers)
                    answer = connection.getresponse()
                except (OSError, http.client.HTTPException, ValueError) as error:
                    if of_log:
                        self._say(HTTPStatus.NOT_FOUND, gone(self.path))
                    else:
                        self._say(
                            HTTPStatus.BAD_GATEWAY,
                            f"the history server does not answer: {html.escape(str(error))}",
                        )
                    return
                if of_log and answer.status >= HTTPStatus.BAD_REQUEST:
                    self._say(HTTPStatus.NOT_FOUND, gone(self.path))
                    return
                self.send_response_only(answer.status, answer.reason)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP:
                        self.send_header(name, value)
                self.end_headers()
                if self.command != "HEAD":
                    shutil.copyfileobj(answer, self.wfile)
            finally:
                connection.close()

        def _say(self, code: HTTPStatus, text: str) -> None:
            body = text.encode("utf-8")
            self.send_response(code)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A page that is looked at is no news."""

    return Answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # a browser asks for a page and all that is on it at once
    request_queue_size = 64


def main(arguments: Sequence[str]) -> int:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(prog="kiln-history-page", description="The history server's page.")
    parser.add_argument("--address", required=True, help="own address to listen at; no other interface is")
    parser.add_argument("--master", required=True, help="address of the master's page, http://HOST:PORT/…")
    given = parser.parse_args(arguments)
    places = Places(f"127.0.0.1:{INNER_PORT}", urllib.parse.urlsplit(given.master).netloc)
    with Server((given.address, PORT), handler(places)) as server:
        server.serve_forever()
    return 0
