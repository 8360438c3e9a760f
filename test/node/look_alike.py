"""AWS as a node meets it, over real HTTP: its metadata service, and signatures that are checked."""

from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kiln_node.aws.sigv4 import Keys, Request, sign

KEYS = Keys("AKID", "secret", "session")
REGION = "eu-central-1"
ROLE = "/latest/meta-data/iam/security-credentials/"


class LookAlike(BaseHTTPRequestHandler):
    """The metadata service, version 2, as strict as the real one; subclasses answer POST."""

    role: str | None = "kiln-node"

    def metadata(self) -> dict[str, str | None]:
        """What it has by path beside the role and its keys; None: nothing yet."""
        return {}

    def do_PUT(self) -> None:
        wanted = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self.answer(200 if wanted else 400, "token")

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] != "token":
            self.answer(401, "")
            return
        keys = {"AccessKeyId": KEYS.access, "SecretAccessKey": KEYS.secret, "Token": KEYS.token}
        role = {ROLE: self.role, f"{ROLE}{self.role}": json.dumps({"Code": "Success", **keys})}
        found = {**role, **self.metadata()}.get(self.path)
        self.answer(404 if found is None else 200, found or "")

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers["Content-Length"]))

    def is_signed(self, body: bytes, service: str, names: tuple[str, ...], at: datetime) -> bool:
        """Whether the request has the signature of the role's keys; names: headers that it is over."""
        given = Request("POST", f"http://{self.headers['Host']}/", {n: self.headers[n] for n in names}, body)
        expected = sign(given, KEYS, service=service, region=REGION, now=at)
        return bool(self.headers["Authorization"] == expected["authorization"])

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@contextlib.contextmanager
def serving(handler: type[LookAlike]) -> Iterator[str]:
    """Its address while it serves."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
