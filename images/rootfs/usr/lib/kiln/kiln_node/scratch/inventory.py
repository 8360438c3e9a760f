"""What disks a machine has and what is on them. Reading only.

Two tools look at every disk, wipefs and mdadm; a disk that either of them cannot judge is not
proven to be anything. Both take what they cannot read for nothing there, so reading is tried first.
Mounts, swap and holders are followed down to whole disks through sysfs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands, must

#: Names of devices that lsblk calls disks and that hold nobody's data for long.
_NO_DISKS = ("zram", "ram", "nbd", "fd", "loop")
#: Bytes at either end of a device that libblkid and mdadm look for signatures in, and more than that.
_END = 1024**2
_COLUMNS = "NAME,KNAME,PATH,TYPE,SIZE,MODEL,SERIAL,WWN,RO,RM,ROTA"


@dataclass(frozen=True)
class MdMember:
    """The superblock of an array on a disk; name without the home host."""

    uuid: str
    name: str
    level: str
    devices: int
    role: str


@dataclass(frozen=True)
class Disk:
    """A whole disk. signatures: types found by wipefs; fault: why it could not be judged."""

    name: str
    path: str
    size_bytes: int
    model: str
    serial: str
    wwn: str = ""
    read_only: bool = False
    removable: bool = False
    rotational: bool = False
    partitions: tuple[str, ...] = ()
    holders: tuple[str, ...] = ()
    used_for: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()
    md: MdMember | None = None
    fault: str | None = None


@dataclass(frozen=True)
class Array:
    """An assembled md device. filesystem: its signature's type; mounted_at: where, if anywhere;
    unfinished: a mkfs.xfs that was cut short left it."""

    name: str
    path: str
    uuid: str
    level: str
    state: str
    members: tuple[str, ...]
    filesystem: str | None = None
    label: str | None = None
    mounted_at: tuple[str, ...] = ()
    unfinished: bool = False
    fault: str | None = None


@dataclass(frozen=True)
class Inventory:
    disks: tuple[Disk, ...] = ()
    arrays: tuple[Array, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Sysfs:
    """The graph of block devices: children of a disk, parents of a partition, slaves of a dm or md."""

    root: Path = Path("/sys/class/block")

    def slaves(self, name: str) -> list[str]:
        return self._names(self.root / name / "slaves")

    def holders(self, name: str) -> list[str]:
        own = self._names(self.root / name / "holders")
        return own + [
            holder for part in self.partitions(name) for holder in self._names(self.root / part / "holders")
        ]

    def partitions(self, name: str) -> list[str]:
        folder = self.root / name
        return sorted(path.parent.name for path in folder.glob("*/partition")) if folder.exists() else []

    def arrays(self) -> list[str]:
        """Every md device, running or not."""
        return sorted(path.parent.name for path in self.root.glob("md*/md"))

    def disk_of(self, name: str) -> str:
        """A partition's disk; any other device itself."""
        path = self.root / name
        if (path / "partition").exists():
            return path.resolve().parent.name
        return name

    @staticmethod
    def _names(folder: Path) -> list[str]:
        return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def whole_disks(name: str, graph: Sysfs) -> set[str]:
    """The disks below a device, through partitions, md, dm and LVM."""
    slaves = graph.slaves(name)
    if slaves:
        return {disk for slave in slaves for disk in whole_disks(slave, graph)}
    return {graph.disk_of(name)}


def mounted_devices(mounts: str) -> list[tuple[str, str]]:
    """(device, mount point) of every mount that has a device, from the text of /proc/mounts."""
    found = []
    for line in mounts.splitlines():
        device, target = line.split(" ")[:2]
        if device.startswith("/dev/"):
            found.append((device, _unescape(target)))
    return found


def swap_devices(swaps: str) -> list[str]:
    """Devices from the text of /proc/swaps."""
    return [line.split()[0] for line in swaps.splitlines()[1:] if line.startswith("/dev/")]


def parse_examine(output: str) -> MdMember | None:
    """`mdadm --examine --export` of one disk."""
    values = _exported(output)
    if "MD_UUID" not in values:
        return None
    return MdMember(
        uuid=values["MD_UUID"],
        name=values.get("MD_NAME", "").rpartition(":")[2],
        level=values.get("MD_LEVEL", "unknown"),
        devices=int(values.get("MD_DEVICES", "0")),
        role=values.get("MD_DEV_UUID", ""),
    )


def parse_wipefs(output: str) -> tuple[tuple[str, ...], str | None]:
    """`wipefs --no-act --json`: signature types, sorted, and the label of a file system."""
    if output.strip() == "":
        return (), None
    found = json.loads(output).get("signatures", [])
    label = next((str(one["label"]) for one in found if one.get("label")), None)
    return tuple(sorted({str(one["type"]) for one in found})), label


def gather(commands: Commands, graph: Sysfs | None = None, proc: Path = Path("/proc")) -> Inventory:
    """Look at every disk and array of the machine."""
    graph = graph or Sysfs()
    listed = json.loads(must(commands, ["lsblk", "--json", "--bytes", "--nodeps", "--output", _COLUMNS]))
    uses = _uses(graph, proc)
    disks: dict[str, Disk] = {}
    for device in listed["blockdevices"]:
        if device["type"] == "disk" and not str(device["kname"]).startswith(_NO_DISKS):
            disk = _disk(device, commands, graph, uses)
            # two paths to one disk are one disk
            disks.setdefault(str(Path(disk.path).resolve()), disk)
    # lsblk --nodeps leaves out what lies on other devices, so arrays come from sysfs
    arrays = [_array(f"/dev/{name}", name, commands, graph, proc) for name in graph.arrays()]
    return Inventory(
        disks=tuple(sorted(disks.values(), key=lambda disk: disk.name)),
        arrays=tuple(arrays),
    )


def unreadable(path: str, commands: Commands) -> str | None:
    """Why the ends of a device, where signatures are, cannot be read; null where they can."""
    sized = commands.run(["blockdev", "--getsize64", path])
    if sized.code != 0 or not sized.stdout.strip().isdecimal():
        return f"its size is not known: {sized.stderr.strip()}"
    skip = max(0, int(sized.stdout) - _END)
    for part in (["count=1"], ["iflag=skip_bytes", f"skip={skip}"]):
        read = commands.run(["dd", f"if={path}", "of=/dev/null", f"bs={_END}", *part, "status=none"])
        if read.code != 0:
            return f"it cannot be read: {read.stderr.strip()}"
    return None


def probe(path: str, commands: Commands) -> tuple[tuple[str, ...], MdMember | None, str | None]:
    """Signatures, superblock and, where they cannot be read or the two tools disagree, the reason."""
    if (why := unreadable(path, commands)) is not None:
        return (), None, why
    wiped = commands.run(["wipefs", "--no-act", "--json", path])
    if wiped.code != 0:
        return (), None, f"wipefs cannot read it: {wiped.stderr.strip()}"
    try:
        signatures, _ = parse_wipefs(wiped.stdout)
    except (ValueError, KeyError, TypeError) as error:
        return (), None, f"wipefs' answer is not understood: {error}"
    examined = commands.run(["mdadm", "--examine", "--export", path])
    if examined.code != 0 and not re.search("No md superblock", examined.stderr):
        return signatures, None, f"mdadm cannot read it: {examined.stderr.strip()}"
    md = parse_examine(examined.stdout)
    if (md is not None) != ("linux_raid_member" in signatures):
        return signatures, md, "wipefs and mdadm disagree whether it is part of an array"
    return signatures, md, None


def _disk(
    device: Mapping[str, Any],
    commands: Commands,
    graph: Sysfs,
    uses: Mapping[str, list[str]],
) -> Disk:
    name, path = str(device["kname"]), str(device["path"])
    signatures, md, fault = probe(path, commands)
    return Disk(
        name=name,
        path=path,
        size_bytes=int(device["size"] or 0),
        model=str(device["model"] or "").strip(),
        serial=str(device["serial"] or "").strip(),
        wwn=str(device["wwn"] or "").strip(),
        read_only=_flag(device["ro"]),
        removable=_flag(device["rm"]),
        rotational=_flag(device["rota"]),
        partitions=tuple(graph.partitions(name)),
        holders=tuple(graph.holders(name)),
        used_for=tuple(sorted(set(uses.get(name, ())))),
        signatures=signatures,
        md=md,
        fault=fault,
    )


def _array(path: str, name: str, commands: Commands, graph: Sysfs, proc: Path) -> Array:
    detail = _exported(commands.run(["mdadm", "--detail", "--export", path]).stdout)
    state_file = graph.root / name / "md" / "array_state"
    state = state_file.read_text(encoding="ascii").strip() if state_file.exists() else "unknown"
    mounts = (proc / "mounts").read_text(encoding="utf-8")
    filesystem, label, fault = None, None, None
    if state != "inactive" and (fault := unreadable(path, commands)) is None:
        wiped = commands.run(["wipefs", "--no-act", "--json", path])
        if wiped.code != 0:
            fault = f"wipefs cannot read it: {wiped.stderr.strip()}"
        else:
            types, label = parse_wipefs(wiped.stdout)
            filesystem = "+".join(types) or None
    return Array(
        name=name,
        path=path,
        uuid=detail.get("MD_UUID", ""),
        level=detail.get("MD_LEVEL", "unknown"),
        state=state,
        members=tuple(graph.slaves(name)),
        filesystem=filesystem,
        label=label,
        mounted_at=tuple(
            target for device, target in mounted_devices(mounts) if Path(device).resolve().name == name
        ),
        unfinished=filesystem == "xfs" and _unfinished(Path(path)),
        fault=fault,
    )


def _unfinished(device: Path) -> bool:
    """sb_inprogress, byte 126 of XFS' superblock (xfs_format.h): mkfs clears it as its last write."""
    with device.open("rb") as stream:
        return stream.read(127)[126:] == b"\x01"


def _uses(graph: Sysfs, proc: Path) -> dict[str, list[str]]:
    """Disk name to what it serves: mount points and swap."""
    uses: dict[str, list[str]] = {}
    served: Iterable[tuple[str, str]] = [
        *mounted_devices((proc / "mounts").read_text(encoding="utf-8")),
        *((device, "swap") for device in swap_devices((proc / "swaps").read_text(encoding="utf-8"))),
    ]
    for device, purpose in served:
        for disk in whole_disks(Path(device).resolve().name, graph):
            uses.setdefault(disk, []).append(purpose)
    return uses


def _exported(output: str) -> dict[str, str]:
    return dict(line.strip().split("=", 1) for line in output.splitlines() if "=" in line)


def _flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    if str(value) not in ("0", "1"):
        raise NodeFault(f"lsblk answers {value!r} for a flag", where="lsblk", hint="report this")
    return str(value) == "1"


def _unescape(text: str) -> str:
    replace: Callable[[re.Match[str]], str] = lambda found: chr(int(found.group(1), 8))  # noqa: E731
    return re.sub(r"\\(\d{3})", replace, text)
