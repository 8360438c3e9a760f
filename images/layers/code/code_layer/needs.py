"""Ends the recipe where what the build or the package asks for is not there, with every fault at once."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from pathlib import Path

from conda_layer.fail import fail

from .requirements import (
    Found,
    Unmet,
    conda_line,
    installed,
    marker_environment,
    metadata,
    unmet,
    wrong_python,
)


def refuse_unmet_build(requires: Sequence[str], packages: Path, python: str) -> None:
    """`packages` is the site-packages of the environment that the locked wheels were installed in."""
    missing = unmet(requires, installed(packages), marker_environment(python))
    if missing:
        names = ", ".join(f'"{fault.requirement}"' for fault in missing)
        fail(
            f"the build of the code package needs {names}, which the lock does not have",
            f"add to build-system.requires of its pyproject.toml: {names}; then kiln lock",
        )


def with_spark(found: dict[str, Found], spark: str) -> dict[str, Found]:
    """The image's Spark brings its own Python package and py4j, whatever the environment has."""
    return {**found, "pyspark": Found(spark), "py4j": Found(None)}


def faults_of(missing: Sequence[Unmet], wrong: str | None, requires_python: str | None) -> list[str]:
    """A line for each, with what to write into environment.yml."""
    lines = [f"{fault} -> environment.yml: {conda_line(fault.requirement)}" for fault in missing]
    if wrong is not None:
        lines.insert(0, f"{wrong} -> environment.yml: - python{requires_python}")
    return lines


def refuse_unmet_package(wheel: Path, packages: Path, python: str, spark: str) -> None:
    """`packages` is the environment's site-packages."""
    with zipfile.ZipFile(wheel) as archive:
        file = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = metadata(archive.read(file).decode("utf-8"))
    missing = unmet(
        text.get_all("Requires-Dist") or [],
        with_spark(installed(packages), spark),
        marker_environment(python),
    )
    lines = faults_of(missing, wrong_python(text["Requires-Python"], python), text["Requires-Python"])
    if lines:
        fail(
            f"the environment does not have what {wheel.name} asks for:\n"
            + "\n".join(f"    {line}" for line in lines),
            "then kiln lock; a conda package may have another name than the Python project",
        )
