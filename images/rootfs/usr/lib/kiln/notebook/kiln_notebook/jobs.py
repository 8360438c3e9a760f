"""The jobs and streaming queries behind a cell, and which of those that run now belong to it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Beginning of the job group of every cell.
PREFIX = "notebook-cell-"
#: Characters of a cell's first line in Spark's pages.
SHOWN = 80
#: Seconds by which what Spark shows may be behind what it does.
LAG = 0.3


@dataclass(frozen=True)
class Running:
    """jobs: id -> job group, or None; queries: run id of every streaming query, which is its jobs' group."""

    jobs: Mapping[int, str | None]
    queries: frozenset[str]


def description(number: int, code: str) -> str:
    """What Spark's pages call a cell's jobs: `[3] df.count()`."""
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    first = lines[0] if lines else ""
    return f"[{number}] {first if len(first) <= SHOWN else first[: SHOWN - 1] + '…'}"


def jobs_of(group: str, before: Running, now: Running) -> list[int]:
    """Jobs that Stop cancels: the cell's own group, and what began since the cell did and is no other
    cell's and no streaming query's. The latter are those of plain Python threads, which Spark gives no group,
    and of a group that the cell's code has set."""
    others = before.queries | now.queries
    return sorted(
        job
        for job, its in now.jobs.items()
        if its == group
        or (job not in before.jobs and its not in others and not (its or "").startswith(PREFIX))
    )


def queries_of(before: Running, now: Running) -> list[str]:
    """Run ids of the streaming queries that the cell has started; those of earlier cells go on."""
    return sorted(now.queries - before.queries)


def look(session: Any) -> Running:  # noqa: ANN401 - pyspark's SparkSession
    """What runs in a session's context now. Raises py4j's errors when the JVM does not answer."""
    context = session.sparkContext
    store = context._jsc.sc().statusStore()
    jobs = {int(job): _group(store, job) for job in context.statusTracker().getActiveJobsIds()}
    return Running(jobs, frozenset(str(query.runId) for query in session.streams.active))


def cancel(session: Any, group: str, before: Running) -> int:  # noqa: ANN401 - pyspark's SparkSession
    """Ends what runs of a cell; returns how many jobs and queries. Raises py4j's errors when the JVM does
    not answer."""
    context = session.sparkContext
    jobs, queries = _belonging(session, group, before)
    if not jobs and not queries:
        # One that just began is not to be seen yet.
        time.sleep(LAG)
        jobs, queries = _belonging(session, group, before)
    # The queries first: a cancelled job would fail them.
    for query in session.streams.active:
        if str(query.runId) in queries:
            query.stop()
    if jobs:
        context.cancelJobGroup(group)
    for job in jobs:
        context._jsc.sc().cancelJob(job)
    return len(jobs) + len(queries)


def _belonging(session: Any, group: str, before: Running) -> tuple[list[int], list[str]]:  # noqa: ANN401
    now = look(session)
    return jobs_of(group, before, now), queries_of(before, now)


def _group(store: Any, job: int) -> str | None:  # noqa: ANN401 - a Java object
    """From what Spark's pages show, the one place that has it; a job that just began may not be there yet."""
    try:
        found = store.job(job).jobGroup()
    except Exception as error:
        # py4j is the image's: what the JVM throws is known by its name here
        if type(error).__name__ != "Py4JJavaError":
            raise
        return None
    return str(found.get()) if found.isDefined() else None
