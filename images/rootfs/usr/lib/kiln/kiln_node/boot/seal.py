"""What seals the root that this node runs from, as the kernel tells it.

dm-verity stands between the disk and every read of the root: its table names the root hash, its status says
whether a block was ever not what was sealed. A container has no device mapper of its own: None there.
"""

from __future__ import annotations

from dataclasses import dataclass

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands

#: Name of the mapped root device, as the boot entry gives it (root=/dev/mapper/root).
ROOT = "root"


@dataclass(frozen=True)
class Seal:
    """root_hash: 64 hex digits; intact: no changed block was met; stops: one would stop the kernel."""

    root_hash: str
    intact: bool
    stops: bool

    def facts(self) -> dict[str, object]:
        """As the status has it."""
        return {"rootHash": self.root_hash, "intact": self.intact, "stops": self.stops}


def read(commands: Commands) -> Seal | None:
    """None where the root is no verity device."""
    try:
        table = commands.run(["dmsetup", "table", "--target", "verity", ROOT])
        status = commands.run(["dmsetup", "status", "--target", "verity", ROOT])
    except NodeFault:
        return None
    return parse(table.stdout, status.stdout)


def parse(table: str, status: str) -> Seal | None:
    """
    Of `dmsetup table` and `dmsetup status`, as the kernel's admin-guide/device-mapper/verity.rst has them:
    start, length, `verity`, version, two devices, two block sizes, blocks, start of the tree, algorithm, root
    hash, salt, options; and start, length, `verity`, V (valid) or C (corruption was met).
    """
    fields = table.split()
    state = status.split()
    if len(fields) < 13 or fields[2] != "verity" or len(state) < 4:
        return None
    return Seal(root_hash=fields[11], intact=state[3] == "V", stops="panic_on_corruption" in fields[13:])
