"""The report of a booted system: mounts as the kernel tells them, units as systemd does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kiln_node.host.commands import Result
from kiln_node.status import report

HASH = "5b" * 32

MOUNTINFO = """\
22 1 254:2 / / ro,relatime shared:1 - erofs /dev/vda2 ro,user_xattr,acl
23 22 0:5 / /dev rw,nosuid shared:2 - devtmpfs devtmpfs rw,size=1G
24 22 0:22 / /run rw,nosuid,nodev shared:3 - tmpfs tmpfs rw,mode=755
25 24 254:3 / /run/kiln-state rw,nosuid,nodev,relatime shared:4 - ext4 /dev/vda3 rw
26 22 0:30 / /etc rw shared:5 - overlay kiln-etc rw,lowerdir=/sysroot/etc,upperdir=/run/kiln-state/etc
27 22 0:31 / /var rw shared:6 - overlay kiln-var rw,lowerdir=/sysroot/var,upperdir=/run/kiln-state/var
28 22 9:127 / /scratch rw,noatime shared:7 - xfs /dev/md127 rw,attr2
"""


class Systemd:
    """systemctl with given answers, and dmsetup of a sealed root."""

    def __init__(self, state: str, failed: str = "", target: str = "active") -> None:
        self.answers = {"is-system-running": state, "list-units": failed, "is-active": target}

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        if argv[0] == "dmsetup":
            table = f"0 8 verity 1 254:2 254:3 4096 4096 1 1 sha256 {HASH} aa 1 panic_on_corruption"
            return Result(0, table if argv[1] == "table" else "0 8 verity V", "")
        return Result(0, self.answers[argv[1]] + "\n", "")


def mountinfo(folder: Path, text: str = MOUNTINFO) -> Path:
    path = folder / "mountinfo"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.fixture
def sys_block(tmp_path: Path) -> Path:
    md = tmp_path / "md127" / "md"
    md.mkdir(parents=True)
    (md / "level").write_text("raid0\n", encoding="ascii")
    (md / "raid_disks").write_text("2\n", encoding="ascii")
    return tmp_path


def test_says_who_listens(tmp_path: Path) -> None:
    (tmp_path / "net").mkdir()
    line = "0: 00000000:0016 00000000:0000 0A 0:0 0:0 0 0 0 1 1 0"
    (tmp_path / "net" / "tcp").write_text(f"sl local ...\n{line}\n", encoding="ascii")
    found = report.gather(
        Systemd("running"), read_only=True, mountinfo=mountinfo(tmp_path), sys_block=tmp_path, proc=tmp_path
    )
    ssh = {"protocol": "tcp", "address": "0.0.0.0", "port": 22, "program": None}  # noqa: S104
    assert found["listening"] == [ssh]


def test_reports_a_whole_system(sys_block: Path) -> None:
    found = report.gather(
        Systemd("running"),
        read_only=True,
        mountinfo=mountinfo(sys_block),
        sys_block=sys_block,
        proc=sys_block,
    )
    state = {"source": "/dev/vda3", "fstype": "ext4"}
    assert found == {
        "state": "running",
        "failedUnits": [],
        "listening": [],
        "target": {"name": "multi-user.target", "active": True},
        "seal": {"rootHash": HASH, "intact": True, "stops": True},
        "root": {"fstype": "erofs", "readOnly": True},
        "overlays": {
            "/etc": {"fstype": "overlay", "upper": "/run/kiln-state/etc", "on": state},
            "/var": {"fstype": "overlay", "upper": "/run/kiln-state/var", "on": state},
        },
        "scratch": {"source": "/dev/md127", "fstype": "xfs", "level": "raid0", "members": 2},
    }


def test_names_failed_units_and_a_target_that_was_not_reached(sys_block: Path) -> None:
    failed = (
        "kiln-scratch.service loaded failed failed kiln: scratch\nsshd.service loaded failed failed OpenSSH"
    )
    systemd = Systemd("degraded", failed, "inactive")
    found = report.gather(systemd, read_only=False, mountinfo=mountinfo(sys_block), sys_block=sys_block)
    assert found["state"] == "degraded"
    assert found["failedUnits"] == ["kiln-scratch.service", "sshd.service"]
    assert found["target"]["active"] is False
    assert found["root"]["readOnly"] is False


def test_says_when_nothing_is_mounted(sys_block: Path) -> None:
    bare = "22 1 254:2 / / rw - ext4 /dev/vda2 rw\n"
    found = report.gather(
        Systemd("running"), read_only=False, mountinfo=mountinfo(sys_block, bare), sys_block=sys_block
    )
    assert found["overlays"] == {"/etc": None, "/var": None}
    assert found["scratch"] is None


def test_sees_that_an_upper_layer_is_only_in_memory(sys_block: Path) -> None:
    mounts = report.parse_mountinfo(MOUNTINFO.replace("/run/kiln-state/etc", "/run/elsewhere/etc"))
    found = report.overlay(mounts, "/etc")
    assert found is not None
    assert found["on"] == {"source": "tmpfs", "fstype": "tmpfs"}


def test_scratch_on_a_plain_disk_is_no_array(tmp_path: Path) -> None:
    mounts = report.parse_mountinfo("28 22 9:1 / /scratch rw - xfs /dev/nvme0n1 rw\n")
    assert report.array(mounts, tmp_path) == {
        "source": "/dev/nvme0n1",
        "fstype": "xfs",
        "level": None,
        "members": None,
    }


def test_the_topmost_mount_counts() -> None:
    mounts = report.parse_mountinfo(
        "28 22 9:1 / /a\\040b rw - xfs /dev/one rw\n29 22 9:2 / /a\\040b rw - ext4 /dev/two rw\nnoise\n"
    )
    found = report.at(mounts, "/a b")
    assert found is not None
    assert (found.source, found.fstype) == ("/dev/two", "ext4")
