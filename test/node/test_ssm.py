"""A secret from AWS Systems Manager, over real HTTP from a server that checks what it is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from look_alike import KEYS, LookAlike, serving

from kiln_node.aws import imds, ssm
from kiln_node.aws.sigv4 import Keys
from kiln_node.faults import NodeFault
from kiln_node.host.http import HostHttp

NOW = datetime(2026, 11, 24, 3, 0, 0, tzinfo=UTC)
PARAMETERS = {"/kiln/night/spark-secret": "s3cret"}


class Aws(LookAlike):
    """SSM beside the metadata service, as strict as the real one about signatures."""

    busy = 0

    def do_POST(self) -> None:
        body = self.body()
        if type(self).busy > 0:
            type(self).busy -= 1
            self.answer(503, "")
            return
        if not self.is_signed(body, "ssm", ("content-type", "x-amz-target"), NOW):
            self._fault("InvalidSignatureException")
            return
        name = json.loads(body)["Name"]
        if self.headers["X-Amz-Target"] != "AmazonSSM.GetParameter" or name not in PARAMETERS:
            self._fault("com.amazonaws.ssm#ParameterNotFound")
            return
        self.answer(200, json.dumps({"Parameter": {"Name": name, "Value": PARAMETERS[name]}}))

    def _fault(self, kind: str) -> None:
        self.answer(400, json.dumps({"__type": kind}))


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setattr(HostHttp, "PAUSES", (0.0, 0.0))
    with serving(Aws) as address:
        yield address


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
