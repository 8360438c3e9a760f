"""What of a conda environment Python's own installers would see, for a resolver to keep to.

Each distribution of the locked conda packages becomes a wheel of nothing but metadata, at a version that no
index has: a resolver that is bound to it neither replaces the package nor asks an index for its dependencies.
"""

from __future__ import annotations

import re
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from typing import IO, Any, Literal

import zstandard
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .faults import fault

_METADATA = re.compile(
    r"(?:lib/python3\.\d+/)?site-packages/[^/]+\.(?:dist-info/METADATA|egg-info/PKG-INFO|egg-info)"
)
_LOCAL = "conda"
_WHEEL = "Wheel-Version: 1.0\nGenerator: kiln\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@dataclass(frozen=True)
class Archive:
    """A conda package's file and the name of the package."""

    path: Path
    package: str


@dataclass(frozen=True)
class Distribution:
    """`version` as the wheel of metadata has it; `there` as the package does."""

    name: str
    version: str
    there: str
    package: str


def _tar(stream: IO[bytes], mode: Literal["r|", "r|bz2"]) -> Iterator[tuple[str, bytes]]:
    """Metadata files of a tar that is read once, from front to end."""
    with tarfile.open(fileobj=stream, mode=mode) as tar:
        for member in tar:
            if member.isfile() and _METADATA.fullmatch(member.name):
                file = tar.extractfile(member)
                if file is not None:
                    yield member.name, file.read()


def _metadata(archive: Path) -> Iterator[tuple[str, bytes]]:
    if archive.name.endswith(".tar.bz2"):
        with archive.open("rb") as file:
            yield from _tar(file, "r|bz2")
        return
    with zipfile.ZipFile(archive) as package:
        for name in package.namelist():
            if name.startswith("pkg-") and name.endswith(".tar.zst"):
                with package.open(name) as packed:
                    reader: Any = zstandard.ZstdDecompressor().stream_reader(packed)
                    yield from _tar(reader, "r|")


def _local(version: str) -> str | None:
    """That version with a local part; None where it is no version of Python's. One that has a local part
    stays as it is: no index has it either."""
    try:
        parsed = Version(version)
    except InvalidVersion:
        return None
    return str(parsed) if parsed.local else f"{parsed}+{_LOCAL}"


def _write(folder: Path, name: str, version: str, metadata: Message) -> None:
    stem = f"{str(canonicalize_name(name)).replace('-', '_')}-{version}"
    # Of its requirements the environment has all but those of extras that nobody asked for.
    extras = [
        f"Requires-Dist: {needed}"
        for needed in metadata.get_all("Requires-Dist") or []
        if "extra" in needed.partition(";")[2]
    ]
    provided = [f"Provides-Extra: {extra}" for extra in metadata.get_all("Provides-Extra") or []]
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *provided, *extras, ""]
    with zipfile.ZipFile(folder / f"{stem}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{stem}.dist-info/METADATA", "\n".join(lines))
        wheel.writestr(f"{stem}.dist-info/WHEEL", _WHEEL)
        wheel.writestr(f"{stem}.dist-info/RECORD", "")


def distributions(archives: list[Archive], spark: str, folder: Path) -> dict[str, object]:
    """Writes the wheels into `folder` and tells what they stand for, sorted by name. Raises Faults."""
    found: dict[str, Distribution] = {}
    for archive in archives:
        try:
            files = list(_metadata(archive.path))
        except (OSError, tarfile.TarError, zipfile.BadZipFile, zstandard.ZstdError) as error:
            hint = "kiln vault verify, then lock again"
            raise fault(archive.package, f"{archive.path.name} cannot be unpacked: {error}", hint) from error
        for _, text in files:
            metadata = HeaderParser().parsestr(text.decode("utf-8", errors="replace"))
            name, there = metadata["Name"], metadata["Version"]
            version = _local(there or "")
            if name and version is not None:
                _write(folder, name, version, metadata)
                key = str(canonicalize_name(name))
                found[key] = Distribution(key, version, there, archive.package)
    version = f"{Version(spark)}+spark"
    _write(folder, "pyspark", version, Message())
    found["pyspark"] = Distribution("pyspark", version, spark, "")
    return {"distributions": [asdict(found[name]) for name in sorted(found)]}
