"""kiln-exporter: a node's metrics and state over HTTP, for Prometheus and `kiln status`.

GET /metrics: Prometheus's text format. GET /status.json: the same as JSON. Listens at the private address
alone; nothing of it is secret, and nothing can be changed by it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from kiln_node.status import live, metrics

PORT = 9477

Look = Callable[[], live.Live]


def handler(look: Look) -> type[BaseHTTPRequestHandler]:
    """A handler that answers with what one look finds."""

    class Answer(BaseHTTPRequestHandler):
        # seconds; who says nothing for so long is hung up on
        timeout = 10
        server_version = "kiln-exporter"
        sys_version = ""

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                self._send(
                    "text/plain; version=0.0.4; charset=utf-8", metrics.render(metrics.samples(look()))
                )
            elif path == "/status.json":
                self._send("application/json", json.dumps(look().document()) + "\n")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

        def _send(self, kind: str, text: str) -> None:
            body = text.encode("utf-8")
            self.send_response(HTTPStatus.OK)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """A scrape every few seconds is no news."""

    return Answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 16


def main(arguments: Sequence[str]) -> int:
    """Serves until it is stopped."""
    parser = argparse.ArgumentParser(prog="kiln-exporter", description="Metrics and state of this node.")
    parser.add_argument("--address", required=True, help="own address to listen at; no other interface is")
    parser.add_argument("--port", type=int, default=PORT)
    given = parser.parse_args(arguments)
    with Server((given.address, given.port), handler(live.look)) as server:
        server.serve_forever()
    return 0
