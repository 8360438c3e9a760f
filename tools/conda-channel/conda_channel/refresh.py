"""New pins for the Debian packages, from the suite's signed index."""

from __future__ import annotations

import re
import subprocess
import tempfile
from pathlib import Path
from urllib.parse import unquote

from . import mirrors
from .pins import Archive, Deb
from .problem import Problem
from .target import Target

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_LINE = re.compile(r"^'(?P<uri>[^']+)' \S+ (?P<size>\d+) SHA256:(?P<sha256>[0-9a-f]{64})$")


def parse(lines: str, bases: dict[Archive, str]) -> list[Deb]:
    """Pins out of `apt-get --print-uris download`."""
    debs = []
    for match in filter(None, map(_LINE.match, lines.splitlines())):
        # The longer base first: one archive's address may begin with the other's.
        for archive, base in sorted(bases.items(), key=lambda item: -len(item[1])):
            if match["uri"].startswith(f"{base}/"):
                # apt escapes some characters in addresses; the file itself has them plain.
                path = unquote(match["uri"].removeprefix(f"{base}/"))
                name, version, _ = unquote(Path(path).stem).split("_")
                debs.append(Deb(name, version, archive, path, int(match["size"]), match["sha256"]))
                break
    return debs


def newest(target: Target) -> tuple[Deb, ...]:
    """The suite's current packages, security updates included. Needs the network; raises Problem."""
    bases: dict[Archive, str] = {name: mirrors.base(name) for name in mirrors.VARIABLES}
    with tempfile.TemporaryDirectory(prefix="kiln-apt-") as folder:
        root = Path(folder)
        for name in ("etc/apt/apt.conf.d", "etc/apt/preferences.d", "var/lib/apt/lists/partial",
                     "var/cache/apt/archives/partial", "var/lib/dpkg"):  # fmt: skip
            (root / name).mkdir(parents=True)
        (root / "var/lib/dpkg/status").touch()
        signed = f"[arch=amd64 signed-by={KEYRING}]"
        (root / "etc/apt/sources.list").write_text(
            f"deb {signed} {bases['debian']} {target.suite} main\n"
            f"deb {signed} {bases['debian']} {target.suite}-updates main\n"
            f"deb {signed} {bases['debian-security']} {target.suite}-security main\n"
        )
        apt = ["apt-get", "-qq", "-o", f"Dir={root}", "-o", f"Dir::State::status={root}/var/lib/dpkg/status"]
        apt += ["-o", "APT::Architecture=amd64", "-o", "APT::Architectures=amd64"]
        apt += [
            "-o",
            "APT::Sandbox::User=root",
            "-o",
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
        ]
        apt += ["-o", "Acquire::Languages=none"]
        updated = subprocess.run([*apt, "update"], capture_output=True, text=True, check=False)
        if updated.returncode != 0:
            raise Problem(
                f"apt cannot read the index of {target.suite}: {updated.stderr.strip()}",
                "check the network and apt's sources (and that debian-archive-keyring is installed)",
            )
        listed = subprocess.run(
            [*apt, "--print-uris", "download", *target.packages],
            capture_output=True,
            text=True,
            cwd=root,
            check=False,
        )
    debs = parse(listed.stdout, bases)
    missing = sorted(set(target.packages) - {deb.name for deb in debs})
    if missing:
        raise Problem(
            f"{target.suite} has no package {', '.join(missing)}: {listed.stderr.strip()}",
            "adapt tools/conda-channel/conda_channel/target.py",
        )
    return tuple(debs)
