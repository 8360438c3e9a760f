"""A look-alike of EC2's instance metadata, version 2: tokens, the notice of an interruption, a role's keys.

usage: imds.py ADDRESS FILE [ROLE.json]    those whose address is in FILE are told; every request is printed.

ROLE.json: keys of a role called kiln-node, else there is none.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

TOLD = Path(sys.argv[2])
TOKEN = "look-alike"  # noqa: S105
ACTION = "/latest/meta-data/spot/instance-action"
ROLES = "/latest/meta-data/iam/security-credentials/"
KEYS = {"kiln-node": Path(sys.argv[3])} if len(sys.argv) > 3 else {}


class Metadata(BaseHTTPRequestHandler):
    def do_PUT(self) -> None:
        wanted = self.headers.get("X-aws-ec2-metadata-token-ttl-seconds")
        self.answer(200 if self.path == "/latest/api/token" and wanted else 400, TOKEN)

    def do_GET(self) -> None:
        if self.headers.get("X-aws-ec2-metadata-token") != TOKEN:
            self.answer(401, "")
        elif self.path == ACTION and TOLD.exists() and self.client_address[0] in TOLD.read_text().split():
            self.answer(200, json.dumps({"action": "terminate", "time": "2026-11-24T16:00:00Z"}))
        elif self.path == ROLES and KEYS:
            self.answer(200, "\n".join(KEYS))
        elif self.path.startswith(ROLES) and self.path.removeprefix(ROLES) in KEYS:
            self.answer(200, KEYS[self.path.removeprefix(ROLES)].read_text())
        else:
            self.answer(404, "")

    def answer(self, status: int, text: str) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, form: str, *words: object) -> None:
        print(self.client_address[0], form % words, flush=True)


ThreadingHTTPServer((sys.argv[1], 80), Metadata).serve_forever()
