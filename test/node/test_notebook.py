"""What surrounds a cell of a PySpark notebook: which jobs Stop cancels, and what an ended session is told."""

from __future__ import annotations

import logging
import os
import signal
import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln_notebook import cells, jobs, session
from kiln_notebook.jobs import Running

MINE = f"{jobs.PREFIX}7"
OTHER = f"{jobs.PREFIX}6"
groups = st.sampled_from([None, MINE, OTHER, "by-hand", "query-1", "query-2"])
running = st.dictionaries(st.integers(0, 20), groups)


def test_a_cells_jobs_are_named_by_its_first_line() -> None:
    assert jobs.description(3, "\n  df.count()\nx = 1") == "[3] df.count()"
    assert jobs.description(1, "") == "[1] "
    assert len(jobs.description(1, "x" * 500)) == len("[1] ") + jobs.SHOWN


@pytest.mark.parametrize(
    ("group", "cancelled"),
    [
        (MINE, True),
        # of a plain Python thread that the cell has started
        (None, True),
        ("by-hand", True),
        # of a thread that another cell has started with its group
        (OTHER, False),
        ("query-1", False),
    ],
)
def test_stop_cancels_what_the_cell_began(group: str | None, cancelled: bool) -> None:
    before = Running({}, frozenset({"query-1"}))
    assert jobs.jobs_of(MINE, before, Running({4: group}, frozenset({"query-1"}))) == (
        [4] if cancelled else []
    )


@given(running, running)
def test_what_ran_before_the_cell_goes_on(
    before: dict[int, str | None], since: dict[int, str | None]
) -> None:
    others = {job: group for job, group in before.items() if group != MINE}
    queries = frozenset({"query-1"})
    found = jobs.jobs_of(MINE, Running(others, queries), Running({**since, **others}, queries))
    assert not set(found) & set(others)
    assert all(group not in queries for job, group in since.items() if job in found)


def test_queries_of_earlier_cells_go_on() -> None:
    before, now = Running({}, frozenset({"a"})), Running({}, frozenset({"a", "b"}))
    assert jobs.queries_of(before, now) == ["b"]


def some(value: str | None) -> SimpleNamespace:
    """Scala's Option."""
    return SimpleNamespace(isDefined=lambda: value is not None, get=lambda: value)


class FakeContext:
    """Of a SparkContext what cells ask for, with the jobs that run."""

    def __init__(self) -> None:
        self.active: dict[int, str | None] = {}
        self.group: str | None = None
        self.cancelled: list[int] = []
        self.code: int | None = None
        self.stopped = False
        self._gateway = SimpleNamespace(proc=SimpleNamespace(poll=lambda: self.code))
        scala = SimpleNamespace(
            isStopped=lambda: self.stopped,
            cancelJob=self.cancelled.append,
            statusStore=lambda: SimpleNamespace(
                job=lambda job: SimpleNamespace(jobGroup=lambda: some(self.active[job]))
            ),
        )
        self._jsc = SimpleNamespace(sc=lambda: scala, clearJobGroup=lambda: setattr(self, "group", None))

    def statusTracker(self) -> SimpleNamespace:
        return SimpleNamespace(getActiveJobsIds=lambda: list(self.active))

    def setJobGroup(self, group: str, _description: str, _interrupt: bool) -> None:
        self.group = group

    def cancelJobGroup(self, group: str) -> None:
        self.cancelled += [job for job, its in self.active.items() if its == group]


class FakeShell:
    def __init__(self) -> None:
        self.execution_count = 7
        self.registered: dict[str, object] = {}
        self.events = SimpleNamespace(register=self.registered.__setitem__)


@pytest.fixture
def context() -> FakeContext:
    return FakeContext()


def around(context: FakeContext, failure: str | None = None) -> tuple[cells.Cells, FakeShell]:
    shell = FakeShell()
    spark = SimpleNamespace(sparkContext=context, streams=SimpleNamespace(active=[]))
    return cells.Cells(shell, lambda: None if failure else spark, failure), shell


def interrupt() -> None:
    """What Jupyter does to a kernel."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(1)


INFO = SimpleNamespace(raw_cell="df.count()")


def test_a_signal_during_a_cell_cancels_its_jobs_and_interrupts_it(
    context: FakeContext, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        around_cell, _ = around(context)
        context.active = {1: None}
        around_cell.begin(INFO)
        assert context.group == MINE
        context.active |= {2: MINE, 3: None}
        with pytest.raises(KeyboardInterrupt):
            interrupt()
        around_cell.end(SimpleNamespace(error_in_exec=KeyboardInterrupt()))
        assert set(context.cancelled) == {2, 3}
        assert not context.group
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        assert "Stopped: the Spark jobs of this cell were cancelled." in capsys.readouterr().err
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"code": -9}, "its JVM was killed by signal 9"),
        ({"code": 1}, "its JVM ended with 1"),
        ({"stopped": True}, "Spark has stopped it"),
        ({"_jsc": None}, "it was stopped"),
    ],
)
def test_an_error_of_an_ended_session_says_what_to_do(
    context: FakeContext, capsys: pytest.CaptureFixture[str], change: dict[str, object], why: str
) -> None:
    for name, value in change.items():
        setattr(context, name, value)
    around_cell, _ = around(context)
    around_cell.begin(INFO)
    around_cell.end(SimpleNamespace(error_in_exec=ValueError()))
    told = capsys.readouterr().err
    assert why in told
    assert "Restart the kernel" in told
    # What does not need Spark says nothing of it.
    around_cell.begin(INFO)
    around_cell.end(SimpleNamespace(error_in_exec=None))
    assert capsys.readouterr().err == ""


def test_where_there_never_was_a_session_the_reason_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    around_cell, _ = around(FakeContext(), "starting it failed: no master")
    around_cell.begin(INFO)
    around_cell.end(SimpleNamespace(error_in_exec=NameError("spark")))
    assert "starting it failed: no master" in capsys.readouterr().err


def test_a_living_session_has_not_ended(context: FakeContext) -> None:
    assert session.ended(SimpleNamespace(sparkContext=context)) is None


@pytest.mark.parametrize(
    ("error", "shown"), [(ValueError(), True), (KeyboardInterrupt(), False), (OSError(), False)]
)
def test_only_what_an_interrupt_made_py4j_say_is_left_out(error: BaseException, shown: bool) -> None:
    if isinstance(error, OSError):
        error.__context__ = KeyboardInterrupt()
    record = logging.LogRecord("root", logging.ERROR, "", 1, "said", None, (type(error), error, None))
    assert cells.quiet(record) is shown
