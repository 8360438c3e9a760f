"""kiln-exporter: a node's metrics and state over HTTP, for Prometheus and `kiln status`.

GET /metrics: Prometheus's text format. GET /status.json: the same as JSON. Listens at the private address
alone; nothing of it is secret, and nothing can be changed by it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus

from kiln_node.host.server import Handler, parser, serve
from kiln_node.status import live, metrics

PORT = 9477

Look = Callable[[], live.Live]


def handler(look: Look) -> type[Handler]:
    """A handler that answers with what one look finds."""

    class Answer(Handler):
        # seconds; who says nothing for so long is hung up on
        timeout = 10
        server_version = "kiln-exporter"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if path == "/metrics":
                text = metrics.render(metrics.samples(look()))
                self.answer(HTTPStatus.OK, "text/plain; version=0.0.4; charset=utf-8", text)
            elif path == "/status.json":
                self.answer(HTTPStatus.OK, "application/json", json.dumps(look().document()) + "\n")
            else:
                self.send_error(HTTPStatus.NOT_FOUND)

    return Answer


def main(arguments: Sequence[str]) -> int:
    """Serves until it is stopped."""
    options = parser("kiln-exporter", "Metrics and state of this node.")
    options.add_argument("--port", type=int, default=PORT)
    given = options.parse_args(arguments)
    return serve(given.address, given.port, handler(live.look))
