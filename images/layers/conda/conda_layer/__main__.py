"""Environment variables are the recipe contract's (factory/layers); exit code 3 on failure."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import NoReturn

from .bytecode import compile_modules, library_folder
from .chroot import PREFIX, chroot
from .fail import fail
from .inputs import locked
from .install import install_packages
from .normalise import drop_bytecode, normalise
from .wheels import install_wheels, refuse_shadows
from .without import leave_out, patterns


def main() -> int:
    variables = {name: Path(os.environ[name]) for name in
                 ("KILN_LOCK", "KILN_INPUTS", "KILN_OUT", "KILN_TMP", "KILN_RUNTIME_TREE")}  # fmt: skip
    packages = locked(variables["KILN_LOCK"], variables["KILN_INPUTS"], "conda", "conda")
    wheels = locked(variables["KILN_LOCK"], variables["KILN_INPUTS"], "conda", "pypi")
    if not packages:
        fail("the lock has no conda packages", "kiln lock")
    target = variables["KILN_OUT"] / PREFIX.lstrip("/")
    target.parent.mkdir(parents=True)
    asyncio.run(install_packages(packages, target, PREFIX, variables["KILN_TMP"]))
    drop_bytecode(target)
    library = library_folder(target)
    install_wheels([wheel.path for wheel in wheels], variables["KILN_OUT"], library)
    refuse_shadows(target, library)
    gone = leave_out(target, patterns(variables["KILN_LOCK"]))
    with chroot(variables["KILN_RUNTIME_TREE"], target, variables["KILN_TMP"]) as root:
        compile_modules(root, f"{PREFIX}/{library}")
    normalise(variables["KILN_OUT"], int(os.environ["SOURCE_DATE_EPOCH"]))
    print(
        f"conda: {len(packages)} packages and {len(wheels)} wheels at {PREFIX}, "
        f"without {gone >> 20} MiB of them",
        file=sys.stderr,
    )
    return 0


def leave(code: int) -> NoReturn:
    """Ends without Python's tear-down: rattler's threads may outlive the interpreter they call into, and
    the process then dies by SIGSEGV or SIGABRT with its work already done (one run in some dozens)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
