"""The files that a job is submitted with, as its driver sees them.

A driver has a /tmp and a /var/tmp of its own; those of the node are shown to it in another place
(spark-driver-.service.d), and paths are led there. What Spark's user may not read is copied to the
job's folder.
"""

from __future__ import annotations

import glob
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from kiln_node import paths
from kiln_node.host import files
from kiln_node.jobs.conf import Settings
from kiln_node.jobs.parse import SCHEME, WrongUse

#: Where a driver sees the node's /tmp and /var/tmp.
SUBMITTED = Path("/run/kiln/submitted")
PRIVATE = ("/tmp", "/var/tmp")  # noqa: S108 - names what is private

#: Settings that hold paths, separated by commas; with the options that are the same.
LISTS = frozenset({"spark.archives", "spark.files", "spark.jars", "spark.submit.pyFiles"})
#: Settings that hold one path.
SINGLE = frozenset({"spark.jars.ivySettings", "spark.kerberos.keytab"})

#: Which of some paths Spark's user may read.
Readable = Callable[[Sequence[str]], set[str]]


@dataclass(frozen=True)
class Copy:
    source: str
    target: Path


@dataclass(frozen=True)
class Inputs:
    """Of one job: its settings and its program; None for a module."""

    settings: Settings
    program: str | None

    def mapped(self, change: Callable[[str], str]) -> Inputs:
        """With every word that may name a file changed."""

        def value(key: str, text: str) -> str:
            if key in LISTS:
                return ",".join(change(word.strip()) for word in text.split(","))
            return change(text) if key in SINGLE else text

        settings = {
            key: replace(setting, value=value(key, setting.value)) for key, setting in self.settings.items()
        }
        return Inputs(settings, None if self.program is None else change(self.program))

    def named(self) -> Iterator[tuple[str, str]]:
        """Every path of this node that is named, with who names it."""
        for key, setting in self.settings.items():
            words = setting.value.split(",") if key in LISTS else [setting.value] if key in SINGLE else []
            yield from ((setting.origin, path) for path in map(local, words) if path is not None)
        if self.program is not None and (path := local(self.program)) is not None:
            yield "the program", path


def local(word: str) -> str | None:
    """The path that a word names on this node, without a `#name` behind it; None for an address elsewhere."""
    path = word.strip().partition("#")[0]
    if path.startswith("file:"):
        path = "/" + path.removeprefix("file:").lstrip("/")
    return None if path == "" or SCHEME.match(path) else path


def absolute(given: Inputs, folder: str, code: Path | None = None) -> Inputs:
    """folder: where the submitter stands; code: the image's scripts, by default paths.CODE. A relative path
    that is not in the first and is in the second is that one."""
    scripts = paths.CODE if code is None else code

    def changed(word: str) -> str:
        path = local(word)
        if path is None or path.startswith("/"):
            return word
        in_image = _matches(str(scripts / path)) and not _matches(str(Path(folder, path)))
        return str(PurePosixPath(scripts if in_image else folder, word.strip()))

    return given.mapped(changed)


def check(given: Inputs) -> None:
    """WrongUse that names every file which is not there. A pattern must match one."""
    lacking = [f"{path} ({who})" for who, path in given.named() if not _matches(path)]
    if lacking:
        raise WrongUse(
            f"no such file: {', '.join(lacking)}",
            f"relative paths begin where kiln-submit is called, or in {paths.CODE}",
        )


def placed(given: Inputs, folder: Path, readable: Readable) -> tuple[Inputs, list[Copy]]:
    """With paths as the driver sees them, and what must be copied first. folder: for copies.
    WrongUse for a folder that would have to be copied."""
    # a pattern is left to Spark, which expands it as Spark's user
    plain = [path for _, path in given.named() if not glob.has_magic(path)]
    hidden = set(plain) - readable(plain)
    copies: dict[str, Copy] = {}

    def moved(word: str) -> str:
        path = local(word)
        if path is None:
            return word
        behind = word.strip().partition("#")
        name = "".join(behind[1:])
        if path in hidden:
            target = folder / str(len(copies)) / Path(path).name
            return f"{copies.setdefault(path, Copy(path, target)).target}{name}"
        real = os.path.realpath(path)
        shown = any(real.startswith(f"{private}/") for private in PRIVATE)
        return f"{SUBMITTED}{real}{name}" if shown else word

    found = given.mapped(moved)
    folders = [one for one in copies if Path(one).is_dir()]
    if folders:
        raise WrongUse(
            f"Spark's user may not read the folder {', '.join(folders)}",
            "let others read it, or name its files",
        )
    return found, list(copies.values())


def copy(copies: Sequence[Copy], user: str | None = paths.SPARK_USER) -> None:
    """As files that Spark's user may read and not change."""
    for one in copies:
        files.folder(one.target.parent.parent, mode=0o750, group=user)
        files.folder(one.target.parent, mode=0o750, group=user)
        shutil.copyfile(one.source, one.target)
        if user is not None:
            shutil.chown(one.target, group=user)
        one.target.chmod(0o640)


def readable_by_spark(wanted: Sequence[str]) -> set[str]:
    """Asks the kernel, as that user: it alone knows every list and mount that decides."""
    if not wanted:
        return set()
    script = 'for path; do if [ -r "$path" ]; then printf 1; else printf 0; fi; done'
    as_spark = ["setpriv", f"--reuid={paths.SPARK_USER}", f"--regid={paths.SPARK_USER}", "--init-groups"]
    done = subprocess.run(
        [*as_spark, "sh", "-c", script, "sh", *wanted], capture_output=True, text=True, check=True, cwd="/"
    )
    return {path for path, may in zip(wanted, done.stdout, strict=True) if may == "1"}


def _matches(path: str) -> bool:
    return bool(glob.glob(path)) if glob.has_magic(path) else Path(path).exists()  # noqa: PTH207
