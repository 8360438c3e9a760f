"""The reviewed list of what goes, a pattern and its reason a line."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path


@dataclass(frozen=True)
class Rule:
    """One line of the list."""

    where: str
    # Pattern of a path below jars/.
    file: str
    # Pattern of entries inside it; None for the whole file.
    entry: str | None


def rules(listing: Path) -> tuple[list[Rule], list[str]]:
    """The rules of a list, and every line that is none."""
    found: list[Rule] = []
    faults: list[str] = []
    for number, line in enumerate(listing.read_text(encoding="utf-8").splitlines(), start=1):
        if not line or line.startswith("#"):
            continue
        where = f"{listing.name}:{number}"
        pattern, _, reason = line.partition("  ")
        if not reason.strip():
            faults.append(f"{where}: {pattern}: no reason (two spaces after the pattern, then why)")
            continue
        file, bang, entry = pattern.partition("!")
        found.append(Rule(where, file, entry if bang else None))
    return found, faults


@dataclass(frozen=True)
class Plan:
    """What the rules come to for the files that there are."""

    # Files to leave out, relative to jars/.
    files: frozenset[str]
    # Jar -> its entries to leave out.
    entries: dict[str, frozenset[str]]
    # Rules that match nothing.
    stale: list[str]


def plan(listed: list[Rule], jars: dict[str, list[str]]) -> Plan:
    """Matches the rules with the files below jars/ and, for jars, their entries."""
    files: set[str] = set()
    entries: dict[str, set[str]] = {}
    stale: list[str] = []
    for rule in listed:
        matching = [name for name in jars if fnmatchcase(name, rule.file)]
        if rule.entry is None:
            files.update(matching)
            if not matching:
                stale.append(f"{rule.where}: {rule.file} matches no file")
            continue
        hit = False
        for name in matching:
            inside = {entry for entry in jars[name] if fnmatchcase(entry, rule.entry)}
            hit = hit or bool(inside)
            entries.setdefault(name, set()).update(inside)
        if not hit:
            stale.append(f"{rule.where}: {rule.file}!{rule.entry} matches no entry of a jar")
    kept = {name: frozenset(inside) for name, inside in entries.items() if inside and name not in files}
    return Plan(frozenset(files), kept, stale)
