"""The node's state, as /run/kiln/status.json and as lines for machines and people.

{"version": 1, "cluster", "role", "phase", "image", "seal", "files", "scratch", "sizing", "metadata",
"leaving", "canary", "fault", "timings"}; phase goes booting, validated, scratch, configured, started, ready,
or failed from anywhere; a worker that was told to leave is leaving, then left. timings are milliseconds since
the machine's PID 1 started.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.host import files

State = dict[str, Any]

PHASES: Final = (
    "booting",
    "validated",
    "scratch",
    "configured",
    "started",
    "ready",
    "failed",
    "leaving",
    "left",
)


def initial() -> State:
    """Before anything is known."""
    return {
        "version": 1,
        "cluster": None,
        "role": None,
        "phase": "booting",
        "image": None,
        "seal": None,
        "files": None,
        "scratch": None,
        "sizing": None,
        "metadata": None,
        "leaving": None,
        "canary": None,
        "fault": None,
        "timings": {},
    }


def advance(state: State, phase: str, at: int, **facts: object) -> State:
    """The state in its next phase. A failed node stays failed until a step succeeds anew."""
    if phase not in PHASES:
        raise ValueError(f"no such phase: {phase}")
    timings = {**state["timings"], phase: at}
    return {**state, **facts, "phase": phase, "fault": None, "timings": timings}


def fail(state: State, unit: str, fault: NodeFault, at: int) -> State:
    """The state after a fault, with what was known before it."""
    return {
        **state,
        "phase": "failed",
        "fault": {"unit": unit, "what": fault.what, "where": fault.where, "hint": fault.hint},
        "timings": {**state["timings"], "failed": at},
    }


def sentence(state: State) -> str:
    """One line for the console."""
    name = f"{state['cluster'] or 'no cluster'}/{state['role'] or 'no role'}"
    seconds = state["timings"].get(state["phase"])
    when = "" if seconds is None else f" after {seconds / 1000:.1f} s"
    if state["fault"] is not None:
        fault = state["fault"]
        return f"kiln: {name} FAILED{when} in {fault['unit']}: {fault['what']}; {fault['hint']}"
    return f"kiln: {name} is {state['phase']}{when}"


def describe(state: State) -> str:
    """Several lines for a person."""
    rows = [
        ("cluster", state["cluster"] or "not known"),
        ("role", state["role"] or "not known"),
        ("phase", state["phase"]),
    ]
    if state["image"]:
        verdict = "as expected" if state["image"]["matches"] else "NOT the expected content"
        rows += [
            ("image", state["image"]["digest"]),
            ("content", f"{state['image']['contentId']} ({verdict})"),
        ]
    if state["seal"]:
        intact = "intact" if state["seal"]["intact"] else "BROKEN: a changed block was read"
        rows.append(("seal", f"root hash {state['seal']['rootHash']}, {intact}"))
    if state["files"]:
        of = f"{state['files']['files']} files"
        damaged = state["files"]["damaged"]
        rows.append(("files", f"{of}, as in the manifest" if damaged == 0 else f"{damaged} of {of} DAMAGED"))
    scratch = state["scratch"]
    if scratch:
        size = f"{scratch['sizeBytes'] / 2**30:.1f} GiB" if scratch["sizeBytes"] else "size not known"
        of = f" of {', '.join(scratch['members'])}" if scratch["members"] else ""
        mounted = "mounted" if scratch["mounted"] else "NOT mounted"
        rows.append(("scratch", f"{scratch['device']}{of}, {size}, {mounted}"))
    rows += _spark(state)
    if state["canary"]:
        rows.append(("canary", canary_sentence(state["canary"])))
    if state["timings"]:
        steps = sorted(state["timings"].items(), key=lambda item: item[1])
        rows.append(("timings", ", ".join(f"{phase} {at / 1000:.1f} s" for phase, at in steps)))
    if state["fault"]:
        fault = state["fault"]
        rows += [
            ("failed in", fault["unit"]),
            ("because", fault["what"]),
            ("where", fault["where"]),
            ("what to do", fault["hint"]),
        ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows) + "\n"


def _spark(state: State) -> list[tuple[str, str]]:
    """What a worker offers and how executors share it, with the reason; what jobs may not reach; a leave."""
    rows: list[tuple[str, str]] = []
    if state["sizing"]:
        offer, share = state["sizing"], state["sizing"]["executor"]
        rows += [
            ("offers", f"{offer['cores']} cores, {offer['memoryMiB']} MiB of heap: {offer['why']}"),
            (
                "executors",
                f"{share['perWorker']} on this worker, {share['cores']} cores and {share['memoryMiB']} MiB "
                f"each: {share['why']}",
            ),
        ]
    if state["metadata"]:
        closed = state["metadata"] == "closed"
        rows.append(
            ("metadata", "closed to jobs" if closed else "open to jobs: a store has no keys of its own")
        )
    if state["leaving"]:
        how = state["leaving"]["how"]
        rows.append(("leaving", state["leaving"]["because"] + (f"; {how}" if how else "")))
    return rows


def canary_sentence(canary: dict[str, Any]) -> str:
    """What the last canary showed."""
    ran, missing = canary["proved"], canary["missing"]
    of = f"ran on {len(ran)} of {len(ran) + len(missing)} workers in {canary['seconds']:.1f} s"
    ran_on = f"{of}, NOT on {', '.join(missing)}" if missing else of
    # one of an older image says nothing of tables
    return f"{ran_on}; {canary['table']}" if "table" in canary else ran_on


def read(path: Path = paths.STATUS) -> State:
    """The state on disk; the initial one where there is none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return initial()
    return {**initial(), **found}


def publish(state: State, path: Path = paths.STATUS) -> None:
    """Write the file for all to read, then tell the host and the console where they listen."""
    path.parent.mkdir(parents=True, exist_ok=True)
    files.write(path, json.dumps(state, indent=2) + "\n", mode=0o644)
    line = json.dumps(state, separators=(",", ":")) + "\n"
    _tell(paths.VIRTIO_STATUS, line)
    _tell(paths.CONSOLE, "\r" + sentence(state) + "\r\n")


def milliseconds_since_boot() -> int:
    """Since PID 1 started: right in a container too, where /proc/uptime is the host's."""
    uptime = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    # field 22 of stat; the name before it may contain spaces, so count from its closing bracket
    fields = Path("/proc/1/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return max(0, round((uptime - started) * 1000))


def _tell(path: Path, line: str) -> None:
    """Best effort, never waiting: nobody may be listening, and that must not stop a node."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return
    try:
        os.write(descriptor, line.encode("utf-8"))
    except OSError:
        pass
    finally:
        os.close(descriptor)
