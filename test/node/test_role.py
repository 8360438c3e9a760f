"""Which daemon a role starts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from documents import document

from kiln_node import config, role
from kiln_node.commands import Result
from kiln_node.faults import NodeFault


class Systemctl:
    def __init__(self, result: Result) -> None:
        self.result = result
        self.asked: list[list[str]] = []

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        self.asked.append(list(argv))
        return self.result


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("master", [["systemctl", "start", "spark-master.service"]]),
        ("worker", [["systemctl", "start", "spark-worker.service"]]),
        ("standby", []),
    ],
)
def test_one_role_one_daemon(name: str, asked: list[list[str]]) -> None:
    systemctl = Systemctl(Result(0, "", ""))
    role.run(config.parse(document(role=name)), systemctl)
    assert systemctl.asked == asked


def test_names_a_unit_that_does_not_start() -> None:
    with pytest.raises(NodeFault, match=r"spark-worker.service did not start: Unit scratch.mount not found"):
        role.run(config.parse(document()), Systemctl(Result(5, "", "Unit scratch.mount not found.\n")))
