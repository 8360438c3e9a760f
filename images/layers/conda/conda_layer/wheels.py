"""Installs wheels where the environment's Python finds them, beside what is there and never over it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

from .chroot import PREFIX
from .fail import fail

# Whoever wants to know finds it in the distribution's INSTALLER.
_METADATA = {"INSTALLER": b"kiln\n"}


def install_wheel(wheel: Path, out: Path, library: str) -> None:
    """Fills `out` (root of the image); `library` is the environment's `lib/pythonX.Y`.

    Raises FileExistsError where a file of it is there already.
    """
    packages = f"{PREFIX}/{library}/site-packages"
    places = {
        "purelib": packages,
        "platlib": packages,
        "headers": f"{PREFIX}/include",
        "scripts": f"{PREFIX}/bin",
        "data": PREFIX,
    }
    with WheelFile.open(wheel) as source:
        destination = SchemeDictionaryDestination(
            places,
            interpreter=f"{PREFIX}/bin/python",
            script_kind="posix",
            bytecode_optimization_levels=(),
            destdir=str(out),
        )
        install(source=source, destination=destination, additional_metadata=_METADATA)


def _owner(path: str, environment: Path, installed: dict[str, set[str]]) -> str:
    """What the environment has that file from."""
    for record in sorted((environment / "conda-meta").glob("*.json")):
        read = json.loads(record.read_text("utf-8"))
        if path in read["files"]:
            return f"the conda package {read['name']}"
    return next((f"the wheel {wheel}" for wheel, files in installed.items() if path in files), "a package")


def _files(environment: Path) -> set[str]:
    return {
        str(p.relative_to(environment)) for p in environment.rglob("*") if not p.is_dir() or p.is_symlink()
    }


def install_wheels(wheels: Iterable[Path], out: Path, library: str) -> None:
    """Ends the recipe at a file that is there already, naming who has it."""
    environment = out / PREFIX.lstrip("/")
    before = _files(environment)
    installed: dict[str, set[str]] = {}
    for wheel in wheels:
        try:
            install_wheel(wheel, out, library)
        except FileExistsError as error:
            path = str(error).rpartition(f"{PREFIX}/")[2]
            fail(
                f"{wheel.name} and {_owner(path, environment, installed)} both have {path}",
                "leave one of the two out of environment.yml",
            )
        after = _files(environment)
        installed[wheel.name] = after - before
        before = after


def refuse_shadows(environment: Path, library: str) -> None:
    """Ends the recipe where the environment has, from whichever package, what the image has itself."""
    shadows = {
        f"{library}/site-packages/pyspark": "pyspark is the image's own, of the Spark that runs there",
        "bin/java": "the image has the Java that Spark is run by",
    }
    for path, reason in shadows.items():
        if (environment / path).exists():
            fail(f"a package of environment.yml brings {path}: {reason}", "leave that package out")
