"""The class data archive of the image: what a JVM is told to start from it.

A JVM that cannot use it (a heap of 32 GiB and more, ZGC, another class path) starts without it, slower and
otherwise the same.
"""

from __future__ import annotations

from pathlib import Path


def options(archive: Path) -> str:
    """Java options; empty where the image has no archive."""
    return (
        f"-XX:SharedArchiveFile={archive} -Xlog:disable -Xlog:all=warning:stderr" if archive.is_file() else ""
    )
