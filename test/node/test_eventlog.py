"""The folder of Spark's event logs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from documents import document

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Result
from kiln_node.nodejson import config
from kiln_node.spark import eventlog

FOLDER = "s3a://flights/spark-events"
ON = {"spark.eventLog.enabled": "true", "spark.eventLog.dir": FOLDER}


class Machine:
    """Keeps what was run; every program ends with `code`."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.ran: list[list[str]] = []

    def run(self, argv: Sequence[str], *, timeout: float = 120) -> Result:
        assert timeout > 0
        self.ran.append(list(argv))
        return Result(self.code, "", "mkdir: Forbidden (403)")


def node(role: str, **spark: str) -> config.NodeConfig:
    return config.parse(document(role=role, spark={"conf": spark}))


@pytest.mark.parametrize(
    ("role", "conf", "expected"),
    [
        ("master", ON, FOLDER),
        ("worker", ON, None),
        ("master", {}, None),
        ("master", {**ON, "spark.eventLog.enabled": "false"}, None),
        ("master", {**ON, "spark.eventLog.dir": "/scratch/events"}, None),
    ],
)
def test_the_master_makes_it_where_logs_go_to_a_store(
    role: str, conf: dict[str, str], expected: str | None
) -> None:
    machine = Machine()
    eventlog.prepare(node(role, **conf), machine)
    assert machine.ran == ([] if expected is None else [["hadoop", "fs", "-mkdir", "-p", expected]])


def test_a_store_that_refuses_is_named_with_its_own_words() -> None:
    with pytest.raises(NodeFault, match=r"Forbidden \(403\)") as raised:
        eventlog.prepare(node("master", **ON), Machine(code=1))
    assert FOLDER in raised.value.where
