"""Command lines of the node's programs. Exit codes: 0 done, 1 no, 2 wrong use."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from kiln_node import reset, status, steps
from kiln_node.commands import HostCommands
from kiln_node.faults import NodeFault


def node(arguments: Sequence[str]) -> int:
    """kiln-node STEP | failed UNIT | check-files: what the units call; reset: for people."""
    parser = argparse.ArgumentParser(prog="kiln-node", description="One step of a node's boot.")
    commands = parser.add_subparsers(dest="step", required=True)
    for name, (phase, _) in steps.STEPS.items():
        commands.add_parser(name, help=f"until the node is {phase}")
    commands.add_parser("check-files", help="compare the image's files with its manifest (containers)")
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
