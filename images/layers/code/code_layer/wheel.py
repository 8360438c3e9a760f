"""Builds the project's wheel by its own build backend (PEP 517) in the image's own Python."""

from __future__ import annotations

import tomllib
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from conda_layer.chroot import Chroot
from conda_layer.fail import fail
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

# Runs on the environment's Python in the source's folder: arguments are the backend, `:`-separated
# folders to import it from, and where the wheel goes.
_BUILD = """
import importlib, os, sys
os.chdir(sys.argv[4])
sys.path[:0] = sys.argv[2].split(":")
module, _, path = sys.argv[1].partition(":")
backend = importlib.import_module(module)
for name in filter(None, path.split(".")):
    backend = getattr(backend, name)
more = getattr(backend, "get_requires_for_build_wheel", lambda settings: [])({})
if more:
    sys.exit(f"the build backend asks for more than pyproject.toml names: {more}")
backend.build_wheel(sys.argv[3], {})
"""


def build_system(source: Path) -> dict[str, Any]:
    """pyproject.toml's build-system table."""
    file = source / "pyproject.toml"
    try:
        table = tomllib.loads(file.read_text("utf-8"))["build-system"]
    except (OSError, KeyError, tomllib.TOMLDecodeError) as error:
        fail(f"{file.name} of the code package gives no build-system: {error!r}", "see PEP 518")
    if not isinstance(table.get("build-backend"), str):
        fail("pyproject.toml of the code package names no build-backend", "name one: see PEP 517")
    return dict(table)


def missing_requirements(requires: Iterable[str], wheels: Iterable[Path]) -> list[str]:
    """Build requirements that none of the locked wheels fulfils."""
    versions = {name: version for name, version, _, _ in (parse_wheel_filename(w.name) for w in wheels)}
    missing = []
    for requirement in map(Requirement, requires):
        if requirement.marker is not None and not requirement.marker.evaluate():
            continue
        version = versions.get(canonicalize_name(requirement.name))
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            missing.append(str(requirement))
    return missing


def unpack_backend(source: Path, wheels: list[Path], target: Path) -> None:
    """Makes the locked backend importable from `target`; fails when it is not what the source asks for."""
    missing = missing_requirements(build_system(source).get("requires", []), wheels)
    if missing:
        fail(f"the lock has no wheel for the build requirement {', '.join(missing)}", "kiln lock")
    target.mkdir()
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(target)


def build_wheel(root: Chroot, source: Path) -> None:
    """Leaves one wheel in /wheel of the chroot, which has the source at /source, its backend at /backend."""
    table = build_system(source)
    paths = ["/backend", *(f"/source/{path}" for path in table.get("backend-path", []))]
    arguments = [table["build-backend"], ":".join(reversed(paths)), "/wheel", "/source"]
    if root.start(["-B", "-s", "-P", "-c", _BUILD, *arguments]).wait() != 0:
        fail("the code package's wheel could not be built", "see the build backend's messages above")
