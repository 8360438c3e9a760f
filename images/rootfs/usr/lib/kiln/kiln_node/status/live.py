"""What changes while a node runs, measured when asked for: scratch and clock, beside the published state."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiln_node import paths
from kiln_node.host import clock
from kiln_node.status import report, status


@dataclass(frozen=True)
class Space:
    """Of a mounted /scratch: bytes and files as df has them, and whether the kernel still takes writes.

    What the file system keeps for root is neither used nor free: size is more than both together."""

    size: int
    used: int
    free: int
    files: int
    files_free: int
    read_only: bool

    def facts(self) -> dict[str, object]:
        """As /status.json has it."""
        return {
            "sizeBytes": self.size,
            "usedBytes": self.used,
            "freeBytes": self.free,
            "readOnly": self.read_only,
        }


@dataclass(frozen=True)
class Live:
    """One look at a node; space: None while nothing is mounted at /scratch."""

    state: status.State
    space: Space | None
    clock: clock.Clock | None

    def document(self) -> dict[str, Any]:
        """{"status": status.json as it stands, "scratch": … | null, "clock": … | null}."""
        return {
            "status": self.state,
            "scratch": None if self.space is None else self.space.facts(),
            "clock": None if self.clock is None else self.clock.facts(),
        }


def read_only(mountinfo: str, folder: Path = paths.SCRATCH) -> bool:
    """Of the file system itself: the exporter's unit sees every mount read-only, whatever the kernel does."""
    mount = report.at(report.parse_mountinfo(mountinfo), str(folder))
    return mount is not None and "ro" in mount.options


def space(folder: Path = paths.SCRATCH, mountinfo: Path = Path("/proc/self/mountinfo")) -> Space | None:
    """None where nothing is mounted: the root's own space says nothing about scratch."""
    try:
        if not folder.is_mount():
            return None
        found = os.statvfs(folder)
        closed = read_only(mountinfo.read_text(encoding="utf-8"), folder)
    except OSError:
        return None
    return Space(
        size=found.f_blocks * found.f_frsize,
        used=(found.f_blocks - found.f_bfree) * found.f_frsize,
        # to Spark's user: what is reserved for root is not free
        free=found.f_bavail * found.f_frsize,
        files=found.f_files,
        files_free=found.f_favail,
        read_only=closed,
    )


def look() -> Live:
    """Now."""
    return Live(status.read(), space(), clock.read())
