"""Around every cell: its Spark jobs get a group, Stop cancels them, and an ended session is explained.

An interrupt while no cell runs is ignored: ipykernel sees to that, unless Spark's own handler is left in
place (start.py takes it away).
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from kiln_notebook import jobs, session

#: Seconds that Stop waits for the JVM to take the cancellation; the cell ends in any case.
PATIENCE = 10.0

NOTHING = jobs.Running({}, frozenset())


@dataclass(frozen=True)
class Cell:
    """One that runs: its job group, what ran before it, and who had the signal before."""

    group: str
    before: jobs.Running
    previous: Any
    #: What Stop cancelled, one entry a Stop.
    cancelled: list[int] = field(default_factory=list)


class Cells:
    """Registers with IPython's events. find: the session of this notebook, or None while there is none;
    failure: why there never was one."""

    def __init__(self, shell: Any, find: Callable[[], Any], failure: str | None = None) -> None:  # noqa: ANN401
        self._shell, self._find, self._failure = shell, find, failure
        # A cell may run another one: %run, get_ipython().run_cell.
        self._running: list[Cell] = []
        shell.events.register("pre_run_cell", self.begin)
        shell.events.register("post_run_cell", self.end)

    def begin(self, info: Any) -> None:  # noqa: ANN401 - IPython's ExecutionInfo
        group = f"{jobs.PREFIX}{self._shell.execution_count}"
        before = NOTHING
        found = self._find()
        if found is not None and session.ended(found) is None:
            before = jobs.look(found)
            found.sparkContext.setJobGroup(
                group, jobs.description(self._shell.execution_count, info.raw_cell or ""), True
            )
        previous = None
        # Elsewhere no signal arrives: a subshell's cell.
        if threading.current_thread() is threading.main_thread():
            previous = signal.signal(signal.SIGINT, self._stop)
        self._running.append(Cell(group, before, previous))

    def end(self, result: Any) -> None:  # noqa: ANN401 - IPython's ExecutionResult
        if self._running:
            cell = self._running.pop()
            if cell.previous is not None:
                signal.signal(signal.SIGINT, cell.previous)
            if sum(cell.cancelled) > 0:
                # The error above may be any: what a cancelled job makes of the code that waits for it.
                print("Stopped: the Spark jobs of this cell were cancelled.", file=sys.stderr)
        found = self._find()
        why = self._failure if found is None else session.ended(found)
        if why is None:
            if found is not None:
                found.sparkContext._jsc.clearJobGroup()
        elif result is not None and isinstance(result.error_in_exec, Exception):
            print(session.advice(why), file=sys.stderr)

    def _stop(self, number: int, frame: Any) -> None:  # noqa: ANN401 - as signal has it
        cell = self._running[-1]
        # In a thread of its own, with a connection of its own: this one may stand in the middle of an answer.
        other = threading.Thread(target=self._cancel, args=(cell,), daemon=True)
        other.start()
        other.join(PATIENCE)
        cell.previous(number, frame)

    def _cancel(self, cell: Cell) -> None:
        try:
            found = self._find()
            if found is not None and session.ended(found) is None:
                cell.cancelled.append(jobs.cancel(found, cell.group, cell.before))
        except Exception as error:
            print(f"the jobs of this cell could not be cancelled: {error}", file=sys.stderr)


def quiet(record: logging.LogRecord) -> bool:
    """False for py4j's words about an interrupted answer: the cell itself shows its KeyboardInterrupt."""
    error = record.exc_info[1] if record.exc_info else None
    while error is not None:
        if isinstance(error, KeyboardInterrupt):
            return False
        error = error.__context__
    return True
