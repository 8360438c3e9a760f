"""What this machine is: the measured side of the configuration."""

from __future__ import annotations

import os
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from kiln_node.faults import NodeFault


@dataclass(frozen=True)
class Facts:
    """memory_mib: RAM, or the control group's limit where that is lower; address: towards the master."""

    cores: int
    memory_mib: int
    address: str


def parse_memtotal(meminfo: str) -> int:
    """MiB of RAM from the text of /proc/meminfo."""
    found = re.search(r"^MemTotal:\s+(\d+) kB$", meminfo, re.MULTILINE)
    if found is None:
        raise ValueError("no MemTotal in /proc/meminfo")
    return int(found.group(1)) // 1024


def memory_limit(ram_mib: int, cgroup_max: str | None) -> int:
    """RAM or, where set and lower, the limit in memory.max (bytes or `max`)."""
    if cgroup_max is None or not cgroup_max.strip().isdigit():
        return ram_mib
    return min(ram_mib, int(cgroup_max) // (1024 * 1024))


def address_towards(host: str, port: int) -> str:
    """The own address that the kernel would use to reach the master. Nothing is sent."""
    try:
        family, kind, protocol, _, target = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.connect(target)
            return str(probe.getsockname()[0])
    except OSError as error:
        raise NodeFault(
            f"no way to the master {host}: {error}",
            where="network",
            hint="see `networkctl status` and the network configuration given to cloud-init",
        ) from error


def gather(master_host: str, master_port: int) -> Facts:
    """Read the machine."""
    ram = parse_memtotal(Path("/proc/meminfo").read_text(encoding="ascii"))
    limit = Path("/sys/fs/cgroup/memory.max")
    return Facts(
        cores=len(os.sched_getaffinity(0)),
        memory_mib=memory_limit(ram, limit.read_text(encoding="ascii") if limit.is_file() else None),
        address=address_towards(master_host, master_port),
    )
