"""Refuse a configuration of Spark that is known to lose data, to hang or to open the cluster."""

from __future__ import annotations

from kiln_node.faults import NodeFault
from kiln_node.nodejson.config import NodeConfig
from kiln_node.spark import sparkimage, sparkjudge


def check(config: NodeConfig) -> None:
    """NodeFault that names every refusal with its source."""
    refusals = sparkjudge.judge(
        sparkjudge.load("rules"),
        sparkjudge.load("settings"),
        sparkimage.read(),
        config.role,
        dict(config.spark_conf),
        warehouse=config.warehouse,
    )
    if refusals:
        raise NodeFault(
            "; ".join(f"{found.what} [{found.source}]" for found in refusals),
            where="node.json: spark.conf",
            hint="; ".join(dict.fromkeys(found.hint for found in refusals)),
        )
