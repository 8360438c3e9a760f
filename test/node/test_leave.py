"""A worker leaves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from documents import document

from kiln_node import paths
from kiln_node.duties import leave
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Result
from kiln_node.nodejson import config

WORKER = config.parse(document())


class Systemctl:
    def __init__(self, *, active: bool = True) -> None:
        self.active = active
        self.asked: list[str] = []

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        self.asked.append(argv[1])
        return Result(0 if argv[1] != "is-active" or self.active else 3, "", "")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def leaving(
    count: Callable[[], int],
    systemctl: Systemctl,
    seconds: int = 60,
    *,
    release: str = "4.1.4",
    say: Callable[[str], None] = lambda _: None,
) -> str:
    clock = Clock()
    return leave.run(
        systemctl, count, seconds=seconds, release=release, say=say, clock=clock, sleep=clock.sleep
    )


def test_signals_waits_for_the_executors_and_stops_the_unit() -> None:
    counts = iter([2, 2, 1, 0])
    systemctl = Systemctl()
    assert leaving(lambda: next(counts), systemctl) == "every executor had ended after 3 s"
    assert systemctl.asked == ["is-active", "kill", "stop"]


def test_stops_at_the_deadline_whatever_is_left() -> None:
    systemctl = Systemctl()
    said = leaving(lambda: 2, systemctl, seconds=10)
    assert said == "2 executors had not ended after 10 s and were stopped"
    assert systemctl.asked[-1] == "stop"


@pytest.mark.parametrize("release", ["2.2.3", "2.4.8", "3.0.3"])
def test_a_worker_that_a_signal_would_kill_gets_none_and_nothing_is_promised(release: str) -> None:
    systemctl, said = Systemctl(), list[str]()
    how = leaving(lambda: 2, systemctl, seconds=10, release=release, say=said.append)
    assert how == "2 executors had not ended after 10 s and were stopped; what they held is recomputed"
    assert systemctl.asked == ["is-active", "stop"]
    assert said[0].startswith(f"Spark {release} cannot drain a worker")
    assert "move" not in " ".join(said)


def test_a_worker_that_cannot_drain_is_stopped_as_soon_as_nothing_runs_on_it() -> None:
    counts = iter([1, 0])
    systemctl = Systemctl()
    assert leaving(lambda: next(counts), systemctl, release="2.4.8") == "every executor had ended after 1 s"
    assert systemctl.asked == ["is-active", "stop"]


def test_stops_a_worker_that_does_not_answer() -> None:
    def gone() -> int:
        raise ConnectionRefusedError

    systemctl = Systemctl()
    assert leaving(gone, systemctl).startswith("every executor had ended")
    assert systemctl.asked[-1] == "stop"


def test_nothing_to_do_is_no_error() -> None:
    systemctl = Systemctl(active=False)
    assert leaving(lambda: 1, systemctl) == "no worker runs here"
    assert systemctl.asked == ["is-active"]


def test_only_workers_leave() -> None:
    with pytest.raises(NodeFault, match="this node is a master"):
        leave.insist(config.parse(document(role="master")))
    leave.insist(WORKER)


def test_one_leave_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "RUN", tmp_path)
    with leave.Alone() as first, leave.Alone() as second:
        assert (first, second) == (True, False)
    with leave.Alone() as third:
        assert third


def test_its_own_page_tells_what_runs() -> None:
    assert leave.page(WORKER, "10.0.0.1") == "http://10.0.0.1:8081/json/"
    assert leave.executors({"executors": [{}, {}], "finishedexecutors": [{}]}) == 2
