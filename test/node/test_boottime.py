"""Boot to ready, by phase."""

from __future__ import annotations

import pytest
from programs import Programs

from kiln_node.boot import boottime

#: Of a machine with UEFI: 3.0 s of firmware, of which 1.2 s the boot loader's; microseconds.
DISK = {
    "FirmwareTimestampMonotonic": 4_200_000,
    "LoaderTimestampMonotonic": 1_200_000,
    "InitRDTimestampMonotonic": 2_000_000,
    "UserspaceTimestampMonotonic": 5_500_000,
    "FinishTimestampMonotonic": 15_500_000,
}
CONTAINER = {"UserspaceTimestampMonotonic": 86_400_000_000, "FinishTimestampMonotonic": 86_410_000_000}
#: Milliseconds since PID 1; the initrd's on a disk.
TIMINGS = {"ready": 12_000, "validated": 5_000, "scratch": 7_000}


def test_a_disk_is_timed_from_power_on() -> None:
    found = boottime.parts(DISK, TIMINGS, container=False)
    assert [(part.name, part.took, part.at) for part in found] == [
        ("firmware", 3000, 3000),
        ("loader", 1200, 4200),
        ("kernel", 2000, 6200),
        ("initrd", 3500, 9700),
        # 5.0 s after PID 1 of the initrd, which took 3.5 s of them
        ("validated", 1500, 11200),
        ("scratch", 2000, 13200),
        ("ready", 5000, 18200),
    ]
    assert sum(part.took for part in found) == found[-1].at


def test_a_container_is_timed_from_its_pid_1() -> None:
    found = boottime.parts(CONTAINER, TIMINGS, container=True)
    assert [(part.name, part.at) for part in found] == [
        ("validated", 5000),
        ("scratch", 7000),
        ("ready", 12000),
    ]


def test_a_machine_without_uefi_has_no_firmware_to_time() -> None:
    manager = {"InitRDTimestampMonotonic": 0, "UserspaceTimestampMonotonic": 3_000_000}
    assert boottime.before(manager, container=False) == [("kernel", 3000)]


def test_reads_what_systemd_says_and_passes_over_the_rest() -> None:
    commands = Programs({"systemctl": "UserspaceTimestampMonotonic=5\nOther=7\nFinishTimestampMonotonic=\n"})
    assert boottime.read(commands) == {"UserspaceTimestampMonotonic": 5}


@pytest.mark.parametrize(("manager", "expected"), [(DISK, 10_000), ({}, None)])
def test_document_and_lines_say_the_same(manager: dict[str, int], expected: int | None) -> None:
    found = boottime.parts(manager, TIMINGS, container=False)
    document = boottime.document(found, manager)
    assert document["userspaceMs"] == expected
    lines = boottime.describe(found).splitlines()
    assert [line.split()[0] for line in lines[1:]] == [part["name"] for part in document["parts"]]
    assert lines[-1].split()[-2:] == [f"{document['parts'][-1]['atMs'] / 1000:.1f}", "s"]


def test_nothing_is_known_before_the_first_phase() -> None:
    assert boottime.describe(boottime.parts({}, {}, container=True)) == "nothing is known of this boot yet\n"
