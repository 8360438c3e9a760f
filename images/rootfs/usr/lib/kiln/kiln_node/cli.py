"""Command lines of the node's programs. Exit codes: 0 done, 1 no, 2 wrong use."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from kiln_node import status, steps


def node(arguments: Sequence[str]) -> int:
    """kiln-node STEP | kiln-node failed UNIT: what the units call."""
    parser = argparse.ArgumentParser(prog="kiln-node", description="One step of a node's boot.")
    commands = parser.add_subparsers(dest="step", required=True)
    for name, (phase, _) in steps.STEPS.items():
        commands.add_parser(name, help=f"until the node is {phase}")
    failed = commands.add_parser("failed", help="publish that a unit has failed")
    failed.add_argument("unit")
    given = parser.parse_args(arguments)
    return steps.unit_failed(given.unit) if given.step == "failed" else steps.run(given.step)


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
