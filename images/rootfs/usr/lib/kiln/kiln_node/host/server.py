"""What the node's HTTP servers share: a handler that answers with a text, and a server at one address."""

from __future__ import annotations

import argparse
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    """Says nothing of Python's version, and logs no request: a page that is looked at is no news."""

    sys_version = ""

    def answer(self, code: HTTPStatus, kind: str, text: str) -> None:
        """A whole answer; kind: its Content-Type. HEAD gets the headers alone."""
        body = text.encode("utf-8")
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    # a browser asks for a page and all that is on it at once
    request_queue_size = 64


def serve(address: str, port: int, handler: type[Handler]) -> int:
    """Serves at one address, and at no other interface, until it is stopped."""
    with Server((address, port), handler) as server:
        server.serve_forever()
    return 0


def parser(program: str, description: str) -> argparse.ArgumentParser:
    """A command line with the option --address."""
    found = argparse.ArgumentParser(prog=program, description=description)
    found.add_argument("--address", required=True, help="own address to listen at; no other interface is")
    return found
