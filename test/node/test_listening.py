"""Who listens: read from the kernel's tables."""

from __future__ import annotations

import socket
from pathlib import Path

from kiln_node.host import listening

TCP = """  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 3500007F:0035 00000000:0000 0A 00000000:00000000 00:00000000 00000000   991        0 3412 1 0
   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4001 1 0
   2: 0A0200C0:0016 0B0200C0:C001 01 00000000:00000000 00:00000000 00000000     0        0 4002 1 0
"""
UDP6 = """  sl  local_address                         remote_address                        st tx rx tr tm uid
   7: 00000000000000000000000001000000:0143 00000000000000000000000000000000:0000 07 0:0 0:0 0 0 0 77 2 0
"""


def test_only_sockets_that_wait_are_told() -> None:
    assert list(listening.parse(TCP, "tcp")) == [("127.0.0.53", 53, "3412"), ("0.0.0.0", 22, "4001")]  # noqa: S104


def test_addresses_of_ipv6_are_read() -> None:
    assert list(listening.parse(UDP6, "udp6")) == [("::1", 323, "77")]


def test_finds_the_program_of_a_real_socket() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        (mine,) = [one for one in listening.gather() if one["port"] == port]
    program = Path("/proc/self/comm").read_text(encoding="utf-8").strip()
    assert mine == {"protocol": "tcp", "address": "127.0.0.1", "port": port, "program": program}
