"""Step 5: is the node of use. A started process is not: the master must answer, the worker be registered."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kiln_node.boot.role import UNITS
from kiln_node.faults import NodeFault
from kiln_node.nodejson.config import NodeConfig

#: Seconds. A JVM takes minutes in emulation without KVM, seconds elsewhere.
DEADLINE = 600.0
INTERVAL = 0.5

#: The master's state as its web page gives it in JSON; raises OSError or ValueError while it is not up.
AskMaster = Callable[[], dict[str, Any]]


@dataclass(frozen=True)
class Verdict:
    """ready, and if not why not yet."""

    ready: bool
    reason: str


def ui_port(config: NodeConfig) -> int:
    """The port of the master's page: 8080, unless spark.conf says otherwise."""
    return int(dict(config.spark_conf).get("spark.master.ui.port", "8080"))


def page(config: NodeConfig) -> str:
    """Address of the master's state as JSON."""
    host = f"[{config.master_host}]" if ":" in config.master_host else config.master_host
    return f"http://{host}:{ui_port(config)}/json/"


def ask(url: str) -> Any:  # noqa: ANN401 - JSON may be anything
    """GET of a page that answers JSON. No proxy: a caller's environment must not lead away."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=5) as answer:
        return json.load(answer)


def ask_master(config: NodeConfig) -> dict[str, Any]:
    """The master's page; OSError or ValueError while there is none."""
    found = ask(page(config))
    if not isinstance(found, dict):
        raise ValueError("the master's answer is not an object")  # noqa: TRY004 - as bad JSON is
    return found


def answers(url: str) -> bool:
    """Whether a page is there for all to see."""
    try:
        ask(url)
    except (OSError, ValueError):
        return False
    return True


def alive_workers(answer: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that the master counts as alive (a lost one stays in the list as DEAD)."""
    return [worker for worker in answer.get("workers", []) if worker.get("state") == "ALIVE"]


#: Page of each role's own that answers JSON when it is up; {}: the node's address.
OWN_PAGES = {"history": "http://{}:18080/api/v1/version", "notebook": "http://{}:8888/api"}


def judge(  # noqa: PLR0911 - one return a verdict
    config: NodeConfig, address: str, ask: AskMaster, own_page: Callable[[str], bool] = answers
) -> Verdict:
    """One look: the master answers as ALIVE; a worker is among its living workers by its address; a history
    server and JupyterLab answer on their own page. History needs no master."""
    if config.role == "standby":
        return Verdict(True, "standby")
    own = OWN_PAGES.get(config.role)
    if own is not None and not own_page(own.format(address)):
        return Verdict(False, f"{own.format(address)} does not answer")
    if config.role == "history":
        return Verdict(True, "its page answers")
    try:
        answer = ask()
    except (OSError, ValueError) as error:
        return Verdict(False, f"the master at {config.master_host} does not answer: {error}")
    if answer.get("status") != "ALIVE":
        return Verdict(False, f"the master says {answer.get('status')}")
    if config.role != "worker":
        return Verdict(True, "the master is alive")
    if any(worker.get("host") == address for worker in alive_workers(answer)):
        return Verdict(True, "registered with the master")
    return Verdict(False, f"the master does not list a living worker at {address}")


def wait(
    config: NodeConfig,
    look: Callable[[], Verdict],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Until ready, or NodeFault with the last reason at the deadline."""
    until = clock() + DEADLINE
    while not (verdict := look()).ready:
        if clock() >= until:
            unit = UNITS[config.role] or "kiln-ready.service"
            raise NodeFault(
                f"not ready after {DEADLINE:g} s: {verdict.reason}",
                where=unit,
                hint=f"see `journalctl -u {unit}`; the workers need the master's port and secret",
            )
        sleep(INTERVAL)
