"""What is kept of a job: its record as a value, and how it changes. Pure.

job.json of its folder: {"version": 1, "id", "name", "argv", "submitted": {"at", "by", "mode"}, "internal",
"state", "started", "ended", "application", "end"}. Times are seconds since 1970, argv is without secrets,
mode is attached or detached, end is {"code", "signal", "cause", "what"} once there is one.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, cast, get_args

VERSION: Final = 1

State = Literal["submitted", "running", "succeeded", "failed", "cancelled", "lost"]
Mode = Literal["attached", "detached"]
#: exit: the driver ended by itself; signal: something ended it; killed: something ended its supervisor;
#: memory: the kernel ended it for want of memory; cancelled: somebody asked for it; caller: the command that
#: it was submitted by is gone; stopped: its unit was stopped; start: it never ran; lost: nobody saw its end.
Cause = Literal["exit", "signal", "killed", "memory", "cancelled", "caller", "stopped", "start", "lost"]

ENDED: Final[frozenset[State]] = frozenset({"succeeded", "failed", "cancelled", "lost"})


@dataclass(frozen=True)
class End:
    """code: what kiln-submit ends with, 128 and the signal's number where one ended the driver."""

    code: int
    signal: str | None
    cause: Cause
    what: str


@dataclass(frozen=True)
class Record:
    id: str
    name: str
    argv: tuple[str, ...]
    submitted: float
    by: str
    mode: Mode
    internal: bool = False
    state: State = "submitted"
    started: float | None = None
    ended: float | None = None
    application: str | None = None
    end: End | None = None

    @property
    def unit(self) -> str:
        return unit(self.id)


def unit(job: str) -> str:
    """The driver's unit."""
    return f"spark-driver-{job}.service"


def signal_name(number: int) -> str:
    """SIGKILL for 9; what has no name stays a number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def judge(code: int | None, number: int | None, reason: Cause | None, detail: str = "") -> tuple[State, End]:
    """How a job ended. code: the driver's exit code, or number: of the signal that ended it; reason: why it
    was told to end, if it was. Success is exit code 0 of a driver that nobody told to end, and nothing
    else."""
    if number is None and code is not None and code > 128 and code - 128 in set(signal.Signals):
        # a JVM that is asked to stop, a Python driver seen by its JVM: a signal, told as an exit code
        name: str | None = signal_name(code - 128)
    else:
        name = None if number is None else signal_name(number)
    own = 128 + number if number is not None else code
    if reason in ("cancelled", "caller", "stopped"):
        # a driver that tidies up and ends with 0 when it is told to end has still not done its work
        known = own if own not in (None, 0) else 128 + signal.SIGTERM
        state: State = "failed" if reason == "stopped" else "cancelled"
        return state, End(known or 1, name, reason, detail)
    if reason in ("start", "lost") or own is None:
        why: Cause = reason or "lost"
        return ("lost" if why == "lost" else "failed"), End(own or 1, name, why, detail)
    if reason in ("memory", "killed"):
        return "failed", End(own or 1, name, reason, detail)
    if name is not None:
        return "failed", End(own, name, "signal", f"the driver was ended by {name}")
    if own == 0:
        return "succeeded", End(0, None, "exit", "")
    return "failed", End(own, None, "exit", "")


def sentence(record: Record) -> str:
    """How it ended, in one line."""
    end = record.end
    if end is None:
        return f"job {record.id} is {record.state}"
    how = f"job {record.id} {record.state} with exit code {end.code}"
    return f"{how}: {end.what}" if end.what else how


def close(record: Record, state: State, end: End, at: float) -> Record:
    """The record with its end; one that has ended stays as it is."""
    return record if record.state in ENDED else replace(record, state=state, end=end, ended=at)


def document(record: Record) -> dict[str, Any]:
    """As job.json has it, and as `kiln jobs --json` gives it."""
    found = asdict(record)
    return {
        "version": VERSION,
        **{key: found[key] for key in ("id", "name", "argv", "internal", "state")},
        "submitted": {"at": record.submitted, "by": record.by, "mode": record.mode},
        **{key: found[key] for key in ("started", "ended", "application", "end")},
    }


def parse(value: object) -> Record:
    """ValueError where it is not a record that this version can read."""
    if not isinstance(value, dict) or value.get("version") != VERSION:
        raise ValueError("not a record of a job that this version can read")
    try:
        found = cast("Mapping[str, Any]", value)
        end, submitted = found["end"], found["submitted"]
        state, mode = found["state"], submitted["mode"]
        if state not in get_args(State) or mode not in get_args(Mode):
            raise ValueError(f"unknown state or mode: {state}, {mode}")
        return Record(
            id=str(found["id"]),
            name=str(found["name"]),
            argv=tuple(str(word) for word in found["argv"]),
            submitted=float(submitted["at"]),
            by=str(submitted["by"]),
            mode=mode,
            internal=bool(found["internal"]),
            state=state,
            started=found["started"],
            ended=found["ended"],
            application=found["application"],
            end=None if end is None else End(int(end["code"]), end["signal"], end["cause"], str(end["what"])),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"the record lacks {error}") from error
