"""A secret from AWS Systems Manager, over real HTTP from a server that checks what it is asked."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from kiln_node import imds, ssm
from kiln_node.faults import NodeFault
from kiln_node.http import HostHttp
from kiln_node.sigv4 import Keys, Request, sign

NOW = datetime(2026, 11, 24, 3, 0, 0, tzinfo=UTC)
KEYS = Keys("AKID", "secret", "session")
ROLE = "/latest/meta-data/iam/security-credentials/"


PARAMETERS = {"/kiln/night/spark-secret": "s3cret"}


class Aws(BaseHTTPRequestHandler):
    """The metadata service and SSM, as strict as the real ones about tokens and signatures."""

    role: str | None = "kiln-node"
    busy = 0

    def do_PUT(self) -> None:
        wanted = self.path == "/latest/api/token" and self.headers["X-aws-ec2-metadata-token-ttl-seconds"]
        self._answer(200 if wanted else 400, b"token")

    def do_GET(self) -> None:
        if self.headers["X-aws-ec2-metadata-token"] != "token":
            self._answer(401, b"")
        elif self.path == ROLE:
            self._answer(200 if self.role else 404, (self.role or "").encode())
        elif self.path == f"{ROLE}{self.role}":
            keys = {"AccessKeyId": KEYS.access, "SecretAccessKey": KEYS.secret, "Token": KEYS.token}
            self._answer(200, json.dumps({"Code": "Success", **keys}).encode())
        else:
            self._answer(404, b"")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).busy > 0:
            type(self).busy -= 1
            self._answer(503, b"")
            return
        names = ("content-type", "x-amz-target")
        given = Request("POST", f"http://{self.headers['Host']}/", {n: self.headers[n] for n in names}, body)
        expected = sign(given, KEYS, service="ssm", region="eu-central-1", now=NOW)
        if self.headers["Authorization"] != expected["authorization"]:
            self._fault("InvalidSignatureException")
            return
        name = json.loads(body)["Name"]
        if self.headers["X-Amz-Target"] != "AmazonSSM.GetParameter" or name not in PARAMETERS:
            self._fault("com.amazonaws.ssm#ParameterNotFound")
            return
        self._answer(200, json.dumps({"Parameter": {"Name": name, "Value": PARAMETERS[name]}}).encode())

    def _fault(self, kind: str) -> None:
        self._answer(400, json.dumps({"__type": kind}).encode())

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent."""


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(HostHttp, "PAUSES", (0.0, 0.0))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Aws)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def parameter(aws: str, name: str, keys: Keys = KEYS) -> str:
    return ssm.get_parameter(HostHttp(), keys, name=name, region="eu-central-1", now=NOW, address=f"{aws}/")


def test_the_keys_are_the_instance_roles(aws: str) -> None:
    assert imds.role_keys(HostHttp(), aws) == KEYS


def test_an_instance_without_a_role_is_told_so(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "role", None)
    with pytest.raises(NodeFault, match="has no role"):
        imds.role_keys(HostHttp(), aws)


def test_a_parameter_is_read(aws: str) -> None:
    assert parameter(aws, "/kiln/night/spark-secret") == "s3cret"


def test_a_busy_service_is_asked_again_but_not_for_ever(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "busy", 2)
    assert parameter(aws, "/kiln/night/spark-secret") == "s3cret"
    monkeypatch.setattr(Aws, "busy", 3)
    with pytest.raises(NodeFault, match="status 503"):
        parameter(aws, "/kiln/night/spark-secret")


@pytest.mark.parametrize(
    ("name", "keys", "error", "hint"),
    [
        ("/kiln/other", KEYS, "ParameterNotFound", "put-parameter"),
        ("/kiln/night/spark-secret", Keys("AKID", "wrong"), "InvalidSignatureException", "clock"),
    ],
)
def test_a_refusal_is_told_with_its_way_out(aws: str, name: str, keys: Keys, error: str, hint: str) -> None:
    with pytest.raises(NodeFault, match=error) as caught:
        parameter(aws, name, keys)
    assert hint in caught.value.hint


def test_nobody_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HostHttp, "PAUSES", ())
    with pytest.raises(NodeFault, match="no answer from"):
        imds.role_keys(HostHttp(), "http://127.0.0.1:1")
