"""The node's state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kiln_node import cli, paths
from kiln_node.faults import NodeFault
from kiln_node.status import status

FAULT = NodeFault("no disks", where="/dev", hint="add some")


def ready() -> status.State:
    state = status.initial()
    for at, phase in enumerate(status.PHASES[1:6], start=1):
        state = status.advance(state, phase, at * 1000)
    return {**state, "cluster": "night", "role": "worker"}


def test_a_boot_step_by_step() -> None:
    state = ready()
    assert state["phase"] == "ready"
    assert state["timings"] == {
        "validated": 1000,
        "scratch": 2000,
        "configured": 3000,
        "started": 4000,
        "ready": 5000,
    }
    assert status.sentence(state) == "kiln: night/worker is ready after 5.0 s"
    with pytest.raises(ValueError, match="no such phase"):
        status.advance(state, "asleep", 1)


def test_a_fault_is_named_and_a_later_success_clears_it() -> None:
    failed = status.fail(ready(), "kiln-scratch.service", FAULT, 2500)
    assert failed["fault"] == {
        "unit": "kiln-scratch.service",
        "what": "no disks",
        "where": "/dev",
        "hint": "add some",
    }
    assert "FAILED after 2.5 s in kiln-scratch.service: no disks; add some" in status.sentence(failed)
    assert "what to do  add some" in status.describe(failed)
    assert status.advance(failed, "scratch", 3000)["fault"] is None


def test_describes_image_and_scratch() -> None:
    state = {
        **ready(),
        "image": {"digest": "sha256:b", "contentId": "sha256:a", "matches": False},
        "scratch": {
            "kind": "disks",
            "mounted": True,
            "device": "/dev/md127",
            "members": ["/dev/nvme0n1", "/dev/nvme1n1"],
            "sizeBytes": 2**31,
        },
    }
    text = status.describe(state)
    assert "NOT the expected content" in text
    assert "/dev/md127 of /dev/nvme0n1, /dev/nvme1n1, 2.0 GiB, mounted" in text


def test_describes_what_a_worker_offers_and_why_it_leaves() -> None:
    share = {"perWorker": 2, "cores": 4, "memoryMiB": 5734, "why": "spark.executorCores is 4"}
    state = {
        **ready(),
        "sizing": {"cores": 8, "memoryMiB": 11468, "why": "of 16384 MiB", "executor": share},
        "metadata": "closed",
        "leaving": {"because": "a test", "how": None},
    }
    text = status.describe(status.advance(state, "leaving", 9000))
    assert "offers     8 cores, 11468 MiB of heap: of 16384 MiB" in text
    assert "executors  2 on this worker, 4 cores and 5734 MiB each: spark.executorCores is 4" in text
    assert "metadata   closed to jobs" in text
    assert "leaving    a test" in text


def test_published_state_is_read_back_and_the_host_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, console = tmp_path / "port", tmp_path / "console"
    port.touch()
    console.touch()
    monkeypatch.setattr(paths, "VIRTIO_STATUS", port)
    monkeypatch.setattr(paths, "CONSOLE", console)
    path = tmp_path / "run" / "status.json"
    status.publish(ready(), path)
    assert status.read(path) == ready()
    assert json.loads(port.read_text(encoding="utf-8")) == ready()
    assert "is ready" in console.read_text(encoding="utf-8")
    assert [entry.name for entry in path.parent.iterdir()] == ["status.json"]


def test_no_state_yet() -> None:
    assert status.read(Path("/nonexistent/status.json")) == status.initial()


def test_milliseconds_since_boot_are_positive() -> None:
    assert status.milliseconds_since_boot() > 0


@pytest.mark.parametrize(("state", "code"), [(ready(), 0), (status.initial(), 1)])
def test_kiln_status_answers_by_its_exit_code(
    state: status.State, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(status, "read", lambda: state)
    assert cli.show_status(["--json"]) == code
    assert json.loads(capsys.readouterr().out) == state
