"""Writing to a block device itself, behind an interface: the only place that overwrites a disk."""

from __future__ import annotations

import fcntl
import os
from typing import Protocol

from kiln_node.faults import NodeFault

#: Bytes erased at a member's start: partition tables, superblocks of every version that mdadm
#: puts there, and the first bytes of the array, since its data start at 1 MiB.
HEAD = 4 * 1024 * 1024
#: Bytes erased at its end: the second GPT and md superblocks of the old versions.
TAIL = 1024 * 1024


class Devices(Protocol):
    """erase: forget what a disk was part of; refused when anything else holds it."""

    def erase(self, path: str) -> None: ...


class HostDevices:
    """O_EXCL fails where the kernel itself uses the disk; the lock keeps udev's probes away."""

    def erase(self, path: str) -> None:
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
        except OSError as error:
            raise NodeFault(
                f"{path} cannot be opened for itself alone: {error.strerror}",
                where=path,
                hint="something uses it: see `lsblk` and `kiln-scratch plan`",
            ) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            size = os.lseek(descriptor, 0, os.SEEK_END)
            _zero(descriptor, 0, min(HEAD, size))
            _zero(descriptor, max(0, size - TAIL), min(TAIL, size))
            os.fsync(descriptor)
        except OSError as error:
            raise NodeFault(
                f"{path} cannot be written: {error.strerror}", where=path, hint="replace the disk"
            ) from error
        finally:
            os.close(descriptor)


def _zero(descriptor: int, start: int, length: int) -> None:
    block = bytes(min(length, 1024 * 1024))
    done = 0
    while done < length:
        done += os.pwrite(descriptor, block[: length - done], start + done)
