"""How much of scratch may be used before Spark's part of this node ends: pure figures."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from kiln_node import paths

#: Part of scratch that stays free, in MiB between these bounds, where node.json sets nothing: a task that
#: meets a full disk fails, and tries again elsewhere, again and again.
SHARE = 0.02
LEAST_MIB = 256
MOST_MIB = 10 * 1024


@dataclass(frozen=True)
class Space:
    size_mib: int
    free_mib: int


def measure(path: Path = paths.SCRATCH) -> Space:
    """What an ordinary user may still write. OSError where the file system is gone."""
    found = os.statvfs(path)
    return Space(found.f_blocks * found.f_frsize // 2**20, found.f_bavail * found.f_frsize // 2**20)


def bound_mib(size_mib: int, wanted: int | None) -> int:
    """MiB that stay free; wanted: spark.leastFreeMiB of node.json."""
    if wanted is not None:
        return wanted
    return min(MOST_MIB, max(LEAST_MIB, int(size_mib * SHARE)))


def short(found: Space, wanted: int | None) -> bool:
    """Whether less is free than must stay free."""
    return found.free_mib < bound_mib(found.size_mib, wanted)
