"""Solves an environment for the image: never for the machine this runs on."""

from __future__ import annotations

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
from rattler.exceptions import GatewayError, InvalidChannelError, SolverError
from rattler.platform import Subdir

from . import environment
from .faults import Fault, Faults, fault
from .needs import Needs, judge

# Of the image's Debian 13 kernel; packages hardly ever ask for one.
_LINUX = "6.12"


@dataclass(frozen=True)
class Request:
    """`channels`: addresses of channels that environment.yml names; `glibc`: the image's C library; `needs`:
    what the environment must have for the code package."""

    environment: Path
    channels: dict[str, str]
    glibc: str
    platform: str
    cache: Path
    needs: Needs | None = None


@dataclass(frozen=True)
class Package:
    """`channel` as environment.yml names it; `size` in bytes."""

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


def _sources(where: str, names: tuple[str, ...], addresses: dict[str, str]) -> dict[str, Channel]:
    """Channels by the name that environment.yml gives them; a bare name goes by the client's alias."""
    sources, faults = {}, []
    for at, name in enumerate(names):
        try:
            sources[name] = Channel(addresses.get(name, name))
        except InvalidChannelError as error:
            hint = "a channel is a name or an address"
            faults.append(Fault(f"{where}: channels[{at}]", f"{name!r}: {error}", hint))
    if faults:
        raise Faults(faults)
    return sources


def _package(record: RepoDataRecord, sources: dict[str, Channel], where: str) -> Package:
    name = record.name.normalized
    channel = next((n for n, c in sources.items() if record.url.startswith(c.base_url)), None)
    if channel is None:
        hint = f"add its channel to the channels of {where}"
        raise fault(where, f"{name} comes from a channel that is not listed: {record.channel}", hint)
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


async def lock(request: Request) -> dict[str, object]:
    """The answer to a lock request: every package by content, sorted by name. Raises Faults."""
    where = request.environment.name
    wanted = environment.read(request.environment)
    sources = _sources(where, wanted.channels, request.channels)
    try:
        records = await solve(
            sources=list(sources.values()),
            specs=[MatchSpec(spec) for spec in wanted.dependencies],
            platforms=[Subdir(request.platform), Subdir("noarch")],
            virtual_packages=_virtual_packages(request.glibc),
            gateway=Gateway(cache_dir=request.cache / "repodata"),
        )
    except SolverError as error:
        hint = "loosen a dependency or add a channel that has the package"
        raise fault(where, f"no set of packages fulfils it: {' '.join(str(error).split())}", hint) from error
    except GatewayError as error:
        named = ", ".join(f"{name} ({channel.base_url})" for name, channel in sources.items())
        hint = "check the network and conda.channels of factory.yaml"
        raise fault(
            where, f"a channel cannot be read: {' '.join(str(error).split())} (channels: {named})", hint
        ) from error
    packages = sorted((_package(r, sources, where) for r in records), key=lambda p: p.name)
    if not any(package.name == "python" for package in packages):
        hint = "add it to the dependencies, such as python=3.13"
        raise fault(f"{where}: dependencies", "the environment has no python, which the nodes run", hint)
    unknown = judge(request.needs, records, where) if request.needs is not None else []
    return {"packages": [asdict(package) for package in packages], "pip": [], "unknown": unknown}
