"""What the build has beside the image: its backend in an environment of its own, git, a clock to set, and
programs that stand for what kiln does not have and note that they were called."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from conda_layer.fail import fail
from installer import install
from installer.destinations import SchemeDictionaryDestination
from installer.sources import WheelFile

# Places in the build's root.
VENV = "/build/env"
TOOLS = "/build/tools"
STUBS = "/build/stubs"
CALLED = f"{STUBS}/called"

COMPILERS = (
    "cc", "gcc", "c++", "g++", "clang", "clang++", "x86_64-linux-gnu-gcc", "x86_64-linux-gnu-g++",
    "x86_64-conda-linux-gnu-cc", "x86_64-conda-linux-gnu-gcc", "x86_64-conda-linux-gnu-c++", "gfortran",
    "rustc", "cargo", "go", "swig", "cmake", "ninja", "meson", "make",
)  # fmt: skip

# git exits with 128 where there is no repository, a shell with 127 where there is no program.
_STUB = """#!/bin/sh
printf '%s\\n' "${{0##*/}} $*" >>{called}
echo "kiln: the build of the code package has no ${{0##*/}}" >&2
exit {code}
"""

# Asked by backends that only want to know whether there is a repository, and go on without one.
_HARMLESS = (
    "git --version",
    "git version",
    "git rev-parse --show-",
    "git config",
    "git check-ignore",
)


def unpack_debs(debs: Iterable[Path], target: Path) -> None:
    """Unpacks Debian packages side by side."""
    target.mkdir()
    for deb in debs:
        subprocess.run(["dpkg-deb", "--extract", deb, target], check=True)


def write_stubs(names: Iterable[str], target: Path) -> None:
    """One for each name, in a folder that comes before the image's on PATH."""
    target.mkdir()
    (target / "called").touch()
    (target / "called").chmod(0o666)
    for name in sorted(set(names)):
        (target / name).write_text(_STUB.format(called=CALLED, code=128 if name == "git" else 127))
        (target / name).chmod(0o755)


def called(stubs: Path) -> list[str]:
    """Calls of stubs that decide what is built, each once."""
    lines = dict.fromkeys((stubs / "called").read_text("utf-8", errors="replace").splitlines())
    return [line for line in lines if line and not line.startswith(_HARMLESS)]


def refuse_calls(calls: Sequence[str]) -> None:
    """Ends the recipe where a build asked for what kiln does not give it: elsewhere its wheel is another."""
    compilers = sorted({call.split()[0] for call in calls if not call.startswith("git ")})
    if compilers:
        fail(
            f"the build of the code package asks for a compiler ({', '.join(compilers)}), and kiln has none",
            "take the compiled part from a conda package: see docs/code.md",
        )
    if calls:
        fail(
            f"the build of the code package asks git ({calls[0]}), and nothing in it mentions git",
            "mention it, so that the layer is built again when git's answer changes: add a table [tool.kiln] "
            "with git = true to pyproject.toml",
        )


def install_backend(wheels: Iterable[Path], root: Path, library: str) -> None:
    """Installs the locked wheels into the environment at VENV below `root`."""
    packages = f"{VENV}/{library}/site-packages"
    places = {
        "purelib": packages,
        "platlib": packages,
        "headers": f"{VENV}/include",
        "scripts": f"{VENV}/bin",
        "data": VENV,
    }
    for wheel in wheels:
        with WheelFile.open(wheel) as source:
            install(
                source=source,
                destination=SchemeDictionaryDestination(
                    places,
                    interpreter=f"{VENV}/bin/python",
                    script_kind="posix",
                    bytecode_optimization_levels=(),
                    destdir=str(root),
                ),
                additional_metadata={},
            )
