"""Where this machine's apt finds the Debian archives."""

from __future__ import annotations

import os
import subprocess

from .pins import Archive
from .problem import Problem

VARIABLES: dict[Archive, str] = {
    "debian": "KILN_MIRROR_DEBIAN",
    "debian-security": "KILN_MIRROR_DEBIAN_SECURITY",
}


def pick(lines: str, archive: Archive) -> str | None:
    """Picks an archive out of `LABEL|URI` lines of apt; the label is empty until apt has its lists."""
    label = "Debian" if archive == "debian" else "Debian-Security"
    rows = [
        (name, uri.rstrip("/"))
        for name, _, uri in (line.partition("|") for line in lines.splitlines())
        if uri.startswith("http")
    ]
    named = [uri for name, uri in rows if name == label]
    by_path = [uri for _, uri in rows if uri.endswith(f"/{archive}")]
    return next(iter(named + by_path), None)


def base(archive: Archive) -> str:
    """Address of an archive's root, without a trailing slash."""
    override = os.environ.get(VARIABLES[archive], "").rstrip("/")
    if override:
        return override
    asked = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(LABEL)|$(REPO_URI)"],
        capture_output=True,
        text=True,
        check=False,
    )
    found = pick(asked.stdout, archive)
    if found is None and archive == "debian-security":
        # Mirrors keep both archives side by side.
        main = pick(asked.stdout, "debian")
        found = f"{main}-security" if main is not None and main.endswith("/debian") else None
    if found is None:
        raise Problem(
            f"apt's sources name no http mirror of the {archive} archive",
            f"name one: {VARIABLES[archive]}=ADDRESS",
        )
    return found
