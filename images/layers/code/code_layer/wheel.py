"""Builds the project's wheel by its own build backend (PEP 517) in the image's own Python."""

from __future__ import annotations

import json
import os
import subprocess
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from conda_layer.chroot import PREFIX, Chroot
from conda_layer.fail import fail

from .builders import STUBS, TOOLS, VENV

# PEP 517: what builds a project that names no backend.
_LEGACY = "setuptools.build_meta:__legacy__"


@dataclass(frozen=True)
class Backend:
    """build-system of a pyproject.toml; `requires` as PEP 508 has it, `path` relative to the source."""

    requires: Sequence[str] = ("setuptools>=40.8.0",)
    name: str = _LEGACY
    path: Sequence[str] = ()


def backend_of(source: Path) -> Backend:
    """The build backend that a source names, or pip's default."""
    file = source / "pyproject.toml"
    if not file.exists():
        return Backend()
    try:
        table: dict[str, Any] | None = tomllib.loads(file.read_text("utf-8")).get("build-system")
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fail(f"{file.name} of the code package is not TOML: {error}", "correct it")
    if table is None:
        return Backend()
    return Backend(
        table.get("requires", ()), table.get("build-backend", _LEGACY), table.get("backend-path", ())
    )


@dataclass(frozen=True)
class Place:
    """One build: `source`, `wheels` and `control` are folders of `root`, which has them at those paths."""

    root: Chroot
    source: str
    wheels: str
    control: str
    history: bool
    umask: int = 0o022
    variables: Mapping[str, str] = field(default_factory=dict)

    def path(self, place: str) -> Path:
        """Where a path of the build's root lies for this process."""
        return self.root.root / place.lstrip("/")

    def run(self, arguments: Sequence[str], variables: Mapping[str, str] | None = None) -> int:
        """The environment's Python with nothing of the caller's environment variables; its exit code."""
        names = {
            # git is found only where the source is a repository.
            "PATH": ":".join(
                [f"{VENV}/bin", STUBS, *([f"{TOOLS}/usr/bin"] if self.history else []), "/usr/bin", "/bin"]
            ),
            "HOME": "/tmp",  # noqa: S108 (the root's own)
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "PYTHONHASHSEED": "0",
            "GIT_EXEC_PATH": f"{TOOLS}/usr/lib/git-core",
            # Build backends date what they write by it.
            "SOURCE_DATE_EPOCH": os.environ["SOURCE_DATE_EPOCH"],
            **(variables or {}),
        }
        # By env(1) of the root: a library to preload is there, not here.
        command = ["/usr/bin/env", "-i", *(f"{name}={value}" for name, value in names.items())]
        # Whoever wrote the code that runs here: of root's rights, those over its own files.
        rights = "chown,dac_override,fowner,fsetid,kill,setgid,setuid,sys_chroot"
        foreign = [
            *("setpriv", "--inh-caps=-all", "--bounding-set=-all,+" + rights.replace(",", ",+"), "--"),
            *(
                "/usr/bin/python3",
                "-I",
                "-S",
                os.environ["KILN_SECCOMP"],
                "foreign",
                str(self.root.root),
                "--",
            ),
        ]
        return subprocess.run([*foreign, *command, *arguments], umask=self.umask, check=False).returncode

    def ask(self, task: str, backend: Backend) -> dict[str, Any]:
        """Has inside/hooks.py call the backend and returns its answer; raises BuildFailed."""
        request = self.path(self.control) / "request.json"
        request.write_text(
            json.dumps(
                {
                    "source": self.source,
                    "backend": backend.name,
                    "backend_path": list(backend.path),
                    "python": f"{VENV}/bin/python",
                    "wheels": self.wheels,
                }
            ),
            "utf-8",
        )
        python = [f"{PREFIX}/bin/python", "-B", "-s", "/build/inside/hooks.py"]
        code = self.run([*python, task, f"{self.control}/request.json"], self.variables)
        if code != 0:
            raise BuildFailed
        answer: dict[str, Any] = json.loads(request.with_name("answer.json").read_text("utf-8"))
        return answer

    def build(self, backend: Backend) -> Path:
        """The wheel."""
        return self.path(self.wheels) / str(self.ask("wheel", backend)["wheel"])


class BuildFailed(Exception):
    """The backend said why on standard error."""
