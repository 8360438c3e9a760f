"""What dmsetup says of a verity root, as this kernel and this dmsetup print it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kiln_node.boot import seal
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Result

HASH = "5bd5a16b4d3854755990e7aa1fb2cc4479ad43a586b20766d42ce5358d40f172"
TABLE = f"0 4491264 verity 1 254:2 254:3 4096 4096 561408 1 sha256 {HASH} {'a' * 64} 1 panic_on_corruption\n"


class Dmsetup:
    def __init__(self, table: str, status: str) -> None:
        self.answers = {"table": table, "status": status}

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        assert argv[0] == "dmsetup"
        return Result(0, self.answers[argv[1]], "")


class Missing:
    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        raise NodeFault(f"{argv[0]} is not there", where=argv[0], hint="")


def test_a_sealed_root_says_by_which_hash() -> None:
    found = seal.read(Dmsetup(TABLE, "0 4491264 verity V\n"))
    assert found is not None
    assert found.facts() == {"rootHash": HASH, "intact": True, "stops": True}


@pytest.mark.parametrize(
    ("table", "status", "intact", "stops"),
    [
        (TABLE, "0 4491264 verity C\n", False, True),
        (TABLE.replace(" 1 panic_on_corruption", ""), "0 4491264 verity V\n", True, False),
        (TABLE.replace("panic", "restart"), "0 4491264 verity V\n", True, False),
    ],
)
def test_says_when_it_is_broken_or_lenient(table: str, status: str, intact: bool, stops: bool) -> None:
    found = seal.read(Dmsetup(table, status))
    assert found is not None
    assert (found.intact, found.stops) == (intact, stops)


@pytest.mark.parametrize("table", ["", "No devices found\n", "0 8 linear 254:2 0\n"])
def test_a_root_that_is_not_sealed_says_nothing(table: str) -> None:
    assert seal.read(Dmsetup(table, "")) is None


def test_a_container_without_dmsetup_says_nothing() -> None:
    assert seal.read(Missing()) is None
