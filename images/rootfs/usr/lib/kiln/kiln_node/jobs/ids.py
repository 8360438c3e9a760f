"""Names of jobs: sortable by time of submission, short enough to type. 20261128-121530-k3f9"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterable

from kiln_node.faults import NodeFault

#: Without letters and digits that look alike.
LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
PATTERN = re.compile(r"\d{8}-\d{6}-[2-9a-hjkmnp-z]{4}\Z")


def make(now: float, choose: Callable[[str], str] = secrets.choice) -> str:
    """now: seconds since 1970."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    return f"{stamp}-{''.join(choose(LETTERS) for _ in range(4))}"


def valid(text: str) -> bool:
    """Whether it is one, and so is safe as the name of a folder or unit."""
    return PATTERN.match(text) is not None


def find(wanted: str, known: Iterable[str]) -> str:
    """The job whose ID begins with `wanted`, or ends with it; NodeFault when there is none, or several."""
    found = [one for one in known if one.startswith(wanted) or one.rpartition("-")[2] == wanted]
    if wanted in found:
        return wanted
    if len(found) == 1 and wanted:
        return found[0]
    if not found or not wanted:
        raise NodeFault(
            f"there is no job {wanted!r} on this node",
            where="jobs",
            hint="kiln-node jobs list --all shows them",
        )
    raise NodeFault(
        f"{wanted!r} begins the names of {len(found)} jobs: {', '.join(sorted(found)[-5:])}",
        where="jobs",
        hint="write more of the name, or only its last four letters",
    )
