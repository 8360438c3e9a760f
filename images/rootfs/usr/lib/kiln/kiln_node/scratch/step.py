"""Step 2: /scratch, by policy: from plan to mounted and proven."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands
from kiln_node.nodejson.config import DirectoryPolicy, DiskPolicy, NodeConfig
from kiln_node.scratch import inventory, mountpoint, plan
from kiln_node.scratch.devices import Devices, HostDevices
from kiln_node.scratch.execute import LONG, PATIENCE, execute

#: Seconds between two looks for disks that are late.
INTERVAL = 1.0

Gather = Callable[[], inventory.Inventory]


def run(config: NodeConfig, commands: Commands) -> dict[str, Any]:
    """What the status tells about scratch; NodeFault when there is none to be had."""
    policy = config.scratch
    if isinstance(policy, DirectoryPolicy):
        mount = mountpoint.require_mount()
        return {"kind": "directory", **_finish(mount.source, [])}
    with _alone():
        commands.run(["udevadm", "settle", PATIENCE], timeout=LONG)
        done = converge(policy, lambda: inventory.gather(commands), commands, HostDevices())
    mountpoint.require_mount()
    members = [choice.path for choice in done.disks if choice.taken]
    return {"kind": "disks", **_finish(str(done.array), members)}


def converge(
    policy: DiskPolicy,
    gather: Gather,
    commands: Commands,
    devices: Devices,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> plan.Plan:
    """Look, plan, do one thing, look again, until mounted. No action is done twice in one run."""
    started = clock()
    rescanned = False
    done: set[str] = set()
    while True:
        waited = clock() - started
        current = plan.make(gather(), policy, final=waited >= policy.deadline)
        if current.action == "mounted":
            return current
        if current.action == "stop":
            raise NodeFault(
                current.fault or "scratch is not possible",
                where="kiln-scratch",
                hint=current.hint or "see `kiln-scratch plan`",
            )
        if current.action == "wait":
            if not rescanned and waited >= policy.deadline / 2:
                rescanned = True
                rescan()
            sleep(min(INTERVAL, policy.deadline))
            continue
        if current.action in done:
            raise NodeFault(
                f"{current.action} did not bring scratch any further",
                where="kiln-scratch",
                hint="see `kiln-scratch plan`, `mdadm --detail --scan` and dmesg",
            )
        done.add(current.action)
        execute(current, commands, devices)


def rescan(sys: Path = Path("/sys/class")) -> None:
    """Ask the NVMe controllers and SCSI hosts to look again. Best effort."""
    for path, word in [
        *((path, "1") for path in sys.glob("nvme/*/rescan_controller")),
        *((path, "- - -") for path in sys.glob("scsi_host/*/scan")),
    ]:
        try:
            path.write_text(word, encoding="ascii")
        except OSError:
            continue


def _finish(device: str, members: list[str]) -> dict[str, Any]:
    mountpoint.prove()
    mountpoint.prepare()
    return {
        "mounted": True,
        "device": device,
        "members": members,
        "sizeBytes": mountpoint.capacity(),
    }


@contextmanager
def _alone() -> Iterator[None]:
    """One owner of disks: a second run by hand waits for the first."""
    paths.RUN.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(paths.RUN / "scratch.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
