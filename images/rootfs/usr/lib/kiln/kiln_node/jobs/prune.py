"""Which jobs' folders go: what has ended is kept for a day, as a worker keeps its applications, and not
without bounds. A job that runs is never touched."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from kiln_node.jobs import folder
from kiln_node.jobs.record import ENDED, Record

#: Seconds: as spark.worker.cleanup.appDataTtl of settings.json.
KEPT = 86_400.0
#: Jobs that have ended, however recently.
MOST = 500
#: Of these, kiln's own, such as the canary.
MOST_INTERNAL = 5


def going(records: Iterable[Record], now: float) -> list[Record]:
    """Pure: those to remove. records: in the order of their submission."""
    ended = [one for one in records if one.state in ENDED]
    theirs = [one for one in ended if not one.internal]
    own = [one for one in ended if one.internal]
    beyond = {one.id for one in (*theirs[:-MOST], *own[:-MOST_INTERNAL])}
    return [one for one in ended if one.id in beyond or now - (one.ended or one.submitted) > KEPT]


def prune(now: float, root: Path = folder.JOBS) -> list[str]:
    """IDs of those removed. Never raises for one that cannot be: the next time comes."""
    found = list(folder.every(root))
    wanted = {one.id for one in going((record for _, record in found), now)}
    for place, record in found:
        if record.id in wanted:
            shutil.rmtree(place.path, ignore_errors=True)
    return sorted(wanted)


def make_space(enough: Callable[[], bool], root: Path = folder.JOBS) -> list[str]:
    """When scratch is full: jobs that have ended, oldest first, until `enough()` is true."""
    removed: list[str] = []
    for place, record in list(folder.every(root)):
        if enough():
            break
        if record.state in ENDED:
            shutil.rmtree(place.path, ignore_errors=True)
            removed.append(record.id)
    return removed
