"""Ends a job that runs."""

from __future__ import annotations

import json
import time

from kiln_node.faults import NodeFault
from kiln_node.host import files
from kiln_node.host.commands import Commands
from kiln_node.jobs import listing
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.record import ENDED, Record

#: Seconds: above TimeoutStopSec of the unit.
STOP = 120.0


def cancel(commands: Commands, wanted: str, by: str, *, now: bool = False) -> Record:
    """Its record with its end. now: without the time in which the driver may tidy up. NodeFault when it has
    ended already, as when there is no such job."""
    record = listing.one(commands, wanted)
    listing.must_run(record)
    folder = Folder(record.id)
    asked = {"at": time.time(), "what": f"{by} cancelled it"}
    files.write(folder.asked, json.dumps(asked) + "\n", mode=0o640)
    if now:
        # to the runner, which kills the driver: it is there to say how that went
        commands.run(["systemctl", "kill", "--kill-whom=main", "--signal=SIGINT", record.unit])
    done = commands.run(["systemctl", "stop", record.unit], timeout=STOP)
    ended = listing.one(commands, record.id)
    if ended.state not in ENDED:
        said = (done.stderr.strip() or "no message").splitlines()[-1]
        raise NodeFault(
            f"job {record.id} has not ended: {said}", where=record.unit, hint=f"journalctl -u {record.unit}"
        )
    return ended
