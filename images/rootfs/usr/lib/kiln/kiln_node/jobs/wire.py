"""Between kiln-submit and the runner in the driver's unit: one connection of a Unix socket for the whole job,
and the file of settings that the driver reads.

kiln-submit listens at /run/kiln/jobs/ID.sock and hands over what to run, with its own three streams; nothing
of this is written to a disk, and no shell or unit file reads it. Then kiln-submit sends lines `stop SIGNAL`,
`kill SIGNAL` and `gone`, and the runner the line `started`. The connection ends with either process, however
that process ends: this is how the runner notices that its caller is gone.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
from dataclasses import asdict, dataclass
from pathlib import Path

from kiln_node import paths
from kiln_node.host import files

SOCKETS = paths.RUN / "jobs"
STARTED = b"started\n"
#: Nobody is there any more for whom the job runs.
GONE = b"gone\n"
LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class Work:
    """argv: the program to run and its arguments; environment: beside the unit's own; together: whether both
    streams of the caller are one, so that their order is kept."""

    argv: tuple[str, ...]
    environment: dict[str, str]
    detached: bool
    together: bool


def path(job: str) -> Path:
    return SOCKETS / f"{job}.sock"


def settings(job: str) -> Path:
    """What the driver's Spark reads: in memory, as the cluster's secret stands in it."""
    return SOCKETS / f"{job}.conf"


def write_settings(job: str, text: str) -> None:
    files.folder(SOCKETS, mode=0o750, group=paths.SPARK_USER)
    files.write(settings(job), text, mode=0o640, group=paths.SPARK_USER)


def listen(job: str) -> socket.socket:
    """For one runner, which is Spark's user's."""
    files.folder(SOCKETS, mode=0o750, group=paths.SPARK_USER)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        server.bind(str(path(job)))
    finally:
        os.umask(before)
    shutil.chown(path(job), group=paths.SPARK_USER)
    path(job).chmod(0o660)
    server.listen(1)
    return server


def hand_over(runner: socket.socket, work: Work, streams: tuple[int, int, int]) -> None:
    body = json.dumps(asdict(work)).encode("utf-8", "surrogateescape")
    socket.send_fds(runner, [LENGTH.pack(len(body))], list(streams))
    runner.sendall(body)


def receive(caller: socket.socket) -> tuple[Work, list[int]]:
    """ConnectionError when the caller is gone before it has said all."""
    head, streams, _, _ = socket.recv_fds(caller, LENGTH.size, 3)
    head += _exactly(caller, LENGTH.size - len(head))
    found = json.loads(_exactly(caller, LENGTH.unpack(head)[0]))
    work = Work(tuple(found["argv"]), dict(found["environment"]), found["detached"], found["together"])
    return work, list(streams)


def _exactly(connection: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        piece = connection.recv(min(size - len(data), 2**20))
        if not piece:
            raise ConnectionError("the other side is gone")
        data += piece
    return data
