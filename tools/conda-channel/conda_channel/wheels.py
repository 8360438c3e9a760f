"""A wheel as a conda package: pure ones as noarch, the others for linux-64 and one Python."""

from __future__ import annotations

import configparser
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.tags import Tag
from packaging.utils import canonicalize_name, parse_wheel_filename

from .package import PLACEHOLDER, File, write
from .problem import Problem

#: Canonical project name -> its wheel's requirements.
Requirements = Mapping[str, Sequence[str]]

# conda-forge's names where they differ: its `tzdata` is the database itself, not the Python package.
_CONDA_NAMES = {"tzdata": "python-tzdata"}


def _markers(python: str, extra: str) -> dict[str, str]:
    """The environment by which a requirement's marker is judged."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": extra,
    }


def conda_name(project: str) -> str:
    name = canonicalize_name(project)
    return _CONDA_NAMES.get(name, name)


def dependencies(requirements: Iterable[str], known: Requirements, python: str, extra: str = "") -> set[str]:
    """Conda match specs for a wheel's requirements, without those that their marker rules out here.

    Conda has no extras: what `name[extra]` asks for beyond `name` is asked for by whoever names the extra.
    known: the requirements of every wheel of the channel; python: such as `3.13`. Raises Problem for an extra
    of a wheel it lacks."""
    found: set[str] = set()
    for requirement in map(_requirement, requirements):
        if requirement.marker is not None and not requirement.marker.evaluate(_markers(python, extra)):
            continue
        specifiers = ",".join(sorted(str(s) for s in requirement.specifier))
        found.add(f"{conda_name(requirement.name)} {specifiers}".strip())
        for wanted in requirement.extras:
            project = canonicalize_name(requirement.name)
            if project not in known:
                raise Problem(
                    f"the pins have no wheel of {project}, of which the extra {wanted} is asked for",
                    "pin it in tools/conda-channel/pins.json",
                )
            found |= dependencies(known[project], known, python, wanted)
    return found


def _requirement(text: str) -> Requirement:
    """Of the versions that wheels asked for before PEP 440, such as pytz (>=2011k), the name alone counts."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return Requirement(re.sub(r"\(.*?\)", "", text))


def requirements(wheel: Path) -> list[str]:
    """What a wheel asks for, in its own words."""
    with zipfile.ZipFile(wheel) as archive:
        return _metadata(archive).get_all("Requires-Dist") or []


def _metadata(archive: zipfile.ZipFile) -> Message:
    name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    return HeaderParser().parsestr(archive.read(name).decode())


def _glibc(tags: frozenset[Tag]) -> str:
    """The oldest glibc that one of the platform tags promises to work with (PEP 600)."""
    found = [m for tag in tags if (m := re.match(r"manylinux_(\d+)_(\d+)_", tag.platform))]
    versions = [(int(m[1]), int(m[2])) for m in found] or [(2, 17)]
    return "{}.{}".format(*min(versions))


def _console_scripts(archive: zipfile.ZipFile, info: str) -> dict[str, str]:
    if f"{info}/entry_points.txt" not in archive.namelist():
        return {}
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(archive.read(f"{info}/entry_points.txt").decode())
    if not parser.has_section("console_scripts"):
        return {}
    return {name: re.sub(r"\[.*", "", value).strip() for name, value in parser["console_scripts"].items()}


def _script(target: str) -> bytes:
    module, function = target.split(":")
    return (
        f"#!{PLACEHOLDER}/bin/python\nimport sys\nfrom {module} import {function.split('.')[0]}\n"
        f"if __name__ == '__main__':\n    sys.exit({function}())\n"
    ).encode()


def _files(archive: zipfile.ZipFile, info: str, site_packages: str, scripts: str) -> list[File]:
    """The wheel's files where conda puts them (wheel specification, "Installing a wheel")."""
    places = {
        "purelib": f"{site_packages}/",
        "platlib": f"{site_packages}/",
        "scripts": f"{scripts}/",
        "headers": "include/",
        "data": "",
    }
    files = [File(f"{site_packages}/{info}/INSTALLER", b"conda\n")]
    for entry in archive.infolist():
        # RECORD lists the wheel's own places; conda keeps its list of files in conda-meta.
        if entry.is_dir() or entry.filename == f"{info}/RECORD":
            continue
        data = archive.read(entry)
        executable = bool((entry.external_attr >> 16) & 0o111)
        scheme = re.match(r"[^/]+\.data/(purelib|platlib|scripts|headers|data)/(.*)", entry.filename)
        if scheme is None:
            path = f"{site_packages}/{entry.filename}"
        else:
            path = places[scheme[1]] + scheme[2]
            if scheme[1] == "scripts":
                executable = True
                data = re.sub(rb"\A#!python\w*", b"#!%s/bin/python" % PLACEHOLDER.encode(), data)
        files.append(File(path, data, executable))
    return files


def convert(wheel: Path, file_name: str, folder: Path, known: Requirements, python: str) -> Path:
    """Writes the conda package of a wheel (`file_name` is its name, `wheel` where it lies) below `folder`.

    known, python: as in dependencies."""
    _, version, _, tags = parse_wheel_filename(file_name)
    with zipfile.ZipFile(wheel) as archive:
        info = next(n.split("/")[0] for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = _metadata(archive)
        pure = all(tag.platform == "any" for tag in tags)
        site_packages = "site-packages" if pure else f"lib/python{python}/site-packages"
        files = _files(archive, info, site_packages, "python-scripts" if pure else "bin")
        scripts = _console_scripts(archive, info)
    depends = list(dependencies(metadata.get_all("Requires-Dist") or [], known, python))
    index: dict[str, object] = {
        "name": conda_name(metadata["Name"]),
        "version": str(version),
        "build_number": 0,
        "license": metadata.get("License-Expression") or "see its dist-info",
    }
    if pure:
        requires = (metadata["Requires-Python"] or "").replace(" ", "")
        depends.append(f"python {requires}".strip())
        index |= {"build": "pypi_0", "subdir": "noarch", "noarch": "python", "depends": sorted(depends)}
        entry_points = [f"{name} = {target}" for name, target in sorted(scripts.items())]
        link = {"noarch": {"type": "python", "entry_points": entry_points}, "package_metadata_version": 1}
        return write(folder, index, files, link)
    files += [File(f"bin/{name}", _script(target), executable=True) for name, target in scripts.items()]
    major, minor = python.split(".")
    depends += [f"python >={python},<{major}.{int(minor) + 1}", f"__glibc >={_glibc(tags)}"]
    index |= {"build": f"py{major}{minor}_pypi_0", "subdir": "linux-64", "depends": sorted(depends)}
    return write(folder, index | {"arch": "x86_64", "platform": "linux"}, files)
