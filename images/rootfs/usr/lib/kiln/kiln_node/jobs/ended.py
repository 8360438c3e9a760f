"""When a driver's unit has ended: what systemd and the runner know of it becomes the record's end.

ExecStopPost of the unit, as root, after systemd has ended every process of it: whichever way the driver, the
runner or kiln-submit ended, this runs.
"""

from __future__ import annotations

import contextlib
import json
import signal
import time
from collections.abc import Mapping

from kiln_node.jobs import driverfile, prune, wire
from kiln_node.jobs.driverfile import Driver
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.record import End, State, close, judge, signal_name

LOST = "its node was restarted, or its unit was removed: nobody saw how the driver ended"


def settle(environment: Mapping[str, str], driver: Driver, asked: str | None) -> tuple[State, End]:
    """Pure. environment: SERVICE_RESULT, EXIT_CODE and EXIT_STATUS as systemd.exec(5) has them, empty where
    systemd was not there; asked: in words, who asked for the end."""
    code, number = _exit(environment)
    ended = driver.ended
    if ended is None:
        return _unseen(environment, code, number, driver, asked)
    reason, detail = ended.reason, ended.detail
    if asked is not None and reason in (None, "stopped") and (ended.number or ended.code):
        reason, detail = "cancelled", asked
    if ended.code == 0 and code != 0:
        # the runner's word alone makes no success
        return judge(code, number, "lost", "systemd saw another end than the driver's supervisor")
    return judge(ended.code, ended.number, reason, detail)


def _unseen(
    environment: Mapping[str, str], code: int | None, number: int | None, driver: Driver, asked: str | None
) -> tuple[State, End]:
    """The runner was ended itself, and with it whoever could have seen how the driver ends."""
    if asked is not None:
        return judge(None, number or signal.SIGKILL, "cancelled", asked)
    if environment.get("SERVICE_RESULT") == "oom-kill":
        return judge(None, number or signal.SIGKILL, "memory", "the kernel ended it: the memory was used up")
    if number is not None:
        return judge(None, number, "killed", f"{signal_name(number)} ended the supervisor of its driver")
    if not environment:
        return judge(None, None, "lost", LOST)
    if driver.started is None:
        return judge(
            code or 1, None, "start", "its driver was not started: journalctl -u of its unit says why"
        )
    return judge(code or 1, None, "lost", "the supervisor of its driver ended without its end")


def _exit(environment: Mapping[str, str]) -> tuple[int | None, int | None]:
    status = environment.get("EXIT_STATUS", "")
    if environment.get("EXIT_CODE") == "exited" and status.isdigit():
        return int(status), None
    if environment.get("EXIT_CODE") in ("killed", "dumped"):
        name = f"SIG{status}"
        return None, int(signal.Signals[name]) if name in signal.Signals.__members__ else signal.SIGKILL
    return None, None


def asked_for(folder: Folder) -> str | None:
    """Who asked for its end, in words."""
    try:
        return str(json.loads(folder.asked.read_text(encoding="utf-8"))["what"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def record_end(unit: str, environment: Mapping[str, str], now: float | None = None) -> None:
    """unit: its name without .service."""
    job = unit.removeprefix("spark-driver-")
    folder = Folder(job)
    driver = driverfile.read(folder.driver)
    state, end = settle(environment, driver, asked_for(folder))
    at = driver.ended.at if driver.ended is not None else (time.time() if now is None else now)
    folder.write(close(folder.read(), state, end, at))
    with contextlib.suppress(OSError):
        wire.path(job).unlink()
    wire.settings(job).unlink(missing_ok=True)
    prune.prune(time.time())
