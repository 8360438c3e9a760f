"""Step 4: start the daemon that node.json asks for, and no other."""

from __future__ import annotations

from collections.abc import Callable

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands
from kiln_node.nodejson.config import NodeConfig, Role

#: driver: jobs are submitted here; standby: ground checks and scratch only.
UNITS: dict[Role, str | None] = {
    "master": "spark-master.service",
    "worker": "spark-worker.service",
    "history": "spark-history.service",
    "notebook": "spark-notebook.service",
    "driver": None,
    "standby": None,
}

#: Stops every daemon of Spark that a node may have, and the drivers on it.
ALL = "spark-*.service"


def run(config: NodeConfig, commands: Commands, fault_of: Callable[[str], NodeFault | None]) -> None:
    """Returns when systemd has started the unit's process; readiness is the next step's.

    fault_of: what a unit's own guard has published of why it does not start, if it has."""
    unit = UNITS[config.role]
    if unit is None:
        return
    done = commands.run(["systemctl", "start", unit], timeout=600)
    if done.code != 0:
        guarded = fault_of(unit)
        if guarded is not None:
            raise guarded
        said = (done.stderr.strip() or "no message").splitlines()[0]
        raise NodeFault(f"{unit} did not start: {said}", where=unit, hint=f"see `journalctl -u {unit}`")
    for helper in helpers(config):
        commands.run(["systemctl", "start", "--no-block", helper])


def helpers(config: NodeConfig) -> list[str]:
    """What runs beside the daemon: the watch on scratch, on a worker the one for notices, and the page of a
    master or history server."""
    watching = ["kiln-watch.service"] if config.role in ("master", "worker") else []
    notices = config.role == "worker" and config.leave.notice != "none"
    page = [f"kiln-{config.role}-page.service"] if config.role in ("master", "history") else []
    return [*watching, *(["kiln-notice.service"] if notices else []), *page]
