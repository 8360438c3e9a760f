"""The jobs of this node as people and `kiln jobs` see them."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands
from kiln_node.jobs import driverfile, ended, folder, ids
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.record import ENDED, Record, close

#: Seconds in which a job that was submitted may have no unit yet.
SUBMITTING = 90.0


def active(commands: Commands, records: Iterable[Record]) -> set[str]:
    """IDs of those whose unit systemd still has."""
    wanted = list(records)
    if not wanted:
        return set()
    words = ["systemctl", "show", "--property=Id,ActiveState", *(one.unit for one in wanted)]
    alive: set[str] = set()
    for block in commands.run(words).stdout.split("\n\n"):
        facts = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        if facts.get("ActiveState") not in (None, "inactive", "failed"):
            alive.add(facts.get("Id", ""))
    return {one.id for one in wanted if one.unit in alive}


def known(commands: Commands, root: Path = folder.JOBS, now: float | None = None) -> list[Record]:
    """Every job, newest last. One whose unit is gone without an end is lost, and its record says so from now
    on."""
    at = time.time() if now is None else now
    found = list(folder.every(root))
    open_ones = [record for _, record in found if record.state not in ENDED]
    alive = active(commands, open_ones)
    records: list[Record] = []
    for place, record in found:
        young = record.state == "submitted" and at - record.submitted < SUBMITTING
        if record.state in ENDED or record.id in alive or young:
            records.append(record)
        else:
            records.append(_lost(place, at))
    return records


def _lost(place: Folder, at: float) -> Record:
    """Read anew: it may have ended just now."""
    state, end = ended.settle({}, driverfile.read(place.driver), ended.asked_for(place))
    found = close(place.read(), state, end, at)
    place.write(found)
    return found


def one(commands: Commands, wanted: str, root: Path = folder.JOBS) -> Record:
    """By its ID, the beginning of it, or its last four letters; NodeFault when there is none, or several."""
    records = {record.id: record for record in known(commands, root)}
    return records[ids.find(wanted, records)]


def table(records: list[Record], now: float) -> str:
    """Lines for a person."""
    if not records:
        return "no jobs\n"
    rows = [("JOB", "STATE", "CODE", "SUBMITTED", "TOOK", "NAME"), *(_row(record, now) for record in records)]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    return "".join(
        "  ".join([*(row[column].ljust(widths[column]) for column in range(5)), row[5]]).rstrip() + "\n"
        for row in rows
    )


def _row(record: Record, now: float) -> tuple[str, str, str, str, str, str]:
    took = "-"
    if record.started is not None:
        took = f"{max(0.0, (record.ended or now) - record.started):.0f} s"
    code = "-" if record.end is None else str(record.end.code)
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(record.submitted))
    return record.id, record.state, code, when, took, record.name


def must_run(record: Record) -> None:
    """NodeFault when it has ended."""
    if record.state in ENDED:
        raise NodeFault(
            f"job {record.id} has already ended: {record.state}",
            where="jobs",
            hint=f"kiln-node jobs show {record.id}",
        )
