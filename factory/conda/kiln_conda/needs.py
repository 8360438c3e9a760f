"""Whether the solved environment has what the code package asks for, as far as that is known unbuilt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from code_layer.needs import with_spark
from code_layer.requirements import Found, conda_line, marker_environment, unmet, wrong_python
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from rattler import RepoDataRecord

from .faults import Fault, Faults


@dataclass(frozen=True)
class Needs:
    """`file` is the pyproject.toml as the user knows it, `requires` PEP 508, `requires_python` PEP 440."""

    file: str
    requires: Sequence[str]
    requires_python: str | None
    spark: str


def _unreadable(needs: Needs) -> list[Fault]:
    faults = []
    for text in needs.requires:
        try:
            Requirement(text)
        except InvalidRequirement as error:
            hint = "write it as name, name>=version or name>=version,<version"
            faults.append(Fault(f"{needs.file}: dependencies", f"{text!r}: {error}", hint))
    try:
        SpecifierSet(needs.requires_python or "")
    except InvalidSpecifier as error:
        faults.append(Fault(f"{needs.file}: requires-python", str(error), "write it as >=3.10"))
    return faults


def _of_python(record: RepoDataRecord) -> bool:
    """A package of the same name that Python has no part in is another project's."""
    return any(str(needed).split(" ")[0] in ("python", "python_abi") for needed in record.depends)


def judge(needs: Needs, records: Sequence[RepoDataRecord], environment: str) -> list[str]:
    """Raises Faults with all that is there in another version.

    Returns the requirements that have no package of their name: a conda package may have another one, and
    only the built environment tells.
    """
    faults = _unreadable(needs)
    if faults:
        raise Faults(faults)
    python = next((str(r.version) for r in records if r.name.normalized == "python"), "")
    there = {
        str(canonicalize_name(record.name.normalized)): Found(str(record.version))
        for record in records
        if _of_python(record)
    }
    missing = unmet(needs.requires, with_spark(there, needs.spark), marker_environment(python))
    wrong = wrong_python(needs.requires_python, python)
    if wrong is not None:
        line = f"{environment}: - python{needs.requires_python}"
        faults.append(Fault(f"{needs.file}: requires-python", wrong, line))
    for fault in missing:
        if fault.there is not None:
            line = f"{environment}: {conda_line(fault.requirement)}"
            faults.append(Fault(f"{needs.file}: dependencies", str(fault), line))
    if faults:
        raise Faults(faults)
    return [str(fault.requirement) for fault in missing if fault.there is None]
