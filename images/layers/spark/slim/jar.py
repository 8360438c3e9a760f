"""A jar without some of its entries, the same bytes wherever and whenever it is written."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

MANIFEST = "META-INF/MANIFEST.MF"
# The earliest time a zip can hold; a jar's entries need none.
TIME = (1980, 1, 1, 0, 0, 0)


def classes(jar: Path) -> set[str]:
    """Names of a jar's classes as class files spell them: `a/b/C$D`."""
    with zipfile.ZipFile(jar) as archive:
        return {name.removesuffix(".class") for name in archive.namelist() if name.endswith(".class")}


def copy(source: Path, target: Path, keep: Callable[[str], bool]) -> None:
    """Writes those entries that `keep` wants: the manifest first, as jars have it, then by name."""
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(target, "w") as slim:
        entries = [e for e in whole.infolist() if not e.is_dir() and keep(e.filename)]
        for entry in sorted(entries, key=lambda e: (e.filename != MANIFEST, e.filename)):
            info = zipfile.ZipInfo(entry.filename, TIME)
            # Not deflated: what zlib writes differs between its releases, and so would the image.
            info.compress_type = zipfile.ZIP_STORED
            info.external_attr = 0o644 << 16
            slim.writestr(info, whole.read(entry))
