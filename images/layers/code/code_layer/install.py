"""Puts a wheel's files where the environment's Python finds them."""

from __future__ import annotations

from pathlib import Path

from conda_layer.chroot import PREFIX
from conda_layer.fail import fail
from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile


def install_wheel(wheel: Path, out: Path, library: str) -> None:
    """Fills `out` (root of the image); `library` is the environment's `lib/pythonX.Y`."""
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
        install(source=source, destination=destination, additional_metadata={"INSTALLER": b"kiln\n"})


def refuse_overwriting(out: Path, below: Path) -> None:
    """Layers only add files: the package must not replace a file of the conda environment."""
    clashes = sorted(
        str(path.relative_to(out))
        for path in out.rglob("*")
        if not path.is_dir() and (below / path.relative_to(out)).exists()
    )
    if clashes:
        fail(
            f"the code package has files that the conda environment has too: {', '.join(clashes[:5])}",
            "rename its modules or scripts, or leave the other package out of environment.yml",
        )
