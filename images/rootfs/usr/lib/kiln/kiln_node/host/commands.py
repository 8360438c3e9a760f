"""Running the system's own programs, behind an interface so that tests can stand in for a machine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from kiln_node.faults import NodeFault


@dataclass(frozen=True)
class Result:
    code: int
    stdout: str
    stderr: str


class Commands(Protocol):
    """run: a program with its arguments; the exit code is the caller's to judge."""

    def run(self, argv: Sequence[str], *, timeout: float = 120) -> Result: ...


class HostCommands:
    """The real thing. A program that is missing or hangs is a NodeFault."""

    def run(self, argv: Sequence[str], *, timeout: float = 120) -> Result:
        try:
            done = subprocess.run(
                list(argv),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=timeout,
                check=False,
                stdin=subprocess.DEVNULL,
            )
        except FileNotFoundError:
            raise NodeFault(
                f"{argv[0]} is not in the image", where=argv[0], hint="add its package to the os layer"
            ) from None
        except subprocess.TimeoutExpired:
            raise NodeFault(
                f"{' '.join(argv)} did not end within {timeout:g} s",
                where=argv[0],
                hint="see the journal and dmesg for a device that hangs",
            ) from None
        return Result(done.returncode, done.stdout, done.stderr)


def must(commands: Commands, argv: Sequence[str], *, timeout: float = 120) -> str:
    """Standard output of a program that has to succeed."""
    done = commands.run(argv, timeout=timeout)
    if done.code != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise NodeFault(
            f"{' '.join(argv)} failed with {done.code}: {said}",
            where=argv[0],
            hint="see the journal of this unit for the whole output",
        )
    return done.stdout
