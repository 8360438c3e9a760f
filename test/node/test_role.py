"""Which daemon a role starts."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from documents import document

from kiln_node.boot import role
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Result
from kiln_node.nodejson import config

HISTORY_PAGE = ["systemctl", "start", "--no-block", "kiln-history-page.service"]
MASTER_PAGE = ["systemctl", "start", "--no-block", "kiln-master-page.service"]
WATCH = ["systemctl", "start", "--no-block", "kiln-watch.service"]


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
        ("master", [["systemctl", "start", "spark-master.service"], WATCH, MASTER_PAGE]),
        ("worker", [["systemctl", "start", "spark-worker.service"], WATCH]),
        ("history", [["systemctl", "start", "spark-history.service"], HISTORY_PAGE]),
        ("notebook", [["systemctl", "start", "spark-notebook.service"]]),
        ("driver", []),
        ("standby", []),
    ],
)
def test_one_role_one_daemon(name: str, asked: list[list[str]]) -> None:
    systemctl = Systemctl(Result(0, "", ""))
    role.run(config.parse(document(role=name)), systemctl, lambda _: None)
    assert systemctl.asked == asked


def test_a_worker_that_gets_notices_waits_for_them() -> None:
    made = document(spark={"conf": {}, "leave": {"notice": "ec2", "seconds": 60}})
    assert role.helpers(config.parse(made)) == ["kiln-watch.service", "kiln-notice.service"]


def test_names_a_unit_that_does_not_start() -> None:
    with pytest.raises(NodeFault, match=r"spark-worker.service did not start: Unit scratch.mount not found"):
        role.run(
            config.parse(document()),
            Systemctl(Result(5, "", "Unit scratch.mount not found.\n")),
            lambda _: None,
        )


def test_what_a_units_guard_has_said_is_said_again() -> None:
    guarded = NodeFault("no secret", where="x", hint="y")
    with pytest.raises(NodeFault, match="no secret"):
        role.run(config.parse(document()), Systemctl(Result(1, "", "Job failed.")), lambda _: guarded)
