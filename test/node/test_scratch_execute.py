"""From a plan to a mounted array, on a machine that can die in between."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from machine import Machine

from kiln_node.faults import NodeFault
from kiln_node.nodejson.config import DiskPolicy, Selection
from kiln_node.scratch import step
from kiln_node.scratch.devices import HEAD, TAIL, HostDevices
from kiln_node.scratch.inventory import Disk, MdMember
from kiln_node.scratch.plan import ARRAY_NAME, ARRAY_UUID, Plan

POLICY = DiskPolicy(Selection(serial_prefix="kiln-"), disks=2, deadline=4, missing="fail")


def disks(**changes: Any) -> list[Disk]:
    return [
        replace(Disk(f"nvme{i}n1", f"/dev/nvme{i}n1", 2**37, "QEMU NVMe Ctrl", f"kiln-{i}"), **changes)
        for i in range(2)
    ]


class Time:
    """A clock that only sleeping moves; arrive: what happens when it does."""

    def __init__(self) -> None:
        self.now = 0.0

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def converge(machine: Machine, time: Time | None = None, policy: DiskPolicy = POLICY) -> Plan:
    time = time or Time()
    return step.converge(policy, machine.gather, machine, machine, clock=time.clock, sleep=time.sleep)


def test_blank_disks_end_mounted() -> None:
    machine = Machine(*disks())
    assert converge(machine).array == "/dev/md127"
    assert machine.log == ["erase /dev/nvme0n1", "erase /dev/nvme1n1", "create", "mkfs", "mount"]
    assert machine.arrays["/dev/md127"].mounted_at == ("/scratch",)


def test_a_second_run_writes_nothing() -> None:
    machine = Machine(*disks())
    converge(machine)
    machine.log.clear()
    converge(machine)
    assert machine.log == []


@pytest.mark.parametrize("at", ["erase", "create", "mkfs", "mount", "assemble"])
def test_killed_at_any_point_the_next_boot_completes(at: str) -> None:
    machine = Machine(*disks())
    if at == "assemble":
        converge(machine)
        machine.arrays["/dev/md127"] = replace(machine.arrays["/dev/md127"], mounted_at=())
        machine.reboot()
    machine.die_before = at
    with pytest.raises(KeyboardInterrupt):
        converge(machine)
    machine.die_before = None
    converge(machine)
    assert machine.arrays["/dev/md127"].mounted_at == ("/scratch",)


def test_a_replaced_disk_makes_scratch_anew() -> None:
    machine = Machine(*disks())
    converge(machine)
    machine.reboot()
    machine.disks["/dev/nvme1n1"] = disks()[1]
    machine.log.clear()
    converge(machine)
    assert machine.log == ["erase /dev/nvme0n1", "erase /dev/nvme1n1", "create", "mkfs", "mount"]


def test_foreign_disks_are_left_as_they_are() -> None:
    machine = Machine(
        *disks(signatures=("linux_raid_member",), md=MdMember("1:2:3:4", "data", "raid1", 2, ""))
    )
    with pytest.raises(NodeFault, match="part of another array"):
        converge(machine)
    assert machine.log == []


def test_a_disk_that_changed_since_the_plan_is_not_written() -> None:
    machine = Machine(*disks())
    seen = machine.gather()
    machine.disks["/dev/nvme1n1"] = replace(machine.disks["/dev/nvme1n1"], signatures=("xfs",))
    with pytest.raises(NodeFault, match="changed while it was prepared"):
        step.converge(POLICY, lambda: seen, machine, machine)
    assert machine.log == []


def test_waits_for_a_late_disk_and_gives_up_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    scans: list[float] = []
    first, second = disks()
    machine, time = Machine(first), Time()
    monkeypatch.setattr(step, "rescan", lambda: scans.append(time.now))
    with pytest.raises(NodeFault, match="1 of 2 disks"):
        converge(machine, time)
    assert time.now == POLICY.deadline
    assert scans == [POLICY.deadline / 2]

    late = Time()
    monkeypatch.setattr(step, "rescan", lambda: machine.disks.update({second.path: second}))
    converge(machine, late)
    assert late.now < POLICY.deadline


def test_the_array_is_ours_by_name_and_uuid() -> None:
    machine = Machine(*disks())
    converge(machine)
    found = machine.disks["/dev/nvme0n1"].md
    assert found is not None
    assert (found.uuid, found.name, found.devices) == (ARRAY_UUID, ARRAY_NAME, 2)


def test_erasing_touches_only_the_ends(tmp_path: Path) -> None:
    path = tmp_path / "disk"
    path.write_bytes(b"\xff" * (HEAD + TAIL + 4096))
    HostDevices().erase(str(path))
    data = path.read_bytes()
    assert data == bytes(HEAD) + b"\xff" * 4096 + bytes(TAIL)
    assert path.stat().st_size == HEAD + TAIL + 4096
