"""kiln-history-page: the history server's page, with the logs of executors whose workers still run.

A job's pages link to its executors' logs below /proxy/WORKER/, where the master leads to the worker
(spark.ui.reverseProxy). The history server does not: so this listens at its address, asks the master for what
is below /proxy/worker-, and passes everything else to the history server, which listens at loopback alone.
"""

from __future__ import annotations

import html
import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from kiln_node.host.server import parser, serve
from kiln_node.roles.page_proxy import Replacement, handler, no_answer

PORT = 18080
#: The history server's own, at loopback.
INNER_PORT = 18081

LOGS = "/proxy/worker-"


@dataclass(frozen=True)
class HistoryPage:
    """host:port of the history server and of the master's page."""

    history: str
    master: str
    name: str = "kiln-history-page"

    def origin(self, path: str) -> str:
        """The master for executors' logs, else the history server."""
        return self.master if path.startswith(LOGS) else self.history

    def header(self, _path: str, _name: str, value: str) -> str:
        """As it is."""
        return value

    def instead(self, path: str, status: int | None, why: str) -> Replacement | None:
        """A log that cannot be had is explained."""
        if path.startswith(LOGS):
            kept = status is not None and status < HTTPStatus.BAD_REQUEST
            return None if kept else Replacement(HTTPStatus.NOT_FOUND, gone(path))
        return no_answer("the history server", why) if status is None else None


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


def main(arguments: Sequence[str]) -> int:
    """Serves until it is stopped."""
    options = parser("kiln-history-page", "The history server's page.")
    options.add_argument("--master", required=True, help="address of the master's page, http://HOST:PORT/…")
    given = options.parse_args(arguments)
    master = urllib.parse.urlsplit(given.master).netloc
    return serve(given.address, PORT, handler(HistoryPage(f"127.0.0.1:{INNER_PORT}", master)))
