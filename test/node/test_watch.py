"""What the watch on scratch makes of what it sees."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln_node.scratch import space, watch

FREE = space.Space(100_000, 50_000)
MOUNTED = "28 22 9:127 / {} rw,noatime shared:7 - xfs /dev/md127 rw\n"


@pytest.mark.parametrize(
    ("look", "kind", "says"),
    [
        (watch.Look(5, None, FREE), None, ""),
        (watch.Look(None), "lost", "nothing is mounted at /scratch any more"),
        (watch.Look(6, None, FREE), "lost", "another file system lies at /scratch"),
        (watch.Look(5, "Input/output error"), "lost", "cannot be written: Input/output error"),
        (watch.Look(5, "Read-only file system", FREE), "lost", "cannot be written: Read-only"),
        (watch.Look(5, None, space.Space(100_000, 1_999)), "full", "1999 MiB left of 100000, 2000 must stay"),
        (watch.Look(5, "No space left", space.Space(100_000, 0)), "full", "is full: 0 MiB left"),
    ],
)
def test_judges(look: watch.Look, kind: str | None, says: str) -> None:
    found = watch.judge(look, 5, None)
    assert (found.kind if found else None) == kind
    assert says in (found.fault.what if found else "")


def test_sees_a_mount_that_takes_a_write_and_leaves_nothing(tmp_path: Path) -> None:
    scratch, table = tmp_path / "scratch", tmp_path / "mountinfo"
    scratch.mkdir()
    table.write_text(MOUNTED.format(scratch), encoding="utf-8")
    found = watch.look(scratch, table)
    assert found.error is None
    assert found.device == scratch.stat().st_dev
    assert found.free is not None
    assert list(scratch.iterdir()) == []


def test_sees_that_nothing_is_mounted_or_that_it_is_broken(tmp_path: Path) -> None:
    table = tmp_path / "mountinfo"
    table.write_text("", encoding="utf-8")
    assert watch.look(tmp_path, table) == watch.Look(None)
    gone = tmp_path / "gone"
    table.write_text(MOUNTED.format(gone), encoding="utf-8")
    assert watch.look(gone, table).error == "No such file or directory"


def test_looks_until_something_is_wrong() -> None:
    looks = iter([watch.Look(5, None, FREE)] * 3 + [watch.Look(5, "gone")])
    slept: list[float] = []
    found = watch.until_trouble(lambda: next(looks), None, sleep=slept.append)
    assert found is not None
    assert slept == [watch.INTERVAL] * 3


def test_ends_when_the_worker_leaves_by_others() -> None:
    told = iter([False, True])
    see = lambda: watch.Look(5, None, FREE)  # noqa: E731
    assert watch.until_trouble(see, None, between=lambda: next(told), sleep=lambda _: None) is None


@given(st.integers(min_value=1, max_value=10**8))
def test_the_bound_is_a_small_part_of_any_disk(size: int) -> None:
    bound = space.bound_mib(size, None)
    assert space.LEAST_MIB <= bound <= space.MOST_MIB
    assert space.bound_mib(size, 7) == 7
