"""Leaves out of the environment what the lock says that no job needs."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .fail import fail


def patterns(lock: Path) -> list[str]:
    """The lock's condaWithout; nothing where it has none."""
    found: list[str] = json.loads(lock.read_text("utf-8")).get("condaWithout", [])
    return found


def _size(path: Path) -> int:
    found = [path, *path.rglob("*")] if path.is_dir() and not path.is_symlink() else [path]
    return sum(each.lstat().st_size for each in found if each.is_symlink() or not each.is_dir())


def leave_out(environment: Path, wanted: list[str]) -> int:
    """Removes what the patterns match; the bytes that went. A pattern that matches nothing says so: it was
    written for another release of its package, and what it was meant for may now be elsewhere."""
    matches = {pattern: sorted(environment.glob(pattern)) for pattern in wanted}
    stale = [pattern for pattern, found in matches.items() if not found]
    if stale:
        fail(
            f"conda.without: nothing in the environment is called {', '.join(stale)}",
            "mend factory.yaml, then kiln lock",
        )
    inside = environment.resolve()
    bytes_gone = 0
    # Deepest last: a folder that went takes along what another pattern found in it.
    for path in sorted({path for found in matches.values() for path in found}):
        if not path.parent.resolve().is_relative_to(inside):
            fail(f"conda.without: {path.relative_to(environment)} lies behind a link out of the environment",
                 "name it where it is")  # fmt: skip
        if not path.exists() and not path.is_symlink():
            continue
        bytes_gone += _size(path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
    return bytes_gone
