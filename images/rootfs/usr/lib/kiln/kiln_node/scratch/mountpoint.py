"""/scratch once something is mounted there: proven, and the same owners and modes at every boot."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.host import files

_PROBE_BYTES = 1024 * 1024

#: name: owner and mode. s3a has the temp folder's mode: a folder of its own for every user.
FOLDERS: tuple[tuple[str, str, int], ...] = (
    ("spark", paths.SPARK_USER, 0o700),
    ("work", paths.SPARK_USER, 0o750),
    ("home", paths.SPARK_USER, 0o750),
    ("warehouse", paths.SPARK_USER, 0o750),
    ("ivy", paths.SPARK_USER, 0o750),
    ("s3a", "root", 0o1777),
    ("tmp", "root", 0o1777),
)


@dataclass(frozen=True)
class Mount:
    """The topmost mount of a path: its source and the type of its file system."""

    source: str
    fstype: str
    read_only: bool


def find_mount(mountinfo: str, target: str) -> Mount | None:
    """From the text of /proc/self/mountinfo; the last line for a path is the one on top."""
    found = None
    for line in mountinfo.splitlines():
        left, _, right = line.partition(" - ")
        fields, tail = left.split(" "), right.split(" ")
        if len(fields) < 6 or len(tail) < 2:
            continue
        point = re.sub(r"\\(\d{3})", lambda octal: chr(int(octal.group(1), 8)), fields[4])
        if point == target:
            found = Mount(tail[1], tail[0], "ro" in fields[5].split(","))
    return found


def require_mount(path: Path = paths.SCRATCH) -> Mount:
    """The mount at /scratch, or a fault: without one, everything would land in the root."""
    mount = find_mount(Path("/proc/self/mountinfo").read_text(encoding="utf-8"), str(path))
    if mount is None:
        raise NodeFault(
            f"nothing is mounted at {path}",
            where=str(path),
            hint="with scratch.kind directory the machine's starter mounts it (systemd-nspawn --bind)",
        )
    if mount.read_only:
        raise NodeFault(f"{path} is mounted read-only", where=str(path), hint="mount it read-write")
    return mount


def prove(path: Path = paths.SCRATCH) -> None:
    """Write, sync, read back, remove."""
    probe = path / f".kiln-probe.{os.getpid()}"
    content = os.urandom(_PROBE_BYTES)
    try:
        with probe.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
            # what is read next shall come from the device, not from memory
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        same = probe.read_bytes() == content
    except OSError as error:
        raise NodeFault(
            f"{path} cannot be written: {error.strerror}",
            where=str(path),
            hint="see dmesg and `df -h /scratch`",
        ) from error
    finally:
        probe.unlink(missing_ok=True)
    if not same:
        raise NodeFault(
            f"{path} gives back other bytes than were written",
            where=str(path),
            hint="replace the machine: its disks are not to be trusted",
        )


def prepare(path: Path = paths.SCRATCH) -> None:
    """Owner and mode of /scratch and its folders, set anew."""
    files.folder(path, mode=0o755, user="root", group="root")
    for name, user, mode in FOLDERS:
        files.folder(path / name, mode=mode, user=user, group=user)


def capacity(path: Path = paths.SCRATCH) -> int:
    """Bytes as the mounted file system measures itself."""
    measured = os.statvfs(path)
    return measured.f_blocks * measured.f_frsize
