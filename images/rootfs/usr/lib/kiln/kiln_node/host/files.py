"""Writing files so that a reader sees the old text or the new one, never half of it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write(path: Path, data: str | bytes, *, mode: int, group: str | None = None) -> None:
    """Replace a file atomically; mode and group (owner is root) are set before it has its name."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    content = data.encode("utf-8") if isinstance(data, str) else data
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            if group is not None:
                shutil.chown(temporary, group=group)
            os.fchmod(stream.fileno(), mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def folder(path: Path, *, mode: int, user: str | None = None, group: str | None = None) -> None:
    """A folder with exactly this owner and mode, made or set right."""
    path.mkdir(parents=True, exist_ok=True)
    if user is not None or group is not None:
        shutil.chown(path, user=user, group=group)  # type: ignore[arg-type]
    path.chmod(mode)
