"""Imports what an environment offers by name: every entry point of its packages, Jupyter's server extensions.

Run by the environment's own Python; prints {"imported": how many, "failed": [[group, name, why]]}. Entry
points for a program that is not in the environment (pytest's and setuptools' plugins) are not imported.
"""

import contextlib
import importlib
import importlib.metadata
import io
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

#: Group of entry points -> the package that loads them.
LOADED_BY = {
    "pytest11": "pytest",
    "distutils.commands": "setuptools",
    "distutils.setup_keywords": "setuptools",
}


def absent(package: str) -> bool:
    try:
        importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return True
    return False


def left_out(point: importlib.metadata.EntryPoint) -> bool:
    """A command that factory.yaml keeps out of the image."""
    return point.group == "console_scripts" and not (Path(sys.prefix) / "bin" / point.name).exists()


def load(point: importlib.metadata.EntryPoint) -> None:
    """A module may be named as an attribute of the package that it is in."""
    try:
        point.load()
    except AttributeError:
        importlib.import_module(f"{point.module}.{point.attr}")


def extension(name: str) -> object:
    """As Jupyter's server loads it."""
    return importlib.import_module(name)._jupyter_server_extension_points()


def offered() -> list[tuple[str, str, Callable[[], object]]]:
    """(group, name, what imports it)."""
    found: list[tuple[str, str, Callable[[], object]]] = [
        (point.group, point.name, partial(load, point))
        for distribution in importlib.metadata.distributions()
        for point in distribution.entry_points
        if not (point.group in LOADED_BY and absent(LOADED_BY[point.group])) and not left_out(point)
    ]
    for file in sorted(Path(sys.prefix, "etc/jupyter/jupyter_server_config.d").glob("*.json")):
        extensions = json.loads(file.read_text()).get("ServerApp", {}).get("jpserver_extensions", {})
        found += [
            (file.name, name, partial(extension, name)) for name, wanted in extensions.items() if wanted
        ]
    for file in sorted(Path(sys.prefix, "share/jupyter/labextensions").rglob("install.json")):
        name = json.loads(file.read_text()).get("packageName", "")
        found.append(("labextensions", name, partial(importlib.metadata.distribution, name)))
    return found


imported, failed = 0, []
noise = io.StringIO()
for group, name, imports in offered():
    try:
        with contextlib.redirect_stdout(noise), contextlib.redirect_stderr(noise):
            imports()
        imported += 1
    except BaseException as error:  # an import may end the interpreter
        failed.append([group, name, repr(error)])
print(json.dumps({"imported": imported, "failed": failed}))
