"""kiln-scratch plan | apply: look at the plan by hand, or carry it out as the boot does."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.host.commands import HostCommands
from kiln_node.nodejson import config
from kiln_node.nodejson.config import DiskPolicy
from kiln_node.scratch import inventory, plan, step


def main(arguments: Sequence[str]) -> int:
    """0 done or nothing in the way; 1 the plan is to stop; 2 wrong use."""
    parser = argparse.ArgumentParser(
        prog="kiln-scratch", description="The local disks of this node as RAID0 scratch."
    )
    parser.add_argument("action", choices=["plan", "apply"], help="plan reads only")
    given = parser.parse_args(arguments)
    try:
        node = config.load(paths.NODE_JSON, paths.SCHEMA)
        if given.action == "apply":
            print(json.dumps(step.run(node, HostCommands()), indent=2))
            return 0
        if not isinstance(node.scratch, DiskPolicy):
            print(json.dumps({"action": "directory", "disks": []}, indent=2))
            return 0
        made = plan.make(inventory.gather(HostCommands()), node.scratch, final=True)
    except NodeFault as fault:
        print(f"kiln-scratch: {fault.what}\n  what to do: {fault.hint}", file=sys.stderr)
        return 1
    print(json.dumps(made.to_json(), indent=2))
    return 1 if made.action == "stop" else 0
