"""Environment variables are the recipe contract's (factory/layers); exit code 3 on failure."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from conda_layer.bytecode import compile_modules, library_folder
from conda_layer.chroot import PREFIX, chroot
from conda_layer.fail import fail
from conda_layer.inputs import locked
from conda_layer.normalise import normalise

from .install import install_wheel, refuse_overwriting
from .source import clean_copy
from .wheel import build_wheel, unpack_backend


def main() -> int:
    variables = {name: Path(os.environ[name]) for name in
                 ("KILN_LOCK", "KILN_INPUTS", "KILN_OUT", "KILN_TMP", "KILN_OS_TREE", "KILN_BELOW_CONDA",
                  "KILN_PROJECT", "KILN_CODE")}  # fmt: skip
    epoch = int(os.environ["SOURCE_DATE_EPOCH"])
    out, scratch, below = variables["KILN_OUT"], variables["KILN_TMP"], variables["KILN_BELOW_CONDA"]
    environment = below / PREFIX.lstrip("/")
    library = library_folder(environment)
    source, backend, wheels = scratch / "source", scratch / "backend", scratch / "wheel"
    clean_copy(variables["KILN_PROJECT"] / variables["KILN_CODE"], source, epoch)
    locked_wheels = locked(variables["KILN_LOCK"], variables["KILN_INPUTS"], "code", "pypi")
    unpack_backend(source, [wheel.path for wheel in locked_wheels], backend)
    wheels.mkdir()
    places = {"/source": source, "/backend": backend, "/wheel": wheels, "/out": out}
    with chroot(variables["KILN_OS_TREE"], environment, scratch, places) as root:
        build_wheel(root, source)
        made = sorted(wheels.glob("*.whl"))
        if len(made) != 1:
            fail(f"the build backend made {len(made)} wheels", "it must make one")
        install_wheel(made[0], out, library)
        refuse_overwriting(out, below)
        compile_modules(root, f"/out{PREFIX}/{library}", strip="/out")
    normalise(out, epoch)
    print(f"code: {made[0].name} at {PREFIX}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
