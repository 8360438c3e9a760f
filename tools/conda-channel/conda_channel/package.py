"""A .conda file: a zip of two zstd tars (the format's version 2), the same bytes for the same content."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import zstandard

# What every file of a package is dated: the oldest time that zip can hold, 1980-01-01.
EPOCH = 315_532_800
# Stands in the files for the prefix that a package is installed to; the installer replaces it.
PLACEHOLDER = "/opt/placehold_" + "x" * 40
# With worker threads zstd's output differs from without, but not with their number.
_THREADS = 2
_LEVEL = 3


@dataclass(frozen=True)
class File:
    """A file of a package, or with `link` a symbolic link to that target."""

    path: str
    data: bytes = b""
    executable: bool = False
    link: str | None = None


def _tar(files: Iterable[File]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in sorted(files, key=lambda f: f.path):
            entry = tarfile.TarInfo(file.path)
            entry.mtime = EPOCH
            entry.mode = 0o755 if file.executable else 0o644
            if file.link is not None:
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, file.link, 0o777
                tar.addfile(entry)
            else:
                entry.size = len(file.data)
                tar.addfile(entry, io.BytesIO(file.data))
    return zstandard.ZstdCompressor(level=_LEVEL, threads=_THREADS).compress(buffer.getvalue())


def _path_entry(file: File) -> dict[str, object]:
    entry: dict[str, object] = {
        "_path": file.path,
        "path_type": "hardlink" if file.link is None else "softlink",
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "size_in_bytes": len(file.data),
    }
    if PLACEHOLDER.encode() in file.data:
        entry["prefix_placeholder"] = PLACEHOLDER
        entry["file_mode"] = "binary" if b"\0" in file.data else "text"
    return entry


def write(
    folder: Path, index: Mapping[str, object], files: Iterable[File], link: Mapping[str, object] | None = None
) -> Path:
    """Writes `<folder>/<subdir>/<name>-<version>-<build>.conda`.

    `index` is the package's index.json; `link` its link.json (entry points of noarch packages).
    """
    files = sorted(files, key=lambda f: f.path)
    stem = f"{index['name']}-{index['version']}-{index['build']}"
    info = {
        "index.json": dict(index),
        "paths.json": {"paths": [_path_entry(f) for f in files], "paths_version": 1},
        "about.json": {},
        **({"link.json": dict(link)} if link is not None else {}),
    }
    described = [
        File(f"info/{name}", json.dumps(data, indent=1, sort_keys=True).encode() + b"\n")
        for name, data in info.items()
    ]
    described.append(File("info/files", "".join(f"{f.path}\n" for f in files).encode()))
    target = folder / str(index["subdir"]) / f"{stem}.conda"
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in (
            ("metadata.json", b'{"conda_pkg_format_version": 2}'),
            (f"info-{stem}.tar.zst", _tar(described)),
            (f"pkg-{stem}.tar.zst", _tar(files)),
        ):
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
    return target
