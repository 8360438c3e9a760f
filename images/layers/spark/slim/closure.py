"""What refers to a class that was left out.

Everything that a class file names (other classes, the types of fields and methods, generic signatures,
annotations) stands as text in its constant pool, so the names of the dropped packages are looked for in
its bytes: a superset of what jdeps reports, without a JDK and at the speed of reading.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from .jar import classes

# jar and class that refers -> class that is not there.
Reference = tuple[str, str, str]


def _package(name: str) -> str:
    return name.rpartition("/")[0]


def _searching(dropped: Iterable[str]) -> re.Pattern[bytes]:
    """Finds names whose package begins with the same two parts as that of a dropped class."""
    roots = sorted({"/".join(_package(name).split("/")[:2]) for name in dropped})
    return re.compile(b"(?:" + b"|".join(re.escape(root.encode()) for root in roots) + rb")/[\w$/-]+")


def _references(jar: Path, pattern: re.Pattern[bytes], dropped: frozenset[bytes]) -> Iterator[Reference]:
    with zipfile.ZipFile(jar) as archive:
        for entry in archive.namelist():
            if entry.endswith(".class"):
                found = set(pattern.findall(archive.read(entry))) & dropped
            elif entry.startswith("META-INF/services/"):
                # A provider's file names classes by dots, one a line.
                words = archive.read(entry).replace(b".", b"/").split()
                found = set(words) & dropped
            else:
                continue
            for name in sorted(found):
                yield jar.name, entry.removesuffix(".class"), name.decode()


def dangling(kept: Iterable[Path], dropped: Iterable[str]) -> list[Reference]:
    """References of the kept jars to a dropped class that no kept jar has."""
    jars = sorted(kept)
    gone = set(dropped)
    for jar in jars:
        gone -= classes(jar)
    if not gone:
        return []
    pattern = _searching(gone)
    names = frozenset(name.encode() for name in gone)
    return [reference for jar in jars for reference in _references(jar, pattern, names)]


def told(references: Iterable[Reference], most: int = 20) -> str:
    """The references in words, a line for each missing class, the first `most` of them."""
    by_class: dict[str, list[str]] = defaultdict(list)
    for jar, place, missing in references:
        by_class[missing].append(f"{jar}: {place}")
    lines = [
        f"  {missing} is needed by {places[0]}" + (f" and {len(places) - 1} more" if len(places) > 1 else "")
        for missing, places in sorted(by_class.items())
    ]
    rest = [f"  and {len(lines) - most} more classes"] if len(lines) > most else []
    return "\n".join([*lines[:most], *rest])
