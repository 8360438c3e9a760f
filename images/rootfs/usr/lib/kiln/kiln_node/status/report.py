"""What `kiln verify` cannot see from outside: the booted system as a whole, as `system` in the status.

{"state", "failedUnits", "target": {"name", "active"}, "root": {"fstype", "readOnly"},
"seal": {"rootHash", "intact", "stops"} | null,
"overlays": {"/etc": {"fstype", "upper", "on": {"source", "fstype"} | null} | null, "/var": ...},
"scratch": {"source", "fstype", "level", "members"} | null, "listening": [{"protocol", "address", "port",
"program"}]}. Measured here, from the kernel and
systemd, and not taken from what the steps of the boot say of themselves.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from kiln_node import paths
from kiln_node.boot import seal
from kiln_node.host import listening
from kiln_node.host.commands import Commands, HostCommands
from kiln_node.status import status

TARGET = "multi-user.target"
OVERLAYS = ("/etc", "/var")
#: Seconds for the boot to finish: minutes in emulation.
DEADLINE = 900.0


@dataclass(frozen=True)
class Mount:
    """One line of mountinfo; options: of the superblock, key=value as they stand."""

    point: str
    source: str
    fstype: str
    options: tuple[str, ...]

    def option(self, key: str) -> str | None:
        """The value of key=…; None when it is not there."""
        found = [text.partition("=")[2] for text in self.options if text.startswith(f"{key}=")]
        return found[0] if found else None


def parse_mountinfo(text: str) -> list[Mount]:
    """Lines of /proc/self/mountinfo, proc(5); later lines lie on top of earlier ones."""
    mounts: list[Mount] = []
    for line in text.splitlines():
        left, separator, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        if not separator or len(fields) < 6 or len(tail) < 3:
            continue
        point, source = _plain(fields[4]), _plain(tail[1])
        mounts.append(Mount(point, source, tail[0], tuple(_plain(tail[2]).split(","))))
    return mounts


def at(mounts: list[Mount], point: str) -> Mount | None:
    """The topmost mount of a path."""
    found = [mount for mount in mounts if mount.point == point]
    return found[-1] if found else None


def holding(mounts: list[Mount], path: str) -> Mount | None:
    """The mount that a path lies on."""
    for folder in (path, *(str(parent) for parent in PurePosixPath(path).parents)):
        found = at(mounts, folder)
        if found is not None:
            return found
    return None


def overlay(mounts: list[Mount], point: str) -> dict[str, Any] | None:
    """What lies over a folder, and on which file system its upper layer is kept."""
    mount = at(mounts, point)
    if mount is None:
        return None
    upper = mount.option("upperdir")
    below = None if upper is None else holding(mounts, upper)
    on = None if below is None else {"source": below.source, "fstype": below.fstype}
    return {"fstype": mount.fstype, "upper": upper, "on": on}


def array(mounts: list[Mount], sys_block: Path) -> dict[str, Any] | None:
    """What is mounted at /scratch, and the level and disks of the array that it is on."""
    mount = at(mounts, str(paths.SCRATCH))
    if mount is None:
        return None
    md = sys_block / os.path.realpath(mount.source).rpartition("/")[2] / "md"
    level = _text(md / "level")
    disks = _text(md / "raid_disks")
    return {
        "source": mount.source,
        "fstype": mount.fstype,
        "level": level,
        "members": None if disks is None else int(disks),
    }


def gather(
    commands: Commands,
    *,
    read_only: bool,
    mountinfo: Path = Path("/proc/self/mountinfo"),
    sys_block: Path = Path("/sys/block"),
    proc: Path = Path("/proc"),
) -> dict[str, Any]:
    """The report; waits until systemd has finished the boot, whatever came of it."""
    state = commands.run(["systemctl", "is-system-running", "--wait"], timeout=DEADLINE).stdout.strip()
    failed = commands.run(["systemctl", "list-units", "--state=failed", "--plain", "--no-legend"]).stdout
    active = commands.run(["systemctl", "is-active", TARGET]).stdout.strip()
    mounts = parse_mountinfo(mountinfo.read_text(encoding="utf-8"))
    root = at(mounts, "/")
    sealed = seal.read(commands)
    return {
        "state": state,
        "failedUnits": [line.split()[0] for line in failed.splitlines() if line.strip()],
        "target": {"name": TARGET, "active": active == "active"},
        "seal": None if sealed is None else sealed.facts(),
        "root": {"fstype": None if root is None else root.fstype, "readOnly": read_only},
        "overlays": {point: overlay(mounts, point) for point in OVERLAYS},
        "scratch": array(mounts, sys_block),
        "listening": listening.gather(proc),
    }


def run() -> int:
    """Publish the report on a standby node; other roles have no use for it."""
    if status.read()["role"] not in (None, "standby"):
        return 0
    found = gather(
        HostCommands(),
        # asked of the kernel: what a write to the programs' folder would meet
        read_only=bool(os.statvfs("/usr").f_flag & os.ST_RDONLY),
    )
    status.publish({**status.read(), "system": found})
    return 0


def _plain(text: str) -> str:
    return re.sub(r"\\(\d{3})", lambda octal: chr(int(octal.group(1), 8)), text)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="ascii").strip()
    except OSError:
        return None
