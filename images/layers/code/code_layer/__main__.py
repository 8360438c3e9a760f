"""Environment variables are the recipe contract's (factory/layers); exit code 3 on failure."""

from __future__ import annotations

import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

from conda_layer.bytecode import compile_modules, library_folder
from conda_layer.chroot import PREFIX, Chroot, chroot
from conda_layer.fail import fail
from conda_layer.inputs import chosen, locked
from conda_layer.normalise import normalise
from conda_layer.wheels import install_wheel

from .builders import (
    COMPILERS,
    STUBS,
    TOOLS,
    VENV,
    called,
    install_backend,
    refuse_calls,
    unpack_debs,
    write_stubs,
)
from .compare import differences
from .install import refuse_overwriting
from .needs import refuse_unmet_build, refuse_unmet_package
from .scripts import CODE, is_package, place_scripts
from .source import fresh_copy
from .wheel import Backend, BuildFailed, Place, backend_of

# More than a year, so that year, month and day are others; a preloaded library gives programs this time.
_LATER = "+400d"
_CLOCK = f"{TOOLS}/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"


def _places(root: Chroot, code: str, history: bool) -> tuple[Place, Place]:
    """The build, and a second one whose place, time and habits are others."""
    first = Place(root, f"/source/{code}".rstrip("/"), "/wheel", "/control", history)
    second = Place(
        root,
        f"/another/place/of/the-source/{code}".rstrip("/"),
        "/another/wheel",
        "/another/control",
        history,
        umask=0o077,
        variables={
            "HOME": "/another",
            "TZ": "KILN-13",
            "PYTHONHASHSEED": "1",
            "LD_PRELOAD": _CLOCK,
            "FAKETIME": _LATER,
            "NO_FAKE_STAT": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        },
    )
    return first, second


def _build_twice(first: Place, second: Place, backend: Backend, stubs: Path) -> Path:
    """The wheel of the first build; ends the recipe when it fails, or the second one is another."""
    try:
        made = first.build(backend)
        refuse_calls(called(stubs))
        again = second.build(backend)
    except BuildFailed:
        refuse_calls(called(stubs))
        fail("the code package's wheel could not be built", "see the build backend's messages above")
    refuse_calls(called(stubs))
    different = differences(made, again)
    if different:
        fail(
            "the code package gives another wheel when it is built again, at another time, in another folder "
            "and under another umask:\n" + "\n".join(f"    {line}" for line in different),
            "have its build make them of its source alone, or of SOURCE_DATE_EPOCH",
        )
    return made


def main() -> int:
    variables = {name: Path(os.environ[name]) for name in
                 ("KILN_LOCK", "KILN_INPUTS", "KILN_OUT", "KILN_TMP", "KILN_OS_TREE", "KILN_CONDA_TREE",
                  "KILN_SOURCE")}  # fmt: skip
    code, history = os.environ["KILN_CODE"], os.environ["KILN_HISTORY"] != ""
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    out, scratch, below = variables["KILN_OUT"], variables["KILN_TMP"], variables["KILN_CONDA_TREE"]
    environment = below / PREFIX.lstrip("/")
    library = library_folder(environment)
    python = chosen(variables["KILN_LOCK"], "python")
    if not is_package(variables["KILN_SOURCE"] / code):
        place_scripts(variables["KILN_SOURCE"] / code, out, library)
        refuse_overwriting(out, below)
        normalise(out, epoch)
        print(f"code: scripts and notebooks at {CODE}", file=sys.stderr)
        return 0
    wheels, debs = (
        [each.path for each in locked(variables["KILN_LOCK"], variables["KILN_INPUTS"], "code", source)]
        for source in ("pypi", "debian")
    )
    backend = backend_of(variables["KILN_SOURCE"] / code)
    places = {
        "/source": scratch / "source",
        "/another/place/of/the-source": scratch / "source-again",
        "/wheel": scratch / "wheel",
        "/another/wheel": scratch / "wheel-again",
        "/control": scratch / "control",
        "/another/control": scratch / "control-again",
        "/build": scratch / "build",
        "/out": out,
    }
    for folder in places.values():
        if folder.name.startswith("source"):
            fresh_copy(variables["KILN_SOURCE"], folder, epoch)
        elif folder != out:
            folder.mkdir()
    build = scratch / "build"
    unpack_debs(debs, build / Path(TOOLS).name)
    write_stubs([*COMPILERS, *([] if history else ["git"])], build / Path(STUBS).name)
    provide_hooks(build / "inside")
    with chroot(variables["KILN_OS_TREE"], environment, scratch, places) as root:
        first, second = _places(root, code, history)
        if first.run([f"{PREFIX}/bin/python", "-I", "-B", "-m", "venv", "--without-pip", VENV]) != 0:
            fail("the environment's Python cannot make a virtual environment", "is its module venv there?")
        install_backend(wheels, root.root, library)
        packages = root.root / VENV.lstrip("/") / library / "site-packages"
        refuse_unmet_build(backend.requires, packages, python)
        refuse_unmet_build(_asked(first, backend, build / Path(STUBS).name), packages, python)
        made = _build_twice(first, second, backend, build / Path(STUBS).name)
        refuse_unmet_package(made, environment / library / "site-packages", python, os.environ["KILN_SPARK"])
        install_wheel(made, out, library)
        refuse_overwriting(out, below)
        compile_modules(root, f"/out{PREFIX}/{library}", strip="/out")
    normalise(out, epoch)
    print(f"code: {made.name} at {PREFIX}", file=sys.stderr)
    return 0


def provide_hooks(target: Path) -> None:
    """What calls the backend's hooks: our program and the library it uses, which is pure Python."""
    found = find_spec("pyproject_hooks")
    if found is None or found.origin is None:
        fail("kiln's Python environment lacks pyproject-hooks", "tools/setup python")
    library = Path(found.origin).parent
    shutil.copytree(Path(__file__).parent / "inside", target)
    shutil.copytree(library, target / library.name, ignore=shutil.ignore_patterns("__pycache__"))


def _asked(place: Place, backend: Backend, stubs: Path) -> list[str]:
    """What the backend needs beside build-system.requires, by its own word."""
    try:
        answer = place.ask("requires", backend)
    except BuildFailed:
        refuse_calls(called(stubs))
        fail("the code package's build backend does not say what it needs", "see its messages above")
    return list(answer["requires"])


if __name__ == "__main__":
    sys.exit(main())
