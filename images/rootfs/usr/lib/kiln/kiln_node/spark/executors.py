"""How executors share the workers of a cluster: pure.

The master starts executors on a worker while cores and memory are left there, so that memory alone can keep
cores idle: an executor that takes all of a worker's memory and two of its sixteen cores leaves fourteen that
nobody can use. The memory of an executor therefore follows from its cores, over every living worker.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiln_node.faults import NodeFault
from kiln_node.spark.sizing import Executor, Offer

#: MiB. Spark refuses a smaller heap: UnifiedMemoryManager, 1.5 times the 300 MiB that it reserves.
LEAST_HEAP_MIB = 450

#: A JVM's pointers double in size from 32 GiB of heap (HotSpot, compressed oops): 31 hold more than 40 would.
LARGEST_HEAP_MIB = 31 * 1024

#: Letters of org.apache.spark.network.util.JavaUtils, in KiB.
UNITS = {
    "k": 1,
    "kb": 1,
    "m": 2**10,
    "mb": 2**10,
    "g": 2**20,
    "gb": 2**20,
    "t": 2**30,
    "tb": 2**30,
    "": 2**10,
}

CORES = "spark.executor.cores"
MEMORY = "spark.executor.memory"
MOST_CORES = "spark.cores.max"
TASK_CPUS = "spark.task.cpus"


@dataclass(frozen=True)
class Wanted:
    """What is asked for. cores and memory_mib: of one executor; fixed: whether the cores are the job's own
    word, so that they may not be changed; most: cores of a job in all; by: who asks for the cores."""

    cores: int | None = None
    memory_mib: int | None = None
    fixed: bool = True
    most: int | None = None
    task_cpus: int = 1
    by: str = CORES


def wanted(settings: Mapping[str, str], job: Mapping[str, str] | None = None) -> Wanted:
    """settings: of the cluster; job: what a job sets itself, which wins. NodeFault for what is no number."""
    own = job or {}
    merged = {**settings, **own}
    return Wanted(
        cores=_whole(merged, CORES),
        memory_mib=mebibytes(merged.get(MEMORY)),
        fixed=CORES in own,
        most=_whole(merged, MOST_CORES),
        task_cpus=_whole(merged, TASK_CPUS) or 1,
    )


def mebibytes(text: str | None) -> int | None:
    """MiB of `2g` or `512`; None where there is nothing, or nothing that Spark would take: it says so."""
    matched = re.fullmatch(r"(\d+)([a-z]*)", (text or "").strip().lower())
    if matched is None or matched[2] not in UNITS:
        return None
    return int(matched[1]) * UNITS[matched[2]] // 2**10


def offers(workers: Sequence[Mapping[str, Any]]) -> list[Offer]:
    """Of the workers on the master's page."""
    return [Offer(int(one["cores"]), int(one["memory"])) for one in workers]


def properties(found: Executor) -> dict[str, str]:
    """As Spark's settings."""
    memory = {MEMORY: f"{found.memory_mib}m"}
    return memory if found.cores is None else {**memory, CORES: str(found.cores)}


def share(workers: Sequence[Offer], asked: Wanted) -> Executor:
    """Of one executor: the same for all of a job's. NodeFault where no worker could ever start one."""
    if not workers:
        raise NodeFault(
            "the master has no living worker",
            where="cluster",
            hint="run kiln-status on the workers: it names what they wait for",
        )
    if asked.memory_mib is not None:
        return _with_memory(workers, asked, asked.memory_mib)
    if asked.cores is None:
        return _by_memory(workers, asked.task_cpus)
    cores = _adjusted(asked.cores, asked)
    able = [one for one in workers if one.cores >= cores]
    if not able:
        raise _too_many(cores, workers, asked.by)
    enough = [one for one in able if _of(one, cores) >= LEAST_HEAP_MIB]
    if not enough:
        raise _too_little(cores, able, asked.by)
    memory = min(_of(one, cores) for one in enough)
    reason = f"{asked.by} is {cores}"
    if memory > LARGEST_HEAP_MIB:
        reason += f"; more than {LARGEST_HEAP_MIB // 1024} GiB of heap are given to who asks for them"
    return _executor(enough, cores, min(memory, LARGEST_HEAP_MIB), reason)


def idle(worker: Offer, cores: int | None, memory_mib: int) -> int:
    """Cores of a worker that no executor of this size can use, though they would hold one more: because of
    memory."""
    each = worker.cores if cores is None else cores
    started = min(worker.cores // each, worker.memory_mib // memory_mib)
    return worker.cores // each * each - started * each


def _of(worker: Offer, cores: int) -> int:
    """MiB of an executor when all cores of a worker are used by such executors."""
    return worker.memory_mib // (worker.cores // cores)


def _executor(workers: Sequence[Offer], cores: int, memory_mib: int, reason: str) -> Executor:
    return Executor(cores, memory_mib, min(one.cores // cores for one in workers), reason)


def _adjusted(cores: int, asked: Wanted) -> int:
    """The cluster's cores of an executor, made to fit a job that limits itself or whose tasks need more."""
    if asked.fixed:
        if asked.most is not None and asked.most < cores:
            raise NodeFault(
                f"an executor is to have {cores} cores, and the job {asked.most} in all: none could start",
                where=f"{CORES}, {MOST_CORES}",
                hint=f"ask for at most {asked.most} cores an executor, or for more in all "
                "(--total-executor-cores)",
            )
        return cores
    fitting = -(-cores // asked.task_cpus) * asked.task_cpus
    return fitting if asked.most is None else max(asked.task_cpus, min(fitting, asked.most))


def _with_memory(workers: Sequence[Offer], asked: Wanted, memory_mib: int) -> Executor:
    """The memory that was asked for stands, whatever stays idle."""
    cores = None if asked.cores is None else _adjusted(asked.cores, asked)
    if cores is not None and all(one.cores < cores for one in workers):
        raise _too_many(cores, workers, asked.by)
    able = [one for one in workers if one.memory_mib >= memory_mib and one.cores >= (cores or 1)]
    if not able:
        most = max(one.memory_mib for one in workers if one.cores >= (cores or 1))
        raise NodeFault(
            f"an executor is to have {memory_mib} MiB of memory, and no worker that has its cores offers "
            f"more than {most} MiB",
            where=MEMORY,
            hint=f"ask for at most {most}m; kiln-status on a worker says what it offers",
        )
    if memory_mib < LEAST_HEAP_MIB:
        raise NodeFault(
            f"an executor is to have {memory_mib} MiB of memory; Spark needs {LEAST_HEAP_MIB}",
            where=MEMORY,
            hint=f"ask for {LEAST_HEAP_MIB}m or more",
        )
    count = 1 if cores is None else min(min(one.cores // cores, one.memory_mib // memory_mib) for one in able)
    return Executor(cores, memory_mib, count, f"{MEMORY} is {memory_mib} MiB")


def _by_memory(workers: Sequence[Offer], task_cpus: int) -> Executor:
    """Nothing is asked for: one executor takes a worker, or as many as keep each heap within bounds."""
    smallest = min(one.memory_mib for one in workers)
    fewest = min(one.cores for one in workers)
    if smallest <= LARGEST_HEAP_MIB:
        return Executor(None, smallest, 1, "one takes the whole worker")

    def memory(cores: int) -> int:
        return min(_of(one, cores) for one in workers)

    def left_over(cores: int) -> int:
        return sum(one.cores % cores for one in workers)

    # of the larger half of what a heap may be, so that a number without divisors makes no dwarfs
    large = [
        n
        for n in range(task_cpus, fewest + 1, task_cpus)
        if LARGEST_HEAP_MIB <= memory(n) * 2 <= LARGEST_HEAP_MIB * 2
    ]
    if not large:
        reason = f"more than {LARGEST_HEAP_MIB // 1024} GiB of heap are given to who asks for them"
        return Executor(None, LARGEST_HEAP_MIB, 1, reason)
    cores = min(large, key=lambda n: (left_over(n), -n))
    reason = f"each heap stays within {LARGEST_HEAP_MIB // 1024} GiB, above which a JVM's pointers double"
    return _executor(workers, cores, memory(cores), reason)


def _too_many(cores: int, workers: Sequence[Offer], by: str) -> NodeFault:
    most = max(one.cores for one in workers)
    return NodeFault(
        f"an executor is to have {cores} cores, and no worker offers more than {most}",
        where=by,
        hint=f"ask for at most {most}; with more, Spark would wait for ever",
    )


def _too_little(cores: int, workers: Sequence[Offer], by: str) -> NodeFault:
    best = max(workers, key=lambda one: _of(one, cores))
    fits = [n for n in range(cores, best.cores + 1) if _of(best, n) >= LEAST_HEAP_MIB]
    more = f"ask for {fits[0]} cores or more" if fits else "use workers with more memory"
    return NodeFault(
        f"{cores} cores an executor make {best.cores // cores} of {_of(best, cores)} MiB on a worker; "
        f"Spark needs {LEAST_HEAP_MIB} MiB each",
        where=by,
        hint=f"{more}, or set {MEMORY} as well: fewer executors then share the memory",
    )


def _whole(settings: Mapping[str, str], key: str) -> int | None:
    text = settings.get(key)
    if text is None:
        return None
    if re.fullmatch(r"\s*[1-9]\d{0,8}\s*", text) is None:
        raise NodeFault(f"{key} is {text!r}", where=key, hint="it takes a whole number, 1 or more")
    return int(text)
