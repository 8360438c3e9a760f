"""What the system's tools say about disks, read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from kiln_node.host.commands import HostCommands, Result
from kiln_node.scratch import inventory
from kiln_node.scratch.inventory import Sysfs

WIPEFS = """{
   "signatures": [
      {"device": "vda", "offset": "0x218", "type": "gpt", "uuid": null, "label": null},
      {"device": "vda", "offset": "0x0", "type": "xfs", "uuid": "u", "label": "kiln-scratch"}
   ]
}"""
EXAMINE = """MD_LEVEL=raid0
MD_DEVICES=2
MD_NAME=any:kiln-scratch
MD_ARRAY_SIZE=2.14GB
MD_UUID=048bf759:f169581f:b746fda5:862c742a
MD_DEV_UUID=1:2:3:4
MD_EVENTS=0
"""


class Tools:
    """Answers by the program's name."""

    def __init__(self, **answers: Result) -> None:
        self.answers = {"blockdev": Result(0, "1073741824\n", ""), "dd": Result(0, "", ""), **answers}

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        return self.answers[argv[0]]


NO_MD = Result(1, "", "mdadm: No md superblock detected on /dev/vda.")


def test_reads_signatures_and_label() -> None:
    assert inventory.parse_wipefs(WIPEFS) == (("gpt", "xfs"), "kiln-scratch")
    assert inventory.parse_wipefs("") == ((), None)


def test_reads_a_superblock_without_its_home_host() -> None:
    found = inventory.parse_examine(EXAMINE)
    assert found is not None
    assert (found.name, found.level, found.devices) == ("kiln-scratch", "raid0", 2)
    assert inventory.parse_examine("") is None


@pytest.mark.parametrize(
    ("wipefs", "mdadm", "fault"),
    [
        (Result(0, "", ""), NO_MD, None),
        (Result(0, WIPEFS, ""), NO_MD, None),
        (Result(0, '{"signatures":[{"type":"linux_raid_member"}]}', ""), Result(0, EXAMINE, ""), None),
        (Result(1, "", "Input/output error"), NO_MD, "wipefs cannot read it"),
        (Result(0, "{", ""), NO_MD, "not understood"),
        (Result(0, "", ""), Result(1, "", "mdadm: cannot open: I/O error"), "mdadm cannot read it"),
        (Result(0, "", ""), Result(0, EXAMINE, ""), "disagree"),
        (Result(0, '{"signatures":[{"type":"linux_raid_member"}]}', ""), NO_MD, "disagree"),
    ],
)
def test_a_disk_that_one_tool_cannot_judge_is_not_proven(
    wipefs: Result, mdadm: Result, fault: str | None
) -> None:
    _, _, found = inventory.probe("/dev/vda", Tools(wipefs=wipefs, mdadm=mdadm))
    assert (found is None) if fault is None else (fault in str(found))


@pytest.mark.parametrize(
    ("tool", "answer", "fault"),
    [
        (
            "dd",
            Result(1, "", "dd: error reading '/dev/vda': Input/output error"),
            "cannot be read: dd: error reading",
        ),
        ("blockdev", Result(1, "", "blockdev: cannot open /dev/vda"), "size is not known: blockdev"),
        ("blockdev", Result(0, "", ""), "size is not known"),
    ],
)
def test_a_disk_that_cannot_be_read_is_not_blank_though_both_tools_find_nothing(
    tool: str, answer: Result, fault: str
) -> None:
    tools = Tools(wipefs=Result(0, "", ""), mdadm=NO_MD, **{tool: answer})
    signatures, md, found = inventory.probe("/dev/vda", tools)
    assert (signatures, md) == ((), None)
    assert fault in str(found)


def test_both_ends_of_a_disk_are_read(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(3 * 1024**2 + 512))
    real = HostCommands()
    asked: list[list[str]] = []

    class Recorded:
        def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
            asked.append(list(argv))
            if argv[0] == "blockdev":  # a file is no device to it
                return Result(0, f"{disk.stat().st_size}\n", "")
            return real.run(argv, timeout=timeout)

    assert inventory.unreadable(str(disk), Recorded()) is None
    assert [words[4:] for words in asked[1:]] == [
        ["count=1", "status=none"],
        ["iflag=skip_bytes", f"skip={2 * 1024**2 + 512}", "status=none"],
    ]


def machine(tmp_path: Path) -> tuple[Sysfs, Path]:
    """vda with two partitions, the second under dm-0; sda is a raw member of md127 under dm-1."""
    block, devices = tmp_path / "block", tmp_path / "devices"
    for name in ("vda", "sda", "dm-0", "dm-1", "md127"):
        (devices / name / "holders").mkdir(parents=True)
        (devices / name / "slaves").mkdir()
    for part in ("vda1", "vda2"):
        (devices / "vda" / part / "holders").mkdir(parents=True)
        (devices / "vda" / part / "partition").touch()
    (devices / "md127" / "md").mkdir()
    (devices / "md127" / "md" / "array_state").write_text("clean\n", encoding="ascii")
    block.mkdir()
    for path in (*devices.iterdir(), devices / "vda" / "vda1", devices / "vda" / "vda2"):
        (block / path.name).symlink_to(path)
    for holder, slave in (("dm-0", "vda/vda2"), ("md127", "sda"), ("dm-1", "md127")):
        (devices / holder / "slaves" / Path(slave).name).touch()
        (devices / slave / "holders" / holder).touch()
    proc = tmp_path / "proc"
    proc.mkdir()
    (proc / "mounts").write_text(
        "overlay / overlay rw 0 0\n/dev/vda1 /boot vfat rw 0 0\n/dev/dm-0 /with\\040space ext4 rw 0 0\n",
        encoding="utf-8",
    )
    (proc / "swaps").write_text("Filename Type Size\n/dev/dm-1 partition 1 0 -2\n", encoding="utf-8")
    return Sysfs(block), proc


def test_follows_devices_down_to_whole_disks(tmp_path: Path) -> None:
    graph, _ = machine(tmp_path)
    assert inventory.whole_disks("vda1", graph) == {"vda"}
    assert inventory.whole_disks("dm-0", graph) == {"vda"}
    assert inventory.whole_disks("dm-1", graph) == {"sda"}
    assert graph.partitions("vda") == ["vda1", "vda2"]
    assert graph.holders("vda") == ["dm-0"]


def test_an_inventory_says_what_a_disk_is_used_for(tmp_path: Path) -> None:
    graph, proc = machine(tmp_path)
    rows = [
        {
            "kname": name,
            "path": f"/dev/{name}",
            "type": kind,
            "size": 1,
            "model": " m ",
            "serial": None,
            "wwn": "eui.1",
        }
        | {"ro": False, "rm": "0", "rota": False}
        for name, kind in (("vda", "disk"), ("sda", "disk"), ("zram0", "disk"), ("sr0", "rom"))
    ]
    tools = Tools(
        lsblk=Result(0, json.dumps({"blockdevices": rows}), ""), wipefs=Result(0, "", ""), mdadm=NO_MD
    )
    found = inventory.gather(tools, graph, proc)
    assert [disk.name for disk in found.disks] == ["sda", "vda"]
    sda, vda = found.disks
    assert sda.used_for == ("swap",)
    assert vda.used_for == ("/boot", "/with space")
    # lsblk does not list the array: it lies on a disk
    assert [(array.path, array.members, array.state) for array in found.arrays] == [
        ("/dev/md127", ("sda",), "clean")
    ]
    assert (vda.model, vda.serial, vda.wwn) == ("m", "", "eui.1")
    assert json.dumps(found.to_json())
