"""Two wheels of one source: what is in them must be the same."""

from __future__ import annotations

import zipfile
from pathlib import Path

_EXECUTABLE = 0o100 << 16


def contents(wheel: Path) -> dict[str, tuple[bytes, bool]]:
    """Bytes of each file and whether it is executable; without RECORD, which follows from the others."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            info.filename: (archive.read(info), bool(info.external_attr & _EXECUTABLE))
            for info in archive.infolist()
            if not info.is_dir() and not info.filename.endswith(".dist-info/RECORD")
        }


def _first_difference(one: bytes, other: bytes) -> str:
    try:
        lines = one.decode().splitlines(), other.decode().splitlines()
    except UnicodeDecodeError:
        return "its bytes differ"
    for number, (first, second) in enumerate(zip(*lines, strict=False), start=1):
        if first != second:
            return f"line {number} is {first.strip()[:100]!r}, then {second.strip()[:100]!r}"
    return f"it has {len(lines[0])} lines, then {len(lines[1])}"


def differences(one: Path, other: Path) -> list[str]:
    """A line for each file that is not the same in both; empty when all are."""
    first, second = contents(one), contents(other)
    lines = [] if one.name == other.name else [f"the wheel's name is {one.name}, then {other.name}"]
    for name in sorted(first.keys() | second.keys()):
        if name not in second or name not in first:
            lines.append(f"{name}: only one of the two wheels has it")
        elif first[name] != second[name]:
            (data, executable), (again, _) = first[name], second[name]
            what = (
                _first_difference(data, again)
                if data != again
                else (f"it is {'' if executable else 'not '}executable in the first alone")
            )
            lines.append(f"{name}: {what}")
    return lines
