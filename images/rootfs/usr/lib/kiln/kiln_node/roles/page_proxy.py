"""A page of Spark's that listens at loopback, shown at the node's address by an HTTP server in front of it.

The server passes a request on and its answer back. Each page says by its `Page` who answers a path and what
of the answer it corrects. Only GET and HEAD: it shows, and changes nothing.
"""

from __future__ import annotations

import html
import http.client
import shutil
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol

from kiln_node.host.server import Handler

#: Seconds; a history server that reads a large log is slow.
PATIENCE = 300

#: What a browser asks with; nothing by which a caller could claim that another proxy is in front of this one.
PASSED_ON = ("Host", "Accept", "Accept-Encoding", "Accept-Language", "If-Modified-Since", "If-None-Match")
#: Of one connection, not of the answer.
HOP = {"connection", "keep-alive", "transfer-encoding", "upgrade", "proxy-authenticate", "trailer", "te"}


@dataclass(frozen=True)
class Replacement:
    """What is shown in place of an answer."""

    code: HTTPStatus
    #: HTML.
    text: str


class Page(Protocol):
    """What one page does with a request and its answer."""

    @property
    def name(self) -> str:
        """Name of the program, as its answers have it."""

    def origin(self, path: str) -> str:
        """host:port of the server that answers a path."""

    def header(self, path: str, name: str, value: str) -> str:
        """The value of an answer's header, corrected where the server is known to get it wrong."""

    def instead(self, path: str, status: int | None, why: str) -> Replacement | None:
        """What is shown in place of an answer with this status; None for the answer itself.
        status: None when there is no answer, for the reason `why`."""


def no_answer(who: str, why: str) -> Replacement:
    """The answer for a server that does not answer."""
    return Replacement(HTTPStatus.BAD_GATEWAY, f"{who} does not answer: {html.escape(why)}")


def handler(page: Page) -> type[Handler]:
    """A handler that shows one page."""

    class Answer(Handler):
        timeout = PATIENCE
        server_version = page.name

        def do_GET(self) -> None:
            self._pass_on()

        def do_HEAD(self) -> None:
            self._pass_on()

        def _pass_on(self) -> None:
            connection = http.client.HTTPConnection(page.origin(self.path), timeout=PATIENCE)
            headers = {name: value for name in PASSED_ON if (value := self.headers.get(name)) is not None}
            try:
                try:
                    connection.request(self.command, self.path, headers=headers)
                    answer = connection.getresponse()
                except (OSError, http.client.HTTPException, ValueError) as error:
                    self._show(page.instead(self.path, None, str(error)) or no_answer(page.name, str(error)))
                    return
                instead = page.instead(self.path, answer.status, answer.reason)
                if instead is not None:
                    self._show(instead)
                    return
                self.send_response_only(answer.status, answer.reason)
                for name, value in answer.getheaders():
                    if name.lower() not in HOP:
                        self.send_header(name, page.header(self.path, name.lower(), value))
                self.end_headers()
                if self.command != "HEAD":
                    shutil.copyfileobj(answer, self.wfile)
            finally:
                connection.close()

        def _show(self, what: Replacement) -> None:
            self.answer(what.code, "text/html; charset=utf-8", what.text)

    return Answer
