"""A worker leaves: it takes no more work, its blocks move to those that stay, then its unit is stopped.

From Spark 3.1 on a worker decommissions on SIGPWR: its executors end when their tasks are done and their
blocks have moved. The worker's own process does not end (measured with 4.1): stopping the unit is ours. An
earlier worker is killed by the signal (measured with 2.2.3, 2.4.8 and 3.0.3) and cannot be told to take no
more work: it is stopped when it has no executor, or at the deadline.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from typing import Any

from kiln_node import paths
from kiln_node.boot import role
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands, must
from kiln_node.nodejson.config import NodeConfig
from kiln_node.spark import sparkjudge

UNIT = "spark-worker.service"
#: Seconds between two looks at what still runs.
INTERVAL = 1.0
#: Port of the worker's page, unless spark.conf says otherwise.
PAGE_PORT = "8081"

#: First release whose worker can be told to leave (SPARK-20628).
DRAINS_FROM = "3.1"

#: Executors that the worker still has; OSError or ValueError where its page does not answer.
Count = Callable[[], int]


def page(config: NodeConfig, address: str) -> str:
    """Of this worker, as JSON."""
    return f"http://{address}:{dict(config.spark_conf).get('spark.worker.ui.port', PAGE_PORT)}/json/"


def executors(answer: dict[str, Any]) -> int:
    """Those that run, of the worker's page."""
    return len(answer.get("executors", []))


def insist(config: NodeConfig) -> None:
    """NodeFault unless this is a worker."""
    if config.role != "worker":
        raise NodeFault(
            f"this node is a {config.role}: only workers leave",
            where="node.json: role",
            hint="kiln clusters shows which nodes are workers",
        )


def run(
    commands: Commands,
    count: Count,
    *,
    seconds: int,
    release: str,
    say: Callable[[str], None] = print,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Returns how it went when the unit is stopped; seconds: until that happens at the latest; release: of
    Spark."""
    if commands.run(["systemctl", "is-active", "--quiet", UNIT]).code != 0:
        return "no worker runs here"
    started = clock()
    drains = sparkjudge.within(release, {"from": DRAINS_FROM})
    if drains:
        must(commands, ["systemctl", "kill", "--kill-whom=main", "--signal=PWR", UNIT])
        say("the worker takes no more work; its blocks move")
    else:
        say(
            f"Spark {release} cannot drain a worker: it takes work until it is stopped, which is when it "
            f"has no executor, or after {seconds} s; what it holds is recomputed"
        )
    left: int | None = None
    while clock() - started < seconds:
        try:
            now = count()
        except (OSError, ValueError):
            break  # the worker itself has gone
        if now == 0:
            left = 0
            break
        if now != left:
            say(f"{now} executors have not ended yet")
        left = now
        sleep(INTERVAL)
    must(commands, ["systemctl", "stop", UNIT], timeout=120)
    took = f"{clock() - started:.0f} s"
    if left in (0, None):
        return f"every executor had ended after {took}"
    lost = "" if drains else "; what they held is recomputed"
    return f"{left} executors had not ended after {took} and were stopped{lost}"


class Alone:
    """One leave at a time: a notice and a person may come together. False where another one is at it.

    wait: until that one is done."""

    def __init__(self, *, wait: bool = False) -> None:
        self._how = fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB)
        paths.RUN.mkdir(parents=True, exist_ok=True)
        self._descriptor = os.open(paths.RUN / "leave.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def __enter__(self) -> bool:
        try:
            fcntl.flock(self._descriptor, self._how)
        except BlockingIOError:
            return False
        return True

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)


def stop_all(commands: Commands) -> None:
    """Every daemon and driver of Spark on this node, at once."""
    commands.run(["systemctl", "stop", role.ALL], timeout=120)
