"""What the duties publish."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from documents import document

from kiln_node import paths
from kiln_node.boot import ready
from kiln_node.duties import duties, guard, leave
from kiln_node.faults import NodeFault
from kiln_node.host import facts
from kiln_node.nodejson import config
from kiln_node.scratch import space, watch
from kiln_node.spark import sparkimage
from kiln_node.spark.sparkjudge import Image
from kiln_node.status import status

ADDRESS = "10.213.0.20"


@pytest.fixture(autouse=True)
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is ready; what is published lies in a folder of the test's own."""
    read, publish = status.read, status.publish
    path = tmp_path / "status.json"
    monkeypatch.setattr(status, "read", lambda: read(path))
    monkeypatch.setattr(status, "publish", lambda state: publish(state, path))
    monkeypatch.setattr(paths, "RUN", tmp_path)
    monkeypatch.setattr(paths, "CONSOLE", tmp_path / "console")
    monkeypatch.setattr(duties, "_config", lambda: config.parse(document()))
    monkeypatch.setattr(facts, "address_towards", lambda host, port: ADDRESS)
    monkeypatch.setattr(sparkimage, "read", lambda: Image("4.1.4", "3.4.2", "3.4.2", None))
    status.publish(status.advance(status.initial(), "ready", 1000))


def seen_while_leaving(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    phases: list[str] = []

    def run(*_: object, seconds: int, **__: object) -> str:
        phases.append(f"{status.read()['phase']} within {seconds} s")
        return "every executor had ended after 3 s"

    monkeypatch.setattr(leave, "run", run)
    return phases


def test_a_leave_is_told_while_it_lasts_and_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = seen_while_leaving(monkeypatch)
    assert duties.drain("a test") == 0
    assert phases == ["leaving within 110 s"]
    assert status.read()["phase"] == "left"
    assert status.read()["leaving"] == {"because": "a test", "how": "every executor had ended after 3 s"}
    duties.drain("another", 7)
    assert phases[-1] == "leaving within 7 s"


def test_who_comes_while_it_is_leaving_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = seen_while_leaving(monkeypatch)
    with leave.Alone():
        assert duties.drain("another") == 0
    assert phases == []
    assert status.read()["leaving"] is None


def test_only_workers_leave(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(duties, "_config", lambda: config.parse(document(role="master")))
    assert duties.drain("a test") == 1
    assert "only workers leave" in capsys.readouterr().err
    assert status.read()["phase"] == "ready"


FAULT = NodeFault("/scratch is full", where="/scratch", hint="see what fills it")


def test_a_full_scratch_lets_the_worker_leave_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = seen_while_leaving(monkeypatch)
    monkeypatch.setattr(watch, "until_trouble", lambda *_, **__: watch.Trouble("full", FAULT))
    assert duties.keep_watch() == 0
    assert phases == ["leaving within 110 s"]
    assert status.read()["phase"] == "failed"
    assert status.read()["fault"]["what"] == "/scratch is full"


def test_a_lost_scratch_stops_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    phases = seen_while_leaving(monkeypatch)
    stopped: list[object] = []
    monkeypatch.setattr(leave, "stop_all", stopped.append)
    monkeypatch.setattr(watch, "until_trouble", lambda *_, **__: watch.Trouble("lost", FAULT))
    duties.keep_watch()
    assert len(stopped) == 1
    assert phases == []
    assert status.read()["fault"]["unit"] == "kiln-watch.service"


@pytest.mark.parametrize(
    ("states", "phase", "told"),
    [
        (["DECOMMISSIONED"], "ready", True),
        (["DECOMMISSIONED", "ALIVE"], "ready", False),
        (["ALIVE"], "ready", False),
        ([], "ready", False),
        (["DECOMMISSIONED"], "leaving", False),
    ],
)
def test_a_worker_that_was_told_to_go_by_others(
    states: list[str], phase: str, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    asked: list[config.NodeConfig] = []

    def master(node: config.NodeConfig) -> dict[str, Any]:
        asked.append(node)
        return {"workers": [{"host": ADDRESS, "state": state} for state in states]}

    monkeypatch.setattr(ready, "ask_master", master)
    monkeypatch.setattr(sparkimage, "read", lambda: Image("4.1.4", "3.4.2", "3.4.2", None))
    status.publish(status.advance(status.read(), phase, 2000))
    look: Callable[[], bool] = duties._decommissioned(config.parse(document()))
    now[0] += duties.ASK_MASTER
    assert look() is told
    assert look() is False
    assert len(asked) <= 1


def test_a_guard_that_refuses_is_published_for_its_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: config.NodeConfig) -> None:
        guard.enough(space.Space(1000, 1), None)

    monkeypatch.setattr(guard, "check", refuse)
    assert duties.check_start() == 1
    assert status.read()["fault"]["unit"] == "spark-worker.service"
    asked: list[str] = []

    class Systemctl:
        def run(self, argv: list[str]) -> None:
            asked.append(" ".join(argv))

    monkeypatch.setattr(duties, "HostCommands", Systemctl)
    monkeypatch.setattr(guard, "check", lambda _: None)
    assert duties.check_start() == 0
    assert asked == ["systemctl restart --no-block kiln-ready.service"]
    monkeypatch.setattr(sparkimage, "read", lambda: Image("4.1.4", "3.4.2", "3.4.2", None))
    status.publish(status.advance(status.read(), "ready", 3000))
    assert duties.check_start() == 0
    assert len(asked) == 1
