"""Which sockets wait for somebody to call, as the kernel's own tables have them (proc_net_tcp.rst)."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterator
from pathlib import Path
from typing import Any

#: State of a waiting socket: TCP_LISTEN, and of UDP one that is connected to nobody (net/tcp_states.h).
WAITING = {"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}


def parse(table: str, protocol: str) -> Iterator[tuple[str, int, str]]:
    """(address, port, inode) of every waiting socket of /proc/net/PROTOCOL."""
    for line in table.splitlines()[1:]:
        fields = line.split()
        if len(fields) < 10 or fields[3] != WAITING[protocol]:
            continue
        address, _, port = fields[1].rpartition(":")
        yield _address(address), int(port, 16), fields[9]


def gather(proc: Path = Path("/proc")) -> list[dict[str, Any]]:
    """{"protocol": tcp or udp, "address", "port", "program"}, sorted; program: null where it is not known."""
    programs = _programs(proc)
    found = {
        (protocol.removesuffix("6"), address, port, programs.get(inode))
        for protocol in WAITING
        for address, port, inode in parse(_text(proc / "net" / protocol), protocol)
    }
    return [
        {"protocol": protocol, "address": address, "port": port, "program": program}
        for protocol, address, port, program in sorted(found, key=str)
    ]


def _address(text: str) -> str:
    """The kernel writes the address's words, each as the machine keeps it: the bytes of a word backwards."""
    raw = bytes.fromhex(text)
    words = [raw[at : at + 4][::-1] for at in range(0, len(raw), 4)]
    return str(ipaddress.ip_address(b"".join(words)))


def _programs(proc: Path) -> dict[str, str]:
    """Inode of a socket -> name of a program that has it open; who listens on systemd's behalf is systemd."""
    found: dict[str, str] = {}
    processes = sorted(proc.glob("[0-9]*"), key=lambda path: int(path.name), reverse=True)
    for folder in processes:
        name = _text(folder / "comm").strip()
        for link in _open_files(folder):
            if link.startswith("socket:[") and name:
                found[link[len("socket:[") : -1]] = name
    return found


def _open_files(process: Path) -> Iterator[str]:
    """Where its descriptors lead; what is closed or has ended meanwhile is passed over."""
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return
    for descriptor in descriptors:
        with contextlib.suppress(OSError):
            yield str(descriptor.readlink())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""
