"""Folders for what is not finished yet; a killed run's are removed by the next."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def _is_running(pid: str) -> bool:
    return pid.isdecimal() and Path(f"/proc/{pid}").exists()


@contextmanager
def scratch(parent: Path, prefix: str) -> Iterator[Path]:
    """`parent/prefixPID`, empty, and gone afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{prefix}*"):
        if not _is_running(left.name.removeprefix(prefix)) or left.name == f"{prefix}{os.getpid()}":
            shutil.rmtree(left, ignore_errors=True)
    folder = parent / f"{prefix}{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
