"""The image's scripts and notebooks in JupyterLab: copies that can be changed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from kiln_node import paths

TARGET = paths.SCRATCH / "home" / "notebooks" / "code"
_UNFINISHED = ".kiln-copy"


def copy(source: Path = paths.CODE, target: Path = TARGET) -> None:
    """Copies every file that is not there yet, whole or not at all; what somebody changed stays as it is.
    Nothing happens where the image has no scripts."""
    for folder, folders, names in os.walk(source):
        there = target / Path(folder).relative_to(source)
        there.mkdir(parents=True, exist_ok=True)
        links = [name for name in folders if Path(folder, name).is_symlink()]
        for name in [*names, *links]:
            own = there / name
            if os.path.lexists(own):
                continue
            unfinished = there / f"{name}{_UNFINISHED}"
            unfinished.unlink(missing_ok=True)
            shutil.copyfile(Path(folder, name), unfinished, follow_symlinks=False)
            unfinished.rename(own)
