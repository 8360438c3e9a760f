"""What units call beside the steps of the boot: guard, watch, notice, drain. Each publishes its outcome."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from kiln_node import paths
from kiln_node.aws import lifecycle, notice
from kiln_node.boot import ready
from kiln_node.duties import guard, leave
from kiln_node.faults import NodeFault
from kiln_node.host import facts
from kiln_node.host.commands import HostCommands
from kiln_node.host.http import HostHttp
from kiln_node.jobs import prune
from kiln_node.nodejson import config
from kiln_node.nodejson.config import NodeConfig
from kiln_node.scratch import space, watch
from kiln_node.spark import sparkimage
from kiln_node.status import status

#: Seconds between two questions to the master about this worker. Each answer lists every worker, and all ask.
ASK_MASTER = 60.0
WATCH = "kiln-watch.service"


def check_start() -> int:
    """ExecStartPre of Spark's units: 0 when the daemon may start."""
    unit = "spark"
    try:
        node = _config()
        unit = guard.unit(node)
        guard.check(node)
    except NodeFault as fault:
        return _fail(unit, fault)
    fault_before = status.read()["fault"]
    if fault_before is not None and fault_before["unit"] == unit:
        # it did not start before, and does now: the status shall say so once the daemon is of use
        HostCommands().run(["systemctl", "restart", "--no-block", "kiln-ready.service"])
    return 0


def keep_watch() -> int:
    """Runs beside the daemon until something is wrong with scratch, or others told the worker to leave."""
    node = _config()
    trouble = watch.until_trouble(
        lambda: _look_with_space(node.least_free_mib), node.least_free_mib, between=_decommissioned(node)
    )
    if trouble is None:
        return drain("the worker was told to decommission, by SIGPWR or at the master's page")
    if trouble.kind == "full" and node.role == "worker":
        _leave(node, trouble.fault.what, None)
    else:
        leave.stop_all(HostCommands())
    _fail(WATCH, trouble.fault)
    return 0


def _look_with_space(least_free_mib: int | None) -> watch.Look:
    """What jobs that have ended left on a full scratch goes before anything that runs does."""
    found = watch.look()
    if found.free is not None and space.short(found.free, least_free_mib):
        removed = prune.make_space(lambda: not space.short(space.measure(), least_free_mib))
        if removed:
            print(f"scratch is full: removed {len(removed)} jobs that have ended", flush=True)
            found = watch.look()
    return found


def heed_notice() -> int:
    """Waits for the notice that the machine goes, then the worker leaves; a group that waits is told so."""
    http, hook = HostHttp(), _config().leave.hook
    code = drain(notice.wait(http, None if hook is None else hook.group))
    if hook is not None:
        with leave.Alone(wait=True):  # whoever else made it leave is done
            lifecycle.let_go(http, hook)
    return code


def drain(because: str, seconds: int | None = None) -> int:
    """The worker leaves; seconds: at the latest after them, by default node.json's. 1: nothing to do here."""
    try:
        how = _leave(_config(), because, seconds)
    except NodeFault as fault:
        print(fault.text(), file=sys.stderr)
        return 1
    print(f"left: {how}\nto come back: systemctl restart kiln-role kiln-ready", flush=True)
    return 0


def _leave(node: NodeConfig, because: str, seconds: int | None) -> str:
    """How it went. Whoever comes while it is at work already changes nothing of it."""
    leave.insist(node)
    address = facts.address_towards(node.master_host, node.master_port)
    with leave.Alone() as mine:
        if not mine:
            return "it is leaving already"
        _published("leaving", because)
        how = leave.run(
            HostCommands(),
            lambda: leave.executors(ready.ask(leave.page(node, address))),
            seconds=node.leave.seconds if seconds is None else seconds,
            release=sparkimage.read().spark,
            say=lambda line: print(line, flush=True),
        )
        _published("left", because, how)
        return how


def _decommissioned(node: NodeConfig) -> Callable[[], bool]:
    """Whether the master counts this worker as one that leaves, though nobody here has said so; asked once a
    minute."""
    if node.role != "worker":
        return lambda: False
    address = facts.address_towards(node.master_host, node.master_port)
    # workers that were started together do not ask together
    due = [time.monotonic() + ASK_MASTER * (hash(address) % 100) / 100]

    def asked() -> bool:
        if time.monotonic() < due[0]:
            return False
        due[0] = time.monotonic() + ASK_MASTER
        if status.read()["phase"] in ("leaving", "left"):
            return False
        try:
            answer = ready.ask_master(node)
        except (OSError, ValueError):
            return False
        mine = [worker["state"] for worker in answer.get("workers", []) if worker.get("host") == address]
        return "DECOMMISSIONED" in mine and "ALIVE" not in mine

    return asked


def _published(phase: str, because: str, how: str | None = None) -> None:
    at = status.milliseconds_since_boot()
    told = {"because": because, "how": how}
    status.publish(status.advance(status.read(), phase, at, leaving=told))


def _fail(unit: str, fault: NodeFault) -> int:
    status.publish(status.fail(status.read(), unit, fault, status.milliseconds_since_boot()))
    print(fault.text(), file=sys.stderr, flush=True)
    return 1


def _config() -> config.NodeConfig:
    return config.load(paths.NODE_JSON, paths.SCHEMA)
