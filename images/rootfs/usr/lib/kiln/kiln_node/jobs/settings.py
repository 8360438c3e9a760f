"""What spark-submit is given beside the caller's options: the cluster's settings, an executor's size.
Pure."""

from __future__ import annotations

from collections.abc import Callable

from kiln_node import kernel, paths, ready
from kiln_node.faults import NodeFault
from kiln_node.jobs.parse import Submission


def executor_size(answer: dict[str, object], cores: int | None) -> dict[str, str]:
    """What an executor asks for when a job says nothing: what fits every living worker.
    cores: spark.executorCores of node.json."""
    workers = ready.alive_workers(answer)
    if not workers:
        raise NodeFault(
            "the master has no living worker",
            where="cluster",
            hint="run kiln-status on the workers: it names what they wait for",
        )
    return kernel.size(workers, cores)


def command(
    given: Submission, job: str, configured: set[str], size: Callable[[], dict[str, str]]
) -> list[str]:
    """spark-submit's arguments; size: asked only when neither job nor node.json sets the memory."""
    memory_given = (
        "spark.executor.memory" in configured
        or "spark.executor.memory" in given.conf()
        or given.values("--executor-memory") != []
    )
    # spark.kiln.job: in the event log and on the driver's page, which say so whose they are
    ours = {"spark.kiln.job": job, **({} if memory_given else size())}
    set_by_us = [word for key, value in sorted(ours.items()) for word in ("--conf", f"{key}={value}")]
    # what a job sets itself comes later and wins
    chosen = [word for option in given.options for word in option.words()]
    return ["--properties-file", str(paths.SPARK_DEFAULTS), *set_by_us, *chosen, *given.resource()]


def name_of(given: Submission) -> str:
    """What people call it: as Spark will, else by its program."""
    named = given.values("--name")
    if named:
        return named[-1]
    set_by_conf = given.conf().get("spark.app.name")
    return set_by_conf or given.module or str(given.program).rpartition("/")[2]
