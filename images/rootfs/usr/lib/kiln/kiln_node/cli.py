"""Command lines of the node's programs. Exit codes: 0 done, 1 no, 2 wrong use."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from kiln_node import paths
from kiln_node.boot import boottime, reset, steps
from kiln_node.duties import canary, duties
from kiln_node.faults import NodeFault
from kiln_node.host.commands import HostCommands
from kiln_node.jobs import cli as jobs
from kiln_node.nodejson import config
from kiln_node.status import status

#: name: what for, and what it does.
DUTIES: dict[str, tuple[str, Callable[[], int]]] = {
    "guard": ("may this node's daemon start now", duties.check_start),
    "watch": ("look after scratch while the daemon runs", duties.keep_watch),
    "notice": ("wait for the notice that this machine goes", duties.heed_notice),
}


def _seconds(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 3600:
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 3600")
    return int(text)


def node(arguments: Sequence[str]) -> int:
    """STEP, guard, watch, notice, failed, check-files: for units; drain, reset, canary: for people."""
    parser = argparse.ArgumentParser(
        prog="kiln-node",
        description="What this node does, step by step.",
        epilog="example: kiln-node drain --because 'the rack is emptied'",
    )
    commands = parser.add_subparsers(dest="step", required=True)
    for name, (phase, _) in steps.STEPS.items():
        commands.add_parser(name, help=f"until the node is {phase}")
    commands.add_parser("check-files", help="compare the image's files with its manifest (containers)")
    for name, (about, _) in DUTIES.items():
        commands.add_parser(name, help=about)
    drain = commands.add_parser("drain", help="this worker leaves: blocks move to the others, then it stops")
    drain.add_argument("--because", default="asked for on the node", help="what kiln-status says of it")
    drain.add_argument("--seconds", type=_seconds, help="stop after so many, whatever has not moved")
    empty = commands.add_parser("reset", help="empty the state partition at the next start")
    empty.add_argument("--reboot", action="store_true", help="start again at once")
    proof = commands.add_parser("canary", help="run a small job on every worker (on the master)")
    proof.add_argument("--timeout", type=float, default=180, help="seconds; default 180")
    proof.add_argument("--again", action="store_true", help="even where it has run on these very workers")
    proof.add_argument("--json", action="store_true", help="what came of it as JSON")
    commands.add_parser("jobs", help="jobs submitted on this node: list, show, cancel, logs")
    failed = commands.add_parser("failed", help="publish that a unit has failed")
    failed.add_argument("unit")
    if arguments[:1] == ["jobs"]:
        return jobs.main(arguments[1:])
    given = parser.parse_args(arguments)
    return _do(given)


def _do(given: argparse.Namespace) -> int:
    """What was asked for, by its name."""
    known: dict[str, Callable[[], int]] = {
        "failed": lambda: steps.unit_failed(given.unit),
        "check-files": steps.check_files,
        "drain": lambda: duties.drain(given.because, given.seconds),
        "reset": lambda: _reset(reboot=given.reboot),
        "canary": lambda: _canary(given.timeout, again=given.again, as_json=given.json),
        **{name: do for name, (_, do) in DUTIES.items()},
    }
    do = known.get(given.step)
    return steps.run(given.step) if do is None else do()


def _reset(*, reboot: bool) -> int:
    try:
        print(reset.run(HostCommands(), reboot=reboot))
    except NodeFault as fault:
        print(fault.text(), file=sys.stderr)
        return 1
    return 0


def _canary(timeout: float, *, again: bool, as_json: bool) -> int:
    """0 when every living worker ran an executor, 1 when not."""
    try:
        node = config.load(paths.NODE_JSON, paths.SCHEMA)
        found, ran = canary.ensure(node, HostCommands(), timeout, again=again)
    except NodeFault as fault:
        print(fault.text(), file=sys.stderr)
        return 1
    said = status.canary_sentence(found) + ("" if ran else ", before; --again runs it anew")
    print(json.dumps({**found, "ran": ran}) if as_json else said)
    return 1 if found["missing"] else 0


def show_status(arguments: Sequence[str]) -> int:
    """kiln-status: 0 when the node is ready, 1 when it is not yet or has failed."""
    parser = argparse.ArgumentParser(
        prog="kiln-status", description="State of this node. Exit code 0: ready; 1: not yet, or failed."
    )
    parser.add_argument("--json", action="store_true", help="the whole state as JSON; with --timings, these")
    parser.add_argument("--timings", action="store_true", help="what the boot took, by phase")
    given = parser.parse_args(arguments)
    state = status.read()
    if given.timings:
        sys.stdout.write(_timings(state, as_json=given.json))
        return 0 if state["phase"] == "ready" else 1
    sys.stdout.write(json.dumps(state, indent=2) + "\n" if given.json else status.describe(state))
    return 0 if state["phase"] == "ready" else 1


def _timings(state: status.State, *, as_json: bool) -> str:
    commands = HostCommands()
    manager = boottime.read(commands)
    container = commands.run(["systemd-detect-virt", "--container", "--quiet"]).code == 0
    found = boottime.parts(manager, state["timings"], container=container)
    document = boottime.document(found, manager)
    return json.dumps(document, indent=2) + "\n" if as_json else boottime.describe(found)
