"""From an inventory and a policy to what shall be done: pure, the same answer for the same input.

No disk is written that is not proven blank or ours. Ours is a superblock with our array's name and
UUID. Everything else that was selected stops the plan: a person decides about foreign data, by naming
the disk's serial in scratch.erase.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any, Literal

from kiln_node.nodejson.config import DiskPolicy, Selection
from kiln_node.scratch.inventory import Array, Disk, Inventory

#: The array's identity, the same on every node: its disks are scratch wherever they are plugged in.
ARRAY_NAME = "kiln-scratch"
#: uuid5 of the URL namespace and "kiln-scratch", as mdadm writes it.
ARRAY_UUID = "048bf759:f169581f:b746fda5:862c742a"
LABEL = "kiln-scratch"

#: Members of a stripe set are as slow and as small as the least of them: equal to this part.
SIZE_TOLERANCE = 0.01

Action = Literal["mounted", "mount", "mkfs", "assemble", "create", "wait", "stop"]


@dataclass(frozen=True)
class Choice:
    """Why a disk is a member or is left alone."""

    path: str
    taken: bool
    reason: str


@dataclass(frozen=True)
class Plan:
    """action: mounted (nothing to do), mount (the file system is there), mkfs (array there, empty or its
    mkfs was cut short), assemble (superblocks there; look again then), create (erase members, array, file
    system), wait (fewer disks than expected so far), stop (a person must decide: fault says why).

    members: what may be written for `create`, in order; erase: those of them whose foreign data are to go;
    array: the assembled device, if any; release: arrays of ours to stop first.
    """

    action: Action
    disks: tuple[Choice, ...]
    members: tuple[str, ...] = ()
    erase: tuple[str, ...] = ()
    array: str | None = None
    release: tuple[str, ...] = ()
    fault: str | None = None
    hint: str | None = None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def make(inventory: Inventory, policy: DiskPolicy, *, final: bool) -> Plan:
    """final: the deadline has passed, so missing disks are missing."""
    ours = [array for array in inventory.arrays if array.uuid == ARRAY_UUID]
    choices: list[Choice] = []
    members: list[Disk] = []
    foreign: list[str] = []
    for disk in sorted(inventory.disks, key=lambda disk: disk.name):
        verdict = _judge(disk, policy, {array.name for array in ours})
        choices.append(Choice(disk.path, verdict.taken, verdict.reason))
        if verdict.taken:
            members.append(disk)
        elif verdict.stops:
            foreign.append(f"{disk.path}: {verdict.reason}")
    chosen = tuple(choices)

    if foreign:
        return Plan(
            "stop",
            chosen,
            fault="selected disks are not free: " + "; ".join(foreign),
            hint="save what is on them and name their serials in scratch.erase, or select other disks",
        )
    if len(members) > policy.disks:
        return Plan(
            "stop",
            chosen,
            fault=f"{len(members)} disks fit {policy.select}, expected {policy.disks}: "
            + ", ".join(disk.path for disk in members),
            hint="set scratch.disks to what the machine has, or select more narrowly",
        )
    if len(members) < policy.disks:
        short = f"{len(members)} of {policy.disks} disks with {policy.select} are there"
        if not final:
            return Plan("wait", chosen, fault=short)
        if policy.missing == "fail" or not members:
            return Plan(
                "stop",
                chosen,
                fault=short,
                hint="see the reasons by `kiln-scratch plan`; replace the machine, "
                "or set scratch.missing to degrade",
            )
    sizes = [disk.size_bytes for disk in members]
    if min(sizes) < max(sizes) * (1 - SIZE_TOLERANCE):
        return Plan(
            "stop",
            chosen,
            fault="the disks differ in size: "
            + ", ".join(f"{disk.path} {disk.size_bytes}" for disk in members),
            hint="select disks of one size",
        )
    return _act(members, ours, chosen)


@dataclass(frozen=True)
class _Verdict:
    taken: bool
    reason: str
    #: Left alone although it was asked for: the plan must not go on without it.
    stops: bool = False


def _judge(disk: Disk, policy: DiskPolicy, our_arrays: set[str]) -> _Verdict:
    if not _selected(disk, policy.select):
        return _Verdict(False, f"not selected: is not {policy.select}")
    foreign = next(_foreign(disk), None)
    obstacle = next(_in_use(disk, our_arrays), None)
    if obstacle is None and foreign is not None and not _may_be_erased(disk, policy):
        obstacle = foreign
    if obstacle is not None:
        return _Verdict(False, obstacle, stops=True)
    if foreign is not None:
        return _Verdict(True, f"to be erased, as scratch.erase says: {foreign}")
    return _Verdict(True, f"ours: part of {ARRAY_NAME}" if _is_ours(disk) else "blank")


def _may_be_erased(disk: Disk, policy: DiskPolicy) -> bool:
    return disk.serial != "" and disk.serial in policy.erase


def _in_use(disk: Disk, our_arrays: set[str]) -> Iterator[str]:
    """Why a disk must not be written whatever is on it, what a person would look at first coming first."""
    elsewhere = [use for use in disk.used_for if use != "/scratch"]
    strangers = [holder for holder in disk.holders if holder not in our_arrays]
    facts = [
        ("is read-only", disk.read_only),
        ("is removable", disk.removable),
        ("is rotational", disk.rotational),
        ("has no size", disk.size_bytes <= 0),
    ]
    if elsewhere:
        yield f"in use: {', '.join(elsewhere)}"
    if disk.used_for and not _is_ours(disk):
        yield "something else than our array is mounted at /scratch"
    if strangers:
        yield f"held by {', '.join(strangers)}"
    yield from (what for what, holds in facts if holds)
    if disk.fault is not None:
        yield f"cannot be judged: {disk.fault}"


def _foreign(disk: Disk) -> Iterator[str]:
    """What on a disk is neither nothing nor ours."""
    if disk.md is not None and not _is_ours(disk):
        yield f"part of another array: {disk.md.name or disk.md.uuid}"
    if disk.partitions:
        yield f"has partitions: {', '.join(disk.partitions)}"
    if disk.signatures and not _is_ours(disk):
        yield f"holds foreign data: {', '.join(disk.signatures)}"


def _act(members: list[Disk], ours: list[Array], chosen: tuple[Choice, ...]) -> Plan:
    paths = tuple(disk.path for disk in members)
    names = {disk.name for disk in members}
    release = tuple(array.path for array in ours)
    mounted = [array for array in ours if array.mounted_at]
    elsewhere = [array for array in mounted if array.mounted_at != ("/scratch",)]
    if elsewhere:
        return Plan(
            "stop",
            chosen,
            fault=f"our array is mounted at {', '.join(elsewhere[0].mounted_at)}",
            hint="unmount it there: only this program mounts scratch",
        )
    whole = all(_is_member_of(disk, len(members)) for disk in members)
    if not whole or any(not set(array.members) <= names for array in ours) or len(ours) > 1:
        if mounted:
            return Plan(
                "stop",
                chosen,
                fault=f"{mounted[0].path} is mounted at /scratch but its disks are not all there",
                hint="stop Spark, unmount /scratch and start kiln-scratch again: scratch is made anew",
            )
        erase = tuple(disk.path for disk in members if next(_foreign(disk), None) is not None)
        return Plan("create", chosen, members=paths, erase=erase, release=release)
    active = [array for array in ours if array.state != "inactive" and set(array.members) == names]
    if not active:
        return Plan("assemble", chosen, members=paths, release=release)
    return _fill(active[0], chosen)


def _fill(array: Array, chosen: tuple[Choice, ...]) -> Plan:
    """The array is there and whole: what is on it."""
    broken = None
    if array.state == "broken":
        broken = ("is broken: a member is gone", "replace the machine, or stop and start it")
    elif array.mounted_at:
        return Plan("mounted", chosen, array=array.path)
    elif array.fault is not None:
        broken = (f"cannot be judged: {array.fault}", "see dmesg for errors of its disks")
    elif array.filesystem is None or array.unfinished:
        return Plan("mkfs", chosen, array=array.path)
    elif (array.filesystem, array.label) != ("xfs", LABEL):
        broken = (
            f"is our array but holds {array.filesystem}, not our file system",
            "save what is on it and clear it by hand (wipefs --all)",
        )
    if broken is not None:
        return Plan("stop", chosen, fault=f"{array.path} {broken[0]}", hint=broken[1])
    return Plan("mount", chosen, array=array.path)


def _is_member_of(disk: Disk, count: int) -> bool:
    return _is_ours(disk) and disk.md is not None and (disk.md.level, disk.md.devices) == ("raid0", count)


def _is_ours(disk: Disk) -> bool:
    return (
        disk.md is not None
        and disk.fault is None
        and disk.md.uuid == ARRAY_UUID
        and disk.md.name == ARRAY_NAME
        and disk.signatures == ("linux_raid_member",)
    )


def _selected(disk: Disk, select: Selection) -> bool:
    if select.model is not None:
        return disk.model == select.model
    if select.serial_prefix is not None:
        return disk.serial.startswith(select.serial_prefix)
    if select.size_gib is not None:
        smallest, largest = select.size_gib
        return smallest * 2**30 <= disk.size_bytes <= largest * 2**30
    if select.wwns is not None:
        return disk.wwn in select.wwns
    return disk.serial in (select.serials or ())
