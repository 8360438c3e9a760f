"""Solves an environment for the image: never for the machine this runs on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rattler import (
    BuildString,
    Channel,
    Gateway,
    GenericVirtualPackage,
    MatchSpec,
    PackageName,
    RepoDataRecord,
    Version,
    solve,
)
from rattler.exceptions import GatewayError, SolverError
from rattler.platform import Subdir

from .faults import Fault, Faults, fault
from .needs import Needs, judge
from .shown import Shown

# Of the image's Debian 13 kernel; packages hardly ever ask for one.
_LINUX = "6.12"


@dataclass(frozen=True)
class Dependency:
    """`spec` as conda's match specifications are, without a channel; `where` is its file and line."""

    spec: str
    where: str
    channel: str | None = None


@dataclass(frozen=True)
class Python:
    """What the environment's Python must be, as a match specification and in words."""

    spec: str
    words: str


@dataclass(frozen=True)
class Request:
    """`environment`: how the user calls the file; `channels`: their addresses by name, in the order of their
    priority; `glibc`: the image's C library; `shadows`: packages that must not be in it, each with the
    reason; `needs`: what the environment must have for the code package."""

    environment: str
    channels: dict[str, str]
    dependencies: tuple[Dependency, ...]
    python: Python
    shadows: dict[str, str]
    glibc: str
    platform: str
    cache: Path
    needs: Needs | None = None


@dataclass(frozen=True)
class Package:
    """`channel` by its name; `size` in bytes."""

    name: str
    version: str
    build: str
    channel: str
    subdir: str
    file: str
    size: int
    sha256: str


def _virtual_packages(glibc: str) -> list[GenericVirtualPackage]:
    def package(name: str, version: str, build: str = "0") -> GenericVirtualPackage:
        return GenericVirtualPackage(PackageName(name), Version(version), BuildString(build))

    return [
        package("__glibc", glibc),
        package("__linux", _LINUX),
        package("__unix", "0"),
        package("__archspec", "1", "x86_64"),
    ]


def _specs(request: Request) -> list[MatchSpec]:
    specs, faults = [], []
    for each in request.dependencies:
        # A channel is known to the solver by its address alone.
        at = "" if each.channel is None else f"{request.channels[each.channel]}::"
        try:
            specs.append(MatchSpec(f"{at}{each.spec}"))
        except Exception as error:
            hint = "write it as name, name=version or name>=version,<version"
            faults.append(Fault(each.where, " ".join(str(error).split()), hint))
    if faults:
        raise Faults(faults)
    return specs


def _package(record: RepoDataRecord, sources: dict[str, Channel], where: str) -> Package:
    name = record.name.normalized
    channel = next((n for n, c in sources.items() if record.url.startswith(c.base_url)), None)
    if channel is None:
        hint = f"add its channel to the channels of {where}"
        raise fault(where, f"{name} comes from a channel that is not listed", hint)
    if record.sha256 is None or record.size is None:
        hint = "have the channel indexed again by a current tool"
        raise fault(where, f"channel {channel} gives no sha256 and size for {record.file_name}", hint)
    return Package(
        name=name,
        version=str(record.version),
        build=str(record.build),
        channel=channel,
        subdir=str(record.subdir),
        file=str(record.file_name),
        size=record.size,
        sha256=record.sha256.hex(),
    )


def _python_of(records: Sequence[RepoDataRecord]) -> str | None:
    return next((str(r.version) for r in records if r.name.normalized == "python"), None)


class _Solver:
    def __init__(self, request: Request) -> None:
        self.request = request
        self.specs = _specs(request)
        self.sources = {name: Channel(address) for name, address in request.channels.items()}
        self.shown = Shown(request.channels)
        self.gateway = Gateway(cache_dir=request.cache / "repodata")

    async def attempt(self, constraints: Sequence[str]) -> list[RepoDataRecord]:
        records: list[RepoDataRecord] = await solve(
            sources=list(self.sources.values()),
            specs=self.specs,
            constraints=[MatchSpec(each) for each in constraints],
            platforms=[Subdir(self.request.platform), Subdir("noarch")],
            virtual_packages=_virtual_packages(self.request.glibc),
            gateway=self.gateway,
        )
        return records

    async def solve(self) -> list[RepoDataRecord]:
        """Raises Faults in the solver's words, or ours where Python's version is the reason."""
        where = self.request.environment
        try:
            return await self.attempt([self.request.python.spec])
        except SolverError as error:
            await self._blame_python()
            hint = "loosen a dependency or add a channel that has the package"
            raise fault(where, f"no set of packages fulfils it: {self.shown(error)}", hint) from error
        except GatewayError as error:
            hint = "check the network, conda.channels of factory.yaml and the credentials (docs/conda.md)"
            named = ", ".join(self.sources)
            what = f"a channel cannot be read: {self.shown(error)} (channels: {named})"
            raise fault(where, what, hint) from error

    async def _blame_python(self) -> None:
        try:
            found = _python_of(await self.attempt([]))
        except SolverError:
            return
        asked = [d.where for d in self.request.dependencies if d.spec.lower().startswith("python")
                 and str(MatchSpec(d.spec)).split(" ")[0] == "python"]  # fmt: skip
        raise fault(
            asked[0] if asked else self.request.environment,
            f"{self.request.python.words}; all dependencies together allow at most {found}",
            "loosen what holds Python back, or take another Spark in factory.yaml",
        )


def _shadowing(request: Request, records: Sequence[RepoDataRecord]) -> list[Fault]:
    """What would hide the image's own, though only other packages ask for it."""
    faults = []
    for name, reason in request.shadows.items():
        if not any(record.name.normalized == name for record in records):
            continue
        asking = [r.name.normalized for r in records if any(d.split(" ")[0] == name for d in r.depends)]
        what = f"{', '.join(sorted(asking)) or 'a dependency'} brings {name}: {reason}"
        faults.append(Fault(request.environment, what, "take a package that does not depend on it"))
    return faults


async def lock(request: Request) -> dict[str, object]:
    """The answer to a lock request: every package by content, sorted by name. Raises Faults."""
    where = request.environment
    solver = _Solver(request)
    records = await solver.solve()
    packages = sorted((_package(r, solver.sources, where) for r in records), key=lambda p: p.name)
    if _python_of(records) is None:
        hint = "add it to the dependencies, such as python=3.13"
        raise fault(f"{where}: dependencies", "the environment has no python, which the nodes run", hint)
    faults = _shadowing(request, records)
    if faults:
        raise Faults(faults)
    unknown = judge(request.needs, records, where) if request.needs is not None else []
    return {"packages": [asdict(package) for package in packages], "unknown": unknown}
