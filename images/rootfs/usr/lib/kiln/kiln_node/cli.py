"""Command lines of the node's programs. Exit codes: 0 done, 1 no, 2 wrong use."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence

from kiln_node import duties, reset, status, steps
from kiln_node.commands import HostCommands
from kiln_node.faults import NodeFault

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
    """kiln-node STEP, guard, watch, notice, failed, check-files: for units; drain, reset: for people."""
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
    failed = commands.add_parser("failed", help="publish that a unit has failed")
    failed.add_argument("unit")
    given = parser.parse_args(arguments)
    match given.step:
        case "failed":
            return steps.unit_failed(given.unit)
        case "check-files":
            return steps.check_files()
        case "drain":
            return duties.drain(given.because, given.seconds)
        case name if name in DUTIES:
            return DUTIES[name][1]()
        case "reset":
            return _reset(reboot=given.reboot)
        case step:
            return steps.run(step)


def _reset(*, reboot: bool) -> int:
    try:
        print(reset.run(HostCommands(), reboot=reboot))
    except NodeFault as fault:
        print(f"{fault.what}\n  where: {fault.where}\n  what to do: {fault.hint}", file=sys.stderr)
        return 1
    return 0


def show_status(arguments: Sequence[str]) -> int:
    """kiln-status: 0 when the node is ready, 1 when it is not yet or has failed."""
    parser = argparse.ArgumentParser(
        prog="kiln-status", description="State of this node. Exit code 0: ready; 1: not yet, or failed."
    )
    parser.add_argument("--json", action="store_true", help="the whole state as JSON")
    given = parser.parse_args(arguments)
    state = status.read()
    sys.stdout.write(json.dumps(state, indent=2) + "\n" if given.json else status.describe(state))
    return 0 if state["phase"] == "ready" else 1
