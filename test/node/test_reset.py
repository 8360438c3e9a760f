"""kiln-node reset leaves the mark that the initrd acts on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kiln_node.boot import reset
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Result


class Systemctl:
    def __init__(self) -> None:
        self.ran: list[list[str]] = []

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        self.ran.append(list(argv))
        return Result(0, "", "")


def test_marks_the_state_partition_and_leaves_the_start_to_the_person(tmp_path: Path) -> None:
    system = Systemctl()
    told = reset.run(system, reboot=False, state=tmp_path)
    assert (tmp_path / "reset").exists()
    assert system.ran == []
    assert "systemctl reboot" in told


def test_starts_again_when_it_is_told_to(tmp_path: Path) -> None:
    system = Systemctl()
    reset.run(system, reboot=True, state=tmp_path)
    assert (tmp_path / "reset").exists()
    assert system.ran == [["systemctl", "reboot"]]


def test_a_container_has_nothing_to_reset(tmp_path: Path) -> None:
    with pytest.raises(NodeFault, match="no state partition"):
        reset.run(Systemctl(), reboot=True, state=tmp_path / "none")
