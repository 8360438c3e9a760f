"""pins.json: every input of the channel by its content; it names no host."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from .problem import Problem

Archive = Literal["debian", "debian-security"]


@dataclass(frozen=True)
class Deb:
    """A Debian package; `path` is relative to the root of its archive, `size` in bytes."""

    name: str
    version: str
    archive: Archive
    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Wheel:
    """A wheel as the Python package index names it; `size` in bytes."""

    name: str
    version: str
    file: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Pins:
    """python: which one the channel is of, such as `3.13`."""

    python: str
    debian: tuple[Deb, ...]
    pypi: tuple[Wheel, ...]


def load(path: Path) -> Pins:
    """Raises Problem when the file is not one that `dump` could have written."""
    try:
        data = json.loads(path.read_text("utf-8"))
        return Pins(
            str(data["python"]),
            tuple(Deb(**deb) for deb in data["debian"]),
            tuple(Wheel(**wheel) for wheel in data["pypi"]),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(f"{path}: not a list of pins: {error}", "restore it from git") from error


def dump(pins: Pins) -> str:
    """Sorted by name, so that a new pin is a small diff."""
    data = {
        "python": pins.python,
        "debian": [asdict(deb) for deb in sorted(pins.debian, key=lambda d: d.name)],
        "pypi": [asdict(wheel) for wheel in sorted(pins.pypi, key=lambda w: w.name)],
    }
    return json.dumps(data, indent=2) + "\n"
