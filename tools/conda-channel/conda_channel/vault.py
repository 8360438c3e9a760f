"""Inputs by their sha256, in the vault that `kiln` itself uses: nothing is fetched twice."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import mirrors
from .pins import Archive, Deb, Pins, Wheel
from .problem import Problem
from .scratch import scratch

REFRESH = "pin what the suite has now: tools/conda-channel/make --refresh, then kiln lock --refresh"


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Vault:
    """`root` is the vault's folder: `root/ab/<sha256>`."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, pin: Deb | Wheel) -> Path:
        return self._root / pin.sha256[:2] / pin.sha256

    def has(self, pin: Deb | Wheel) -> bool:
        path = self.path(pin)
        return path.is_file() and path.stat().st_size == pin.size and sha256_of(path) == pin.sha256

    def take(self, file: Path, pin: Deb | Wheel) -> None:
        """Moves a verified file in. Raises Problem when it is not what was pinned; nothing is kept of it."""
        size, found = file.stat().st_size, sha256_of(file)
        if (size, found) != (pin.size, pin.sha256):
            file.unlink()
            raise Problem(
                f"{pin.name} {pin.version}: the download is not what is pinned: "
                f"{size} bytes, sha256 {found}; pinned {pin.size} bytes, {pin.sha256}",
                "the mirror or the way to it changed the file: try again or use another mirror",
            )
        target = self.path(pin)
        target.parent.mkdir(parents=True, exist_ok=True)
        file.chmod(0o444)
        file.replace(target)

    def ensure(self, pins: Pins) -> int:
        """Fetches what is not here. Returns how many files that were; raises Problem."""
        debs = [deb for deb in pins.debian if not self.has(deb)]
        wheels = [wheel for wheel in pins.pypi if not self.has(wheel)]
        # Beside the vault, so that taking a file is a rename.
        with scratch(self._root.parent, ".channel-") as folder:
            self._fetch_debs(debs, folder)
            self._fetch_wheels(wheels, folder, pins.python)
        return len(debs) + len(wheels)

    def _fetch_debs(self, debs: list[Deb], folder: Path) -> None:
        archives: set[Archive] = {deb.archive for deb in debs}
        bases = {archive: mirrors.base(archive) for archive in archives}

        def fetch(deb: Deb) -> Deb | None:
            """Returns the pin when the mirror has it no more."""
            file = folder / deb.sha256
            try:
                urllib.request.urlretrieve(f"{bases[deb.archive]}/{deb.path}", file)  # noqa: S310 (apt's own)
            except urllib.error.HTTPError as error:
                if error.code in (403, 404, 410):
                    return deb
                raise Problem(
                    f"the {deb.archive} mirror answers {error.code} for {deb.path}", "try again later"
                ) from error
            except OSError as error:
                raise Problem(
                    f"the {deb.archive} mirror cannot be reached: {error}",
                    "check the network and apt's sources",
                ) from error
            self.take(file, deb)
            return None

        with ThreadPoolExecutor(4) as pool:
            gone = [deb for deb in pool.map(fetch, debs) if deb is not None]
        if gone:
            names = ", ".join(f"{deb.name} {deb.version}" for deb in gone)
            raise Problem(f"the mirror no longer has these pinned packages: {names}", REFRESH, code=1)

    def _fetch_wheels(self, wheels: list[Wheel], folder: Path, python: str) -> None:
        if not wheels:
            return
        wanted = folder / "requirements.txt"
        wanted.write_text("".join(f"{w.name}=={w.version} --hash=sha256:{w.sha256}\n" for w in wheels))
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        command += ["--only-binary", ":all:", "--python-version", python, "--implementation", "cp"]
        command += _platforms(wheels)
        index = os.environ.get("KILN_MIRROR_PYPI", "")
        if index:
            command += ["--index-url", index]
        done = subprocess.run(
            [*command, "--dest", str(folder), "--requirement", str(wanted)],
            stdout=sys.stderr,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise Problem(
                f"pip could not download the pinned wheels: {done.stderr.strip()[-2000:]}", "see above"
            )
        for wheel in wheels:
            self.take(folder / wheel.file, wheel)


def _platforms(wheels: Iterable[Wheel]) -> list[str]:
    """pip's --platform options for exactly the platforms that the pinned files name."""
    tags = {tag for w in wheels for tag in w.file.removesuffix(".whl").split("-")[-1].split(".")}
    return [part for tag in sorted(tags - {"any"}) for part in ("--platform", tag)] or ["--platform", "any"]
