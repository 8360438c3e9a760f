"""Modes and times that depend on nothing but the content."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def normalise(tree: Path, epoch: int) -> None:
    """Folders and executables 0755, other files 0644, every time `epoch` (seconds)."""
    for folder, folders, files in os.walk(tree, topdown=False):
        for name in [*files, *(f for f in folders if (Path(folder) / f).is_symlink()), "."]:
            path = Path(folder) / name
            if not path.is_symlink():
                executable = path.is_dir() or path.stat().st_mode & 0o100
                path.chmod(0o755 if executable else 0o644)
            os.utime(path, (epoch, epoch), follow_symlinks=False)


def drop_bytecode(tree: Path) -> None:
    """Bytecode that came along was compiled elsewhere, for other paths and with times in it."""
    for cache in list(tree.rglob("__pycache__")):
        shutil.rmtree(cache)
