"""The package's source as a build sees it: the same each time, wherever the working copy comes from."""

from __future__ import annotations

import shutil
from pathlib import Path

from conda_layer.normalise import normalise


def fresh_copy(source: Path, target: Path, epoch: int) -> None:
    """Modes and times of the working copy depend on umask and git: some backends put them into wheels."""
    shutil.copytree(source, target, symlinks=True)
    normalise(target, epoch)
