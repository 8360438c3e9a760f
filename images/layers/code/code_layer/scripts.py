"""Scripts and notebooks that are no package: their folder at one path of every node."""

from __future__ import annotations

import shutil
from pathlib import Path

from conda_layer.chroot import PREFIX

CODE = "/opt/code"
#: The environment's Python reads it at each start, in drivers, executors and notebooks: a line is one more
#: folder of modules, after the environment's own.
_PTH = "kiln-code.pth"
# factory/code/build-system.ts has the same.
_PROJECT_FILES = ("pyproject.toml", "setup.py", "setup.cfg")


def is_package(source: Path) -> bool:
    """Whether a wheel is built of it."""
    return any((source / name).is_file() for name in _PROJECT_FILES)


def place_scripts(source: Path, out: Path, library: str) -> None:
    """Fills `out` (root of the image); `library` is the environment's `lib/pythonX.Y`."""
    shutil.copytree(source, out / CODE.lstrip("/"), symlinks=True)
    packages = out / PREFIX.lstrip("/") / library / "site-packages"
    packages.mkdir(parents=True)
    (packages / _PTH).write_text(f"{CODE}\n", "utf-8")
