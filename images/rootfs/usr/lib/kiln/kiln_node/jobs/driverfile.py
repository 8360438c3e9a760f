"""What the runner says of its driver, in a file that Spark's user may write: read with suspicion.

{"started", "application", "ended": {"code", "signal", "reason", "detail", "at"} | null}
"""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from kiln_node.jobs.record import Cause

#: Bytes; a real one has a few hundred.
MOST = 64 * 1024


@dataclass(frozen=True)
class Ended:
    """Exactly one of code and number."""

    code: int | None
    number: int | None
    reason: Cause | None
    detail: str
    at: float


@dataclass(frozen=True)
class Driver:
    started: float | None = None
    application: str | None = None
    ended: Ended | None = None


def read_plain(path: Path) -> bytes:
    """A regular file, never through a link: a job's code owns the folder. OSError where there is none."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path} is not a file")
        return stream.read(MOST)


def read(path: Path) -> Driver:
    """What is known; nothing where the file is missing or is not what a runner writes."""
    try:
        found = json.loads(read_plain(path))
    except (OSError, ValueError):
        return Driver()
    return parse(found)


def parse(found: object) -> Driver:
    """Each part that has the right shape."""
    if not isinstance(found, dict):
        return Driver()
    started, application, ended = found.get("started"), found.get("application"), found.get("ended")
    return Driver(
        float(started) if isinstance(started, int | float) else None,
        application if isinstance(application, str) and len(application) < 100 else None,
        _ended(ended) if isinstance(ended, dict) else None,
    )


def _ended(found: dict[str, Any]) -> Ended | None:
    code, number, reason = found.get("code"), found.get("signal"), found.get("reason")
    at, detail = found.get("at"), found.get("detail")
    if not isinstance(at, int | float) or not isinstance(detail, str):
        return None
    whole = isinstance(code, int) and 0 <= code <= 255
    ended_by = isinstance(number, int) and 0 < number < 128
    if whole == ended_by or reason not in (None, *get_args(Cause)):
        return None
    return Ended(code if whole else None, number if ended_by else None, reason, detail[:1000], float(at))


def render(driver: Driver) -> str:
    ended = driver.ended
    return json.dumps(
        {
            "started": driver.started,
            "application": driver.application,
            "ended": None
            if ended is None
            else {
                "code": ended.code,
                "signal": ended.number,
                "reason": ended.reason,
                "detail": ended.detail,
                "at": ended.at,
            },
        }
    )
