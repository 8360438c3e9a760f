"""Runs the image's own Python at its final place: Debian's C library below, the environment mounted."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .fail import fail

PREFIX = "/opt/conda-env"


@dataclass(frozen=True)
class Chroot:
    root: Path

    def start(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """The environment's Python, with nothing of the caller's environment variables."""
        variables = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/tmp",  # noqa: S108 (the chroot's own)
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONHASHSEED": "0",
            # Build backends date what they write by it.
            "SOURCE_DATE_EPOCH": os.environ["SOURCE_DATE_EPOCH"],
        }
        command = ["chroot", str(self.root), f"{PREFIX}/bin/python", *arguments]
        return subprocess.Popen(command, env=variables)


@contextmanager
def chroot(
    os_tree: Path, environment: Path, scratch: Path, mounts: Mapping[str, Path] | None = None
) -> Iterator[Chroot]:
    """A root of /usr from `os_tree`, `environment` at its prefix, and `mounts` (path in it: folder).

    The os tree is not written to: the root is a folder of its own below `scratch`, of bind mounts.
    """
    root = scratch / "root"
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(f"usr/{name}")
    for name in ("tmp", "dev"):
        (root / name).mkdir()
    (root / "dev/null").touch()
    # The loader finds a program's own folder ($ORIGIN) by /proc.
    places = {"/usr": os_tree / "usr", "/proc": Path("/proc"), PREFIX: environment, **(mounts or {})}
    mounted: list[Path] = []
    try:
        for place, folder in places.items():
            target = root / place.lstrip("/")
            target.mkdir(parents=True)
            _mount(folder, target)
            mounted.append(target)
        yield Chroot(root)
    finally:
        for target in reversed(mounted):
            subprocess.run(["umount", target], check=True)


def _mount(folder: Path, target: Path) -> None:
    done = subprocess.run(["mount", "--bind", folder, target], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        fail(f"{folder} cannot be mounted: {done.stderr.strip()}", "recipes run as root in a mount namespace")
