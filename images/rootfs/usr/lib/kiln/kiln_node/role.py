"""Step 4: start the daemon that node.json asks for, and no other."""

from __future__ import annotations

from kiln_node.commands import Commands
from kiln_node.config import NodeConfig, Role
from kiln_node.faults import NodeFault

#: standby: ground checks and scratch only.
UNITS: dict[Role, str | None] = {
    "master": "spark-master.service",
    "worker": "spark-worker.service",
    "standby": None,
}


def run(config: NodeConfig, commands: Commands) -> None:
    """Returns when systemd has started the unit's process; readiness is the next step's."""
    unit = UNITS[config.role]
    if unit is None:
        return
    done = commands.run(["systemctl", "start", unit], timeout=600)
    if done.code != 0:
        said = (done.stderr.strip() or "no message").splitlines()[0]
        raise NodeFault(f"{unit} did not start: {said}", where=unit, hint=f"see `journalctl -u {unit}`")
