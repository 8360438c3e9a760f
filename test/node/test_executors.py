"""How executors share workers: no core idles because of memory."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kiln_node.faults import NodeFault
from kiln_node.host.facts import Facts
from kiln_node.spark import executors, sizing
from kiln_node.spark.executors import LARGEST_HEAP_MIB, LEAST_HEAP_MIB, Wanted, share
from kiln_node.spark.sizing import Offer

GIB = 1024


def machine(cores: int, ram_gib: int) -> Offer:
    """What a worker of this size offers."""
    return sizing.offer(Facts(cores, ram_gib * GIB, "10.0.0.2"), None)


#: Cores and GiB of RAM, from the smallest to what AWS and MAAS have: few and many GiB a core.
MACHINES = [
    *((1, 3), (1, 8), (2, 4), (2, 8), (2, 16), (4, 8), (4, 16), (4, 32), (8, 16), (8, 32), (8, 64)),
    *((12, 96), (16, 32), (16, 64), (16, 128), (24, 96), (32, 64), (32, 128), (32, 256), (36, 72), (48, 96)),
    *((48, 192), (48, 384), (64, 128), (64, 256), (64, 512), (72, 144), (96, 192), (96, 384), (96, 768)),
]


@pytest.mark.parametrize(
    ("cores", "ram_gib", "asked"),
    [(*one, asked) for one in MACHINES for asked in (1, 2, 3, 4, 5, 8, 16, 48, 96) if asked <= one[0]],
)
def test_every_core_of_a_worker_is_used_whatever_a_job_asks_for(cores: int, ram_gib: int, asked: int) -> None:
    offer = machine(cores, ram_gib)
    found = share([offer], Wanted(asked))
    assert found.cores == asked
    started = min(cores // asked, offer.memory_mib // found.memory_mib)
    assert started == found.per_worker == cores // asked
    assert executors.idle(offer, asked, found.memory_mib) == 0
    assert LEAST_HEAP_MIB <= found.memory_mib <= LARGEST_HEAP_MIB


@pytest.mark.parametrize(("cores", "ram_gib"), MACHINES)
def test_nothing_asked_for_uses_every_core_too(cores: int, ram_gib: int) -> None:
    offer = machine(cores, ram_gib)
    found = share([offer], Wanted())
    assert found.memory_mib <= LARGEST_HEAP_MIB
    assert found.per_worker * (found.cores or cores) == cores
    assert found.per_worker * found.memory_mib <= offer.memory_mib


@pytest.mark.parametrize(
    ("cores", "ram_gib", "asked", "expected"),
    [
        # cores asked for, executors on a worker, MiB of each
        (16, 64, None, (8, 2, 22_118)),
        (16, 64, 2, (2, 8, 5529)),
        (16, 64, 16, (16, 1, LARGEST_HEAP_MIB)),
        (16, 64, 12, (12, 1, LARGEST_HEAP_MIB)),
        (4, 16, None, (None, 1, 11_468)),
        (4, 16, 1, (1, 4, 2867)),
        (4, 16, 3, (3, 1, 11_468)),
        (96, 768, None, (4, 24, 25_702)),
        (96, 768, 1, (1, 96, 6425)),
        (1, 3, None, (None, 1, 1392)),
    ],
)
def test_sizes(cores: int, ram_gib: int, asked: int | None, expected: tuple[int | None, int, int]) -> None:
    found = share([machine(cores, ram_gib)], Wanted(asked))
    assert (found.cores, found.per_worker, found.memory_mib) == expected


OFFERS = st.builds(Offer, st.integers(1, 96), st.integers(512, 768 * GIB))


@given(OFFERS, st.integers(1, 96))
def test_no_core_idles_because_of_memory(offer: Offer, asked: int) -> None:
    try:
        found = share([offer], Wanted(asked))
    except NodeFault:
        assert asked > offer.cores or offer.memory_mib // (offer.cores // asked) < LEAST_HEAP_MIB
        return
    count = min(offer.cores // asked, offer.memory_mib // found.memory_mib)
    assert count * asked == offer.cores // asked * asked
    assert count * found.memory_mib <= offer.memory_mib
    assert LEAST_HEAP_MIB <= found.memory_mib <= LARGEST_HEAP_MIB


@given(st.lists(OFFERS, min_size=1, max_size=5), st.none() | st.integers(1, 96), st.integers(1, 8))
def test_of_workers_that_differ_none_that_runs_an_executor_leaves_cores_idle(
    offers: list[Offer], asked: int | None, task_cpus: int
) -> None:
    assume(task_cpus <= min(one.cores for one in offers))
    try:
        found = share(offers, Wanted(asked, task_cpus=task_cpus))
    except NodeFault:
        assert asked is not None
        return
    cores = found.cores
    # a worker with too little memory for executors on all its cores decides nothing for the others
    used = [
        one
        for one in offers
        if cores is None or (one.cores >= cores and one.memory_mib // (one.cores // cores) >= LEAST_HEAP_MIB)
    ]
    assert used
    assert [executors.idle(one, found.cores, found.memory_mib) for one in used] == [0] * len(used)
    assert found.memory_mib <= LARGEST_HEAP_MIB
    if asked is None:
        assert used == offers
        assert found.cores is None or found.cores % task_cpus == 0


@pytest.mark.parametrize(
    ("offers", "asked", "expected"),
    [
        # the one with less memory a core decides, not the one with less memory
        ([Offer(4, 16 * GIB), Offer(8, 16 * GIB)], 4, (4, 8 * GIB)),
        # one that has too few cores, or too little memory for its cores, runs none and decides nothing
        ([Offer(2, 2 * GIB), Offer(8, 16 * GIB)], 4, (4, 8 * GIB)),
        ([Offer(16, 1 * GIB), Offer(8, 16 * GIB)], 1, (1, 2 * GIB)),
        # where equal parts would be dwarfs, one takes each worker
        ([Offer(1, 31 * GIB + 1), Offer(71, 31 * GIB + 1)], None, (None, 31 * GIB)),
        # one executor takes each worker, whatever its cores, with the memory that all of them have
        ([Offer(4, 16 * GIB), Offer(8, 20 * GIB)], None, (None, 16 * GIB)),
    ],
)
def test_workers_that_differ(
    offers: list[Offer], asked: int | None, expected: tuple[int | None, int]
) -> None:
    for order in itertools.permutations(offers):
        found = share(order, Wanted(asked))
        assert (found.cores, found.memory_mib) == expected


@pytest.mark.parametrize(
    ("asked", "what", "hint"),
    [
        (Wanted(9), "9 cores, and no worker offers more than 8", "at most 8; with more, Spark would wait"),
        (Wanted(1), "8 of 256 MiB on a worker; Spark needs 450", "ask for 2 cores or more"),
        (Wanted(4, memory_mib=4096), "no worker that has its cores offers more than 2048 MiB", "2048m"),
        (Wanted(9, memory_mib=512), "no worker offers more than 8", "at most 8"),
        (Wanted(memory_mib=100), "Spark needs 450", "450m"),
        (Wanted(4, most=2), "4 cores, and the job 2 in all: none could start", "at most 2 cores an executor"),
    ],
)
def test_what_fits_no_worker_is_known_before_spark_waits_for_it(asked: Wanted, what: str, hint: str) -> None:
    with pytest.raises(NodeFault, match=what) as fault:
        share([Offer(8, 2048), Offer(4, 2048)] if asked.cores != 1 else [Offer(8, 2048)], asked)
    assert hint in fault.value.hint


def test_without_a_worker_there_is_no_size() -> None:
    with pytest.raises(NodeFault, match="no living worker"):
        share([], Wanted())


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        # a job that limits itself, or whose tasks need more, changes what is only the cluster's word
        (Wanted(4, fixed=False, most=2), (2, 4 * GIB)),
        (Wanted(4, fixed=False, task_cpus=8), (8, 16 * GIB)),
        (Wanted(4, fixed=False, task_cpus=3), (6, 16 * GIB)),
        (Wanted(4, fixed=False), (4, 8 * GIB)),
        (Wanted(4, most=4), (4, 8 * GIB)),
        # the memory that was asked for stands
        (Wanted(2, memory_mib=10 * GIB), (2, 10 * GIB)),
        (Wanted(memory_mib=10 * GIB), (None, 10 * GIB)),
        (Wanted(memory_mib=16 * GIB), (None, 16 * GIB)),
    ],
)
def test_what_is_asked_for_wins(asked: Wanted, expected: tuple[int | None, int]) -> None:
    found = share([Offer(8, 16 * GIB)], asked)
    assert (found.cores, found.memory_mib) == expected


def test_a_heap_above_31_gib_must_be_asked_for() -> None:
    large = Offer(16, 256 * GIB)
    assert share([large], Wanted(16)).memory_mib == LARGEST_HEAP_MIB
    assert "to who asks for them" in share([large], Wanted(16)).reason
    assert share([large], Wanted(16, memory_mib=200 * GIB)).memory_mib == 200 * GIB


@pytest.mark.parametrize(
    ("text", "mib"),
    [("2g", 2048), ("512m", 512), ("512", 512), ("1T", 2**20), ("2048k", 2), ("1.5g", None), ("x", None)],
)
def test_memory_as_spark_writes_it(text: str, mib: int | None) -> None:
    assert executors.mebibytes(text) == mib


def test_settings_of_a_job_come_before_the_clusters() -> None:
    cluster = {"spark.executor.cores": "4", "spark.task.cpus": "2", "spark.cores.max": "8"}
    assert executors.wanted(cluster) == Wanted(4, None, fixed=False, most=8, task_cpus=2)
    job = {"spark.executor.cores": "2", "spark.executor.memory": "1g"}
    assert executors.wanted(cluster, job) == Wanted(2, 1024, fixed=True, most=8, task_cpus=2)
    with pytest.raises(NodeFault, match=r"spark\.executor\.cores is 'many'"):
        executors.wanted({"spark.executor.cores": "many"})


@pytest.mark.parametrize(
    ("cores", "memory", "expected"), [(2, 2048, 0), (2, 4096, 4), (None, 8192, 0), (3, 8192, 3), (8, 9000, 8)]
)
def test_cores_that_an_explicit_memory_leaves_idle(cores: int | None, memory: int, expected: int) -> None:
    assert executors.idle(Offer(8, 8192), cores, memory) == expected
