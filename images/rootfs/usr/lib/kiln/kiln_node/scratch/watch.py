"""While a daemon of Spark runs: is scratch still what it was, does it take a write, has it space.

A worker on a full or broken disk stays registered and fails every task it is given, until applications are
ended for it. So the watch takes it away: politely where its blocks can still be read, at once where not.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.scratch import mountpoint, space

#: Seconds between two looks.
INTERVAL = 5.0


@dataclass(frozen=True)
class Look:
    """device: of the file system mounted at /scratch, None where nothing is; error: why a write failed."""

    device: int | None
    error: str | None = None
    free: space.Space | None = None


@dataclass(frozen=True)
class Trouble:
    """kind: whether what is on the disk can still be read, and so be moved."""

    kind: Literal["lost", "full"]
    fault: NodeFault


def look(path: Path = paths.SCRATCH, mountinfo: Path = Path("/proc/self/mountinfo")) -> Look:
    """One look; never raises."""
    if mountpoint.find_mount(mountinfo.read_text(encoding="utf-8"), str(path)) is None:
        return Look(None)
    probe = path / f".kiln-watch.{os.getpid()}"
    try:
        device = path.stat().st_dev
    except OSError as error:
        return Look(0, error.strerror or str(error))
    try:
        free = space.measure(path)
        descriptor = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            os.write(descriptor, b"kiln")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
            probe.unlink(missing_ok=True)
    except OSError as error:
        return Look(device, error.strerror or str(error))
    return Look(device, None, free)


def judge(found: Look, device: int, least_free_mib: int | None) -> Trouble | None:
    """device: of the file system that was proven when the watch began."""
    where = str(paths.SCRATCH)
    again = "when it is mended: systemctl restart kiln-scratch kiln-configure kiln-role kiln-ready"
    if found.device is None:
        return Trouble("lost", NodeFault(f"nothing is mounted at {where} any more", where=where, hint=again))
    if found.free is not None:
        bound = space.bound_mib(found.free.size_mib, least_free_mib)
        if found.free.free_mib < bound:
            left = f"{found.free.free_mib} MiB left of {found.free.size_mib}"
            what = f"{where} is full: {left}, {bound} must stay free"
            hint = (
                "see what fills it: du -xh --max-depth=2 /scratch | sort -h; "
                "then systemctl restart kiln-role kiln-ready"
            )
            return Trouble("full", NodeFault(what, where=where, hint=hint))
    if found.error is not None:
        what = f"{where} cannot be written: {found.error}"
        return Trouble("lost", NodeFault(what, where=where, hint=f"see dmesg; {again}"))
    if found.device != device:
        what = f"another file system lies at {where} than the one that was proven at the start"
        return Trouble("lost", NodeFault(what, where=where, hint=again))
    return None


def until_trouble(
    see: Callable[[], Look],
    least_free_mib: int | None,
    *,
    between: Callable[[], bool] = lambda: False,
    sleep: Callable[[float], None] = time.sleep,
) -> Trouble | None:
    """Looks until something is wrong; None when `between` has said that there is nothing left to watch."""
    first = see()
    device = first.device if first.device is not None else -1
    found = first
    while True:
        trouble = judge(found, device, least_free_mib)
        if trouble is not None:
            return trouble
        if between():
            return None
        sleep(INTERVAL)
        found = see()
