"""The package's source as it is in the project, without what lies about in a working copy."""

from __future__ import annotations

import shutil
from pathlib import Path

from conda_layer.normalise import normalise

# Made by builds, tests and editors; never part of a package.
_LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "*.pyc", "*.egg-info", "build", "dist", "node_modules", "*~"
)


def clean_copy(source: Path, target: Path, epoch: int) -> None:
    """Modes and times of the working copy depend on umask and git: some backends put them into wheels."""
    shutil.copytree(source, target, symlinks=True, ignore=_LEFT_OUT)
    normalise(target, epoch)
