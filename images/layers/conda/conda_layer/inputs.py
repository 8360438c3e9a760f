"""The layer's locked inputs, each verified before anything else reads it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from .fail import fail


@dataclass(frozen=True)
class Input:
    """A locked file; `channel` and `subdir` are a conda package's and empty otherwise."""

    path: Path
    name: str
    channel: str
    subdir: str


def locked(lock: Path, folder: Path, use: str, source: str) -> list[Input]:
    """Inputs of the lock for that layer and from that source, sorted by name, out of `folder`."""
    inputs = []
    for entry in json.loads(lock.read_text("utf-8"))["inputs"]:
        if (entry["use"], entry["source"]) != (use, source):
            continue
        # A Debian package is named by its path in the archive.
        path = folder / (entry["file"] if "file" in entry else Path(entry["path"]).name)
        # The installer trusts local files: a swapped one would go in unseen.
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != entry["sha256"]:
            fail(
                f"{path.name} is not what the lock says: sha256 {found}", "kiln vault verify, then bake again"
            )
        inputs.append(Input(path, entry["name"], entry.get("channel", ""), entry.get("subdir", "")))
    return sorted(inputs, key=lambda i: i.name)


def chosen(lock: Path, choice: str) -> str:
    """A choice of the lock that the layer declares in layer.yaml, such as the version of Python."""
    value: str = json.loads(lock.read_text("utf-8"))["choices"][choice]["value"]
    return value
