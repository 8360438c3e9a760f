"""Unpacks conda packages into a tree whose final place is another one than where it is made."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

import zstandard
from rattler import Config, PackageRecord, RepoDataRecord, Subdir, install

from .fail import fail
from .inputs import Input

# Files of the tree must not share inodes with rattler's cache, whose files others may change.
_COPIES = "allow-hard-links = false\nallow-ref-links = false\n"


def index_json(package: Path) -> bytes:
    """info/index.json out of a .conda or .tar.bz2 file."""
    if package.suffix != ".conda":
        with tarfile.open(package) as tar:
            return _member(tar, package)
    with zipfile.ZipFile(package) as archive:
        info = next(name for name in archive.namelist() if name.startswith("info-"))
        data = zstandard.ZstdDecompressor().stream_reader(archive.read(info)).read()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return _member(tar, package)


def _member(tar: tarfile.TarFile, package: Path) -> bytes:
    file = tar.extractfile("info/index.json")
    if file is None:
        fail(f"{package.name} has no info/index.json", "it is no conda package: name another build of it")
    return file.read()


def _record(package: Input, scratch: Path) -> RepoDataRecord:
    index = scratch / f"{package.path.name}.json"
    index.write_bytes(index_json(package.path))
    return RepoDataRecord(
        PackageRecord.from_index_json(index),
        package.path.name,
        package.path.as_uri(),
        package.path.parent.as_uri(),
    )


def _refuse_link_scripts(target: Path) -> None:
    """They would run on the build machine, with whatever it has: nothing reproducible comes of that."""
    scripts = sorted(s.name for kind in ("post", "pre") for s in (target / "bin").glob(f".*-{kind}-link.sh"))
    if scripts:
        fail(
            f"packages want to run scripts when they are installed: {', '.join(scripts)}",
            "kiln does not run link scripts: leave these packages out of environment.yml",
        )


async def install_packages(packages: Iterable[Input], target: Path, prefix: str, scratch: Path) -> None:
    """Fills `target` with the environment that will lie at `prefix`; everything in it is a copy."""
    packages = list(packages)
    await install(
        [_record(package, scratch) for package in packages],
        target_prefix=target,
        alternative_target_prefix=prefix,
        cache_dir=scratch / "rattler",
        platform=Subdir("linux-64"),
        execute_link_scripts=False,
        show_progress=False,
        config=Config.from_toml(_COPIES),
    )
    _refuse_link_scripts(target)
    _neutral_records(packages, target)
    (target / "CACHEDIR.TAG").unlink(missing_ok=True)


def _neutral_records(packages: list[Input], target: Path) -> None:
    """conda-meta without what only the build machine knows: its paths and caches."""
    by_file = {package.path.name: package for package in packages}
    for path in sorted((target / "conda-meta").glob("*.json")):
        record = json.loads(path.read_text("utf-8"))
        for key in ("extracted_package_dir", "package_tarball_full_path", "link"):
            record.pop(key, None)
        package = by_file[record["fn"]]
        record["channel"] = package.channel
        record["url"] = f"channel://{package.channel}/{package.subdir}/{package.path.name}"
        path.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", "utf-8")
