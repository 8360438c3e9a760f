"""Whether an address answers, before something waits for it that is more patient than people are."""

from __future__ import annotations

import socket

#: Seconds. What is in the same network connects in milliseconds; a firewall that drops packets never does.
CONNECT = 5.0


def fault(host: str, port: int, seconds: float = CONNECT) -> str | None:
    """Opens a connection; why there is none, None where there is one."""
    try:
        socket.create_connection((host, port), timeout=seconds).close()
    except OSError as error:
        return error.strerror or str(error)
    return None
