"""The hook of an auto-scaling group, over real HTTP from a look-alike that checks what it is asked."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import parse_qs

import pytest
from documents import document
from look_alike import LookAlike, serving

from kiln_node import paths
from kiln_node.aws import imds, lifecycle, notice
from kiln_node.duties import duties, leave
from kiln_node.faults import NodeFault
from kiln_node.host.http import HostHttp
from kiln_node.nodejson import config
from kiln_node.nodejson.config import Hook

NOW = datetime(2026, 11, 24, 3, 0, 0, tzinfo=UTC)
HOOK = Hook("kiln-night-workers", "drain", "eu-central-1")


class Aws(LookAlike):
    """EC2 Auto Scaling beside the metadata service, as strict as the real one about keys and words."""

    state: str | None = "InService"
    #: Groups that wait for this machine, with the hook's name; and how often the API is busy first.
    waiting: ClassVar[set[tuple[str, str]]] = set()
    busy = 0
    denied = False
    done: ClassVar[list[str]] = []

    def metadata(self) -> dict[str, str | None]:
        return {
            lifecycle.STATE: self.state,
            notice.ACTION: None,
            lifecycle.INSTANCE: "i-0123456789abcdef0",
        }

    def do_POST(self) -> None:
        body = self.body()
        at = datetime.strptime(self.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        asked = {name: value[0] for name, value in parse_qs(body.decode()).items()}
        hook = (asked["AutoScalingGroupName"], asked["LifecycleHookName"])
        if not self.is_signed(body, "autoscaling", ("content-type",), at):
            self._fault("SignatureDoesNotMatch", "")
        elif self.denied:
            self._fault("AccessDenied", "not authorized", 403)
        elif type(self).busy > 0:
            type(self).busy -= 1
            self._fault("Throttling", "Rate exceeded")
        elif hook not in self.waiting:
            self._fault("ValidationError", "No active Lifecycle Action found with instance ID i-0123")
        elif asked["Action"] != "CompleteLifecycleAction" or asked["LifecycleActionResult"] != "CONTINUE":
            self._fault("InvalidAction", "")
        else:
            type(self).waiting = set()
            type(self).done = [*self.done, asked["InstanceId"]]
            self.answer(200, "<CompleteLifecycleActionResponse/>")

    def _fault(self, code: str, message: str, status: int = 400) -> None:
        text = (
            f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
        self.answer(status, text)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Its address; kiln-node finds metadata and API there."""
    monkeypatch.setattr(HostHttp, "PAUSES", ())
    for name, value in {
        "state": "Terminated",
        "waiting": {(HOOK.group, HOOK.name)},
        "busy": 0,
        "denied": False,
        "done": [],
    }.items():
        monkeypatch.setattr(Aws, name, value)
    real, ask, complete = lifecycle.goes, notice.ask, lifecycle.complete
    with serving(Aws) as address:
        monkeypatch.setattr(lifecycle, "goes", lambda http: real(http, address))
        monkeypatch.setattr(notice, "ask", lambda http: ask(http, address))
        monkeypatch.setattr(
            lifecycle,
            "complete",
            lambda http, hook, *, now: complete(http, hook, now=now, metadata=address, address=f"{address}/"),
        )
        yield address


@pytest.mark.parametrize(
    ("state", "goes"),
    [("InService", False), ("Standby", False), ("Detached", False), ("Terminated", True), (None, False)],
)
def test_a_machine_goes_when_its_group_ends_it(
    aws: str, state: str | None, goes: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Aws, "state", state)
    assert lifecycle.goes(HostHttp()) is goes
    said = notice.either(HostHttp(), HOOK.group)
    assert said == (f"the group {HOOK.group} lets this machine go" if goes else None)


def test_the_group_that_waits_is_told_once_and_then_waits_no_more(
    aws: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lifecycle.let_go(HostHttp(), HOOK)
    assert Aws.done == ["i-0123456789abcdef0"]
    lifecycle.let_go(HostHttp(), HOOK)
    assert Aws.done == ["i-0123456789abcdef0"]
    assert capsys.readouterr().out.splitlines() == [
        "the group kiln-night-workers was told that this machine may go",
        "the group kiln-night-workers does not wait for this machine",
    ]


def test_a_machine_that_its_group_keeps_asks_for_nothing(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "state", "InService")
    lifecycle.let_go(HostHttp(), HOOK)
    assert Aws.done == []


def test_a_busy_service_is_asked_again_but_not_for_ever(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(Aws, "busy", 2)
    lifecycle.let_go(HostHttp(), HOOK, sleep=slept.append)
    assert (Aws.done, slept) == (["i-0123456789abcdef0"], [5.0, 10.0])
    monkeypatch.setattr(Aws, "busy", 9)
    lifecycle.let_go(HostHttp(), HOOK, sleep=slept.append)
    assert Aws.busy == 6


def test_a_refusal_is_told_with_its_way_out(aws: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Aws, "denied", True)
    with pytest.raises(NodeFault, match="cannot be told that this machine may go: AccessDenied") as caught:
        lifecycle.complete(HostHttp(), HOOK, now=NOW)
    assert "autoscaling:CompleteLifecycleAction" in caught.value.hint


def test_a_worker_leaves_first_and_then_its_group_is_told(
    aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    node = config.parse(
        document(
            spark={
                "conf": {},
                "leave": {
                    "notice": "ec2",
                    "seconds": 110,
                    "hook": {"group": HOOK.group, "name": HOOK.name, "region": HOOK.region},
                },
            }
        )
    )
    assert node.leave.hook == HOOK
    seen: list[object] = []
    monkeypatch.setattr(paths, "RUN", tmp_path)
    monkeypatch.setattr(duties, "_config", lambda: node)

    def drain(because: str) -> int:
        seen.append((because, list(Aws.done)))
        return 0

    monkeypatch.setattr(duties, "drain", drain)
    assert duties.heed_notice() == 0
    assert seen == [("the group kiln-night-workers lets this machine go", [])]
    assert Aws.done == ["i-0123456789abcdef0"]


def test_the_group_is_not_told_while_somebody_else_makes_the_worker_leave(
    aws: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setattr(paths, "RUN", tmp_path)
    told = threading.Event()

    def wait() -> None:
        with leave.Alone(wait=True) as mine:
            assert mine
            told.set()

    other = threading.Thread(target=wait)
    with leave.Alone() as mine:
        assert mine
        other.start()
        assert not told.wait(0.2)
    other.join(10)
    assert told.is_set()


def test_without_metadata_there_is_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HostHttp, "PAUSES", ())
    monkeypatch.setattr(imds, "ADDRESS", "http://127.0.0.1:1")
    with pytest.raises(NodeFault, match="no answer from"):
        lifecycle.goes(HostHttp(), "http://127.0.0.1:1")
