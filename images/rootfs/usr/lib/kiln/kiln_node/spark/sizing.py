"""What a worker offers to Spark, from what the machine has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kiln_node.faults import NodeFault
from kiln_node.host.facts import Facts
from kiln_node.nodejson.config import WorkerOffer

#: spark-ec2's table: above this much RAM (GiB), so much (MiB) stays with the operating system.
RESERVE_MIB: tuple[tuple[int, int], ...] = (
    (100, 15 * 1024),
    (60, 10 * 1024),
    (40, 6 * 1024),
    (20, 3 * 1024),
    (10, 2 * 1024),
    (0, 1331),
)

#: Part of the rest that is left to Python workers, which live outside the executor's heap.
PYTHON_SHARE = 0.2

#: The launcher refuses executors below 450 MiB of heap; less than this is no worker.
LEAST_MIB = 512


@dataclass(frozen=True)
class Offer:
    cores: int
    memory_mib: int


@dataclass(frozen=True)
class Executor:
    """cores: None when it takes all that its worker has; per_worker: how many of them share the smallest of
    the workers that can run one."""

    cores: int | None
    memory_mib: int
    per_worker: int
    reason: str


def reserve_mib(ram_mib: int) -> int:
    """MiB kept back for the operating system and the daemon."""
    return next(kept for above, kept in RESERVE_MIB if ram_mib > above * 1024)


def offer(facts: Facts, override: WorkerOffer | None) -> Offer:
    """The override as it stands (checked against the RAM), else cores and memory by the table."""
    if override is not None:
        if override.memory_mib > facts.memory_mib:
            raise NodeFault(
                f"spark.worker.memoryMiB is {override.memory_mib}, the machine has {facts.memory_mib}",
                where="node.json: spark.worker",
                hint="offer less, or leave spark.worker out: kiln then sizes it from the machine",
            )
        return Offer(override.cores, override.memory_mib)
    rest = facts.memory_mib - reserve_mib(facts.memory_mib)
    heap = int(rest * (1 - PYTHON_SHARE))
    if heap < LEAST_MIB:
        raise NodeFault(
            f"the machine has {facts.memory_mib} MiB of memory: {heap} MiB would be left for an executor",
            where="memory",
            hint=f"use a machine with more memory (an executor needs {LEAST_MIB} MiB)",
        )
    return Offer(facts.cores, heap)


def told(facts: Facts, override: WorkerOffer | None, worker: Offer, share: Executor) -> dict[str, Any]:
    """What came out and why, as the status has it. Sizes in MiB."""
    kept = reserve_mib(facts.memory_mib)
    python = facts.memory_mib - kept - worker.memory_mib
    why = (
        f"of {facts.memory_mib} MiB, {kept} stay with the system and the daemon, "
        f"{python} with Python outside the executors' heaps"
        if override is None
        else "spark.worker of node.json; the machine has "
        f"{facts.cores} cores and {facts.memory_mib} MiB, {facts.memory_mib - worker.memory_mib} are left "
        "for the system, the daemon and Python"
    )
    return {
        "cores": worker.cores,
        "memoryMiB": worker.memory_mib,
        "why": why,
        "executor": {
            "perWorker": share.per_worker,
            "cores": worker.cores if share.cores is None else share.cores,
            "memoryMiB": share.memory_mib,
            "why": share.reason,
        },
    }
