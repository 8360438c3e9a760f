"""The files of the image against its manifest: what dm-verity does on a disk, for containers.

The starter of a container binds the image's files.mtree (mtree(5), a line a path) to MANIFEST. Every line is
compared with what the container sees of the image's own file system, not with the overlays on top of it.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MANIFEST = Path("/run/kiln-image/files.mtree")
#: Differences that are told one by one; a node with more of them has no use for a longer list.
MOST = 20
#: Folders that are laid over, or that the starter of a container makes its own.
COVERED = ("etc", "var", "root", "home", "run", "dev", "proc", "sys", "tmp", "scratch")


def plain(text: str) -> str:
    """A name of mtree without its octal escapes."""
    if "\\" not in text:
        return text
    found = bytearray()
    at = 0
    while at < len(text):
        if text[at] == "\\":
            found.append(int(text[at + 1 : at + 4], 8))
            at += 4
        else:
            found += text[at].encode()
            at += 1
    return found.decode("utf-8", "surrogateescape")


def entries(manifest: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Path without a leading slash, and its keywords."""
    with manifest.open(encoding="ascii") as lines:
        for line in lines:
            if line.startswith("#") or not line.strip():
                continue
            name, *words = line.split()
            yield plain(name.removeprefix("./")), dict(word.split("=", 1) for word in words)


def kind_of(mode: int) -> str:
    """In mtree's words; what is neither folder nor link has the content of a file, or fails to be read."""
    return "dir" if stat.S_ISDIR(mode) else "link" if stat.S_ISLNK(mode) else "file"


def difference(path: Path, wanted: dict[str, str]) -> str | None:
    """What is not as the manifest has it; None when all is."""
    try:
        found = path.lstat()
        kind = kind_of(found.st_mode)
        if kind != wanted["type"]:
            return f"is a {kind}, not a {wanted['type']}"
        if kind == "link":
            return None if str(path.readlink()) == plain(wanted["link"]) else "leads elsewhere"
        return _attributes(found, wanted) or (_content(path, found, wanted) if kind == "file" else None)
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def _attributes(found: os.stat_result, wanted: dict[str, str]) -> str | None:
    if stat.S_IMODE(found.st_mode) != int(wanted["mode"], 8):
        return f"has mode {stat.S_IMODE(found.st_mode):04o}, not {wanted['mode']}"
    if (str(found.st_uid), str(found.st_gid)) != (wanted["uid"], wanted["gid"]):
        return f"belongs to {found.st_uid}:{found.st_gid}"
    return None


def _content(path: Path, found: os.stat_result, wanted: dict[str, str]) -> str | None:
    if found.st_size != int(wanted["size"]):
        return f"has {found.st_size} bytes, not {wanted['size']}"
    with path.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    return None if digest == wanted["sha256digest"] else "has other content"


def check(manifest: Path, root: Path = Path("/")) -> dict[str, Any]:
    """{"files", "damaged", "first": up to MOST of {"path", "what"}} over all that nothing lies over."""
    files = 0
    damaged = 0
    first: list[dict[str, str]] = []
    for path, wanted in entries(manifest):
        if path in ("", ".") or path.split("/", 1)[0] in COVERED:
            continue
        files += 1
        what = difference(root / path, wanted)
        if what is not None:
            damaged += 1
            if len(first) < MOST:
                first.append({"path": f"/{path}", "what": what})
    return {"files": files, "damaged": damaged, "first": first}
