"""slim LIST JARS: leaves out of the folder of jars what the list says, or says why it cannot."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

from .closure import dangling, told
from .jar import classes, copy
from .listing import plan, rules


def _entries(path: Path) -> list[str]:
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def _sizes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*.jar"))


def _without(jar: Path, gone: frozenset[str]) -> set[str]:
    """Takes those entries out of a jar; the classes among them."""
    slim = jar.with_suffix(".slim")
    copy(jar, slim, lambda entry: entry not in gone)
    went = classes(jar) - classes(slim)
    slim.replace(jar)
    return went


def refuse(what: str, hint: str) -> int:
    print(f"spark: {what}\n  -> {hint}, or set jars: full in factory.yaml", file=sys.stderr)
    return 3


def main() -> int:
    listing, folder = map(Path, sys.argv[1:])
    jars = {str(p.relative_to(folder)): _entries(p) for p in sorted(folder.rglob("*.jar"))}
    listed, faults = rules(listing)
    todo = plan(listed, jars)
    if faults or todo.stale:
        return refuse("\n  ".join(["the list of what goes is wrong:", *faults, *todo.stale]), "mend the list")
    before = _sizes(folder)
    # What lies in a folder below jars/ is on no class path but that of the program it belongs to.
    dropped = set().union(*(classes(folder / name) for name in todo.files if "/" not in name))
    for name in sorted(todo.files):
        (folder / name).unlink()
    for name, gone in sorted(todo.entries.items()):
        dropped |= _without(folder / name, gone)
    for empty in [path for path in folder.rglob("*") if path.is_dir() and not any(path.iterdir())]:
        empty.rmdir()
    references = dangling(folder.glob("*.jar"), dropped)
    if references:
        return refuse(f"classes that went are referred to:\n{told(references)}", f"mend {listing.name}")
    after = _sizes(folder)
    print(f"spark: {len(todo.files)} of {len(jars)} jars left out, {before >> 20} -> {after >> 20} MiB")
    return 0


sys.exit(main())
