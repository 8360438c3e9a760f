"""kiln-node reset: the node forgets all that it learned since its image was put on the disk."""

from __future__ import annotations

from pathlib import Path

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands, must

#: Where the initrd mounts the state partition (images/layers/os/dracut/90kiln-state).
STATE = Path("/run/kiln-state")


def ask(state: Path = STATE) -> None:
    """Leave the mark by which the initrd empties the state partition; NodeFault without a partition."""
    if not state.is_dir():
        raise NodeFault(
            "this node has no state partition: nothing outlives its machine",
            where=str(state),
            hint="a container is reset by destroying and deploying it",
        )
    (state / "reset").touch()


def run(commands: Commands, *, reboot: bool, state: Path = STATE) -> str:
    """Ask for the reset, and start again at once if so wanted; what a person is told."""
    ask(state)
    if reboot:
        must(commands, ["systemctl", "reboot"])
        return "the node restarts and empties its state partition"
    return "the state partition is emptied at the next start: systemctl reboot"
