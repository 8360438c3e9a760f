"""Compiles modules to bytecode that is the same wherever and whenever it is made."""

from __future__ import annotations

import os
from pathlib import Path

from .chroot import Chroot
from .fail import fail

# Runs on the environment's Python: arguments are the folder as it is in the chroot, the part of it that
# the final path lacks, which share of the files to take, and of how many shares. A file that does not
# compile is left as it is, as Python itself does: packages ship templates and samples named .py.
# What the bytecode of a file is can depend on what was compiled before it in the same process
# (marshal's references): so the order and the shares are fixed, and the hash seed too.
_COMPILE = """
import compileall, os, py_compile, sys
if sys.version_info < (3, 9):
    sys.exit()
folder, strip, share, shares = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
files = sorted(
    os.path.join(parent, name)
    for parent, _, names in os.walk(folder) for name in names if name.endswith(".py")
)
for file in files[share::shares]:
    compileall.compile_file(
        file, stripdir=strip or None, prependdir="/" if strip else None, quiet=2, force=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
"""
_SHARES = 2


def compile_modules(root: Chroot, folder: str, strip: str = "") -> None:
    """Compiles what is below `folder` (a path in the chroot), as if `strip` were not part of the path.

    There is none for Python before 3.9, whose compiler cannot leave out a part of the path."""
    running = [
        root.start(["-B", "-s", "-c", _COMPILE, folder, strip, str(share), str(_SHARES)])
        for share in range(_SHARES)
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        fail(
            "the environment's Python cannot run on the image's base",
            "is its glibc older than the lock says?",
        )


def library_folder(environment: Path) -> str:
    """`lib/pythonX.Y` of an environment."""
    found = [p for p in sorted((environment / "lib").glob("python[23].*")) if (p / "os.py").is_file()]
    if len(found) != 1:
        names = ", ".join(p.name for p in found) or "none"
        fail(f"the environment must have exactly one Python; it has {names}", "mend environment.yml")
    return os.path.relpath(found[0], environment)
