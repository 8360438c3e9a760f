"""Carry out one action of a plan. Decisions are the planner's; the disks' own state is the memory.

Killed at any point, the next run sees from the superblocks how far it came: erased members are
blank, an array without a file system is empty, a file system is mounted.
"""

from __future__ import annotations

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands, must
from kiln_node.scratch import inventory
from kiln_node.scratch.devices import Devices
from kiln_node.scratch.plan import ARRAY_NAME, ARRAY_UUID, LABEL, Plan

#: mdadm's own default; Spark reads and writes in large runs.
CHUNK = "512K"
#: Seconds for udev. Generous: a machine emulated on a busy host takes a minute where others take none.
PATIENCE = "--timeout=180"
#: Seconds for a program that waits for udev or makes an array or a file system.
LONG = 300
DEVICE = f"/dev/md/{ARRAY_NAME}"
MOUNT_OPTIONS = "noatime,nodev,nosuid"


def execute(plan: Plan, commands: Commands, devices: Devices) -> None:
    """create, assemble, mkfs or mount; other actions are no work."""
    if plan.action == "create":
        _create(plan, commands, devices)
    elif plan.action == "assemble":
        _assemble(plan, commands)
    elif plan.action == "mkfs":
        _mkfs(_array(plan), commands)
    elif plan.action == "mount":
        _mount(_array(plan), commands)


def _create(plan: Plan, commands: Commands, devices: Devices) -> None:
    _release(plan, commands)
    for path in plan.members:
        if path not in plan.erase:
            _prove(path, commands)
    for path in plan.members:
        devices.erase(path)
    must(commands, ["udevadm", "settle", PATIENCE], timeout=LONG)
    locks = [f"--device={path}" for path in plan.members]
    alone = ["--force"] if len(plan.members) == 1 else []
    must(
        commands,
        [
            *("udevadm", "lock", *locks),
            *("mdadm", "--create", DEVICE, "--run", *alone),
            *("--metadata=1.2", "--level=0", f"--chunk={CHUNK}", "--data-offset=1M"),
            *("--homehost=any", f"--name={ARRAY_NAME}", f"--uuid={ARRAY_UUID}"),
            *(f"--raid-devices={len(plan.members)}", *plan.members),
        ],
        timeout=LONG,
    )
    must(commands, ["udevadm", "settle", PATIENCE], timeout=LONG)


def _assemble(plan: Plan, commands: Commands) -> None:
    _release(plan, commands)
    must(
        commands,
        [
            *("mdadm", "--assemble", DEVICE, "--homehost=any"),
            *(f"--name={ARRAY_NAME}", f"--uuid={ARRAY_UUID}", *plan.members),
        ],
        timeout=LONG,
    )
    must(commands, ["udevadm", "settle", PATIENCE], timeout=LONG)


def _mkfs(array: str, commands: Commands) -> None:
    must(commands, ["udevadm", "wait", "--settle", PATIENCE, array], timeout=LONG)
    # wipefs forgets a file system that was never finished; no -f: mkfs looks once more
    must(
        commands, ["udevadm", "lock", f"--device={array}", "wipefs", "--all", "--quiet", array], timeout=LONG
    )
    must(
        commands,
        ["udevadm", "lock", f"--device={array}", "mkfs.xfs", "-q", "-K", "-L", LABEL, array],
        timeout=LONG,
    )
    must(commands, ["udevadm", "settle", PATIENCE], timeout=LONG)


def _mount(array: str, commands: Commands) -> None:
    # where the file system below allows, nothing can be written into the bare mount point
    commands.run(["chattr", "+i", "/scratch"])
    must(commands, ["udevadm", "wait", "--settle", PATIENCE, array], timeout=LONG)
    must(commands, ["mount", "-t", "xfs", "-o", MOUNT_OPTIONS, array, "/scratch"], timeout=LONG)


def _release(plan: Plan, commands: Commands) -> None:
    for array in plan.release:
        must(commands, ["mdadm", "--stop", array], timeout=LONG)


def _prove(path: str, commands: Commands) -> None:
    """Immediately before the first write: still blank or ours."""
    signatures, md, fault = inventory.probe(path, commands)
    blank = not signatures and md is None
    ours = md is not None and (md.uuid, md.name) == (ARRAY_UUID, ARRAY_NAME)
    if fault is not None or not (blank or (ours and signatures == ("linux_raid_member",))):
        raise NodeFault(
            f"{path} changed while it was prepared: {fault or ', '.join(signatures)}",
            where=path,
            hint="something else writes to this machine's disks; start kiln-scratch again",
        )


def _array(plan: Plan) -> str:
    if plan.array is None:
        raise ValueError(f"a plan to {plan.action} names its array")
    return plan.array
