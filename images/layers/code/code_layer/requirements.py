"""Whether what a package asks for is there: judged for the image's Python, whichever Python this runs on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version


@dataclass(frozen=True)
class Found:
    """A distribution that is there; `version` is None where only its presence is known."""

    version: str | None
    requires: tuple[str, ...] = ()


@dataclass(frozen=True)
class Unmet:
    """A requirement that nothing fulfils; `there` is the version that is, None where there is none."""

    requirement: Requirement
    there: str | None

    def __str__(self) -> str:
        name = self.requirement.name
        wanted = f"{name}{self.requirement.specifier}"
        return f"{wanted} is required, " + (
            f"{name} is {self.there}" if self.there else f"there is no {name}"
        )


def marker_environment(python: str) -> dict[str, str]:
    """PEP 508's variables of CPython `python` (such as 3.13.5) in the image."""
    return {
        "implementation_name": "cpython",
        "implementation_version": python,
        "os_name": "posix",
        "platform_machine": "x86_64",
        "platform_python_implementation": "CPython",
        # The kernel's: no environment decides it.
        "platform_release": "",
        "platform_system": "Linux",
        "platform_version": "",
        "python_full_version": python,
        "python_version": ".".join(python.split(".")[:2]),
        "sys_platform": "linux",
    }


def metadata(text: str) -> Message:
    """METADATA of a wheel or an installed distribution."""
    return HeaderParser().parsestr(text)


def installed(packages: Path) -> dict[str, Found]:
    """Distributions of a site-packages folder by their canonical names."""
    found = {}
    for folder, file in (("*.dist-info", "METADATA"), ("*.egg-info", "PKG-INFO")):
        for path in sorted(packages.glob(f"{folder}/{file}")):
            read = metadata(path.read_text("utf-8", errors="replace"))
            requires = tuple(read.get_all("Requires-Dist") or ())
            if read["Name"]:
                found[str(canonicalize_name(read["Name"]))] = Found(read["Version"], requires)
    return found


def _fits(requirement: Requirement, there: Found) -> bool:
    if requirement.url is not None or there.version is None or not requirement.specifier:
        return True
    try:
        return requirement.specifier.contains(Version(there.version), prereleases=True)
    except InvalidVersion:
        return False


def unmet(
    requirements: Iterable[str], there: Mapping[str, Found], environment: Mapping[str, str], extra: str = ""
) -> list[Unmet]:
    """Every requirement that applies and is not fulfilled, those of the extras it names too."""
    faults: dict[str, Unmet] = {}
    seen = set()
    waiting = [(text, extra) for text in requirements]
    while waiting:
        text, active = waiting.pop(0)
        if (text, active) in seen:
            continue
        seen.add((text, active))
        requirement = Requirement(text)
        if requirement.marker is not None and not requirement.marker.evaluate(
            {**environment, "extra": active}
        ):
            continue
        name = str(canonicalize_name(requirement.name))
        found = there.get(name)
        if found is None or not _fits(requirement, found):
            fault = Unmet(requirement, None if found is None else found.version)
            faults.setdefault(str(fault), fault)
        if found is not None:
            waiting += [
                (needed, wanted)
                for wanted in sorted(requirement.extras)
                for needed in found.requires
                if "extra" in needed.partition(";")[2]
            ]
    return list(faults.values())


def wrong_python(requires_python: str | None, python: str) -> str | None:
    """What is wrong with the image's Python for that Requires-Python."""
    if not requires_python or SpecifierSet(requires_python).contains(python, prereleases=True):
        return None
    return f"Python {requires_python} is required, Python is {python}"


def conda_line(requirement: Requirement) -> str:
    """The line of environment.yml that asks for the same."""
    parts = []
    for specifier in sorted(requirement.specifier, key=str, reverse=True):
        operator, version = specifier.operator, specifier.version
        if operator == "==" and version.endswith(".*"):
            operator, version = "=", version[:-2]
        parts.append(("==" if operator == "===" else operator) + version)
    return f"- {canonicalize_name(requirement.name)}{','.join(parts)}"
