"""The folder of Spark's event logs: a job that finds none does not start."""

from __future__ import annotations

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands, must
from kiln_node.nodejson.config import NodeConfig


def folder(config: NodeConfig) -> str | None:
    """Where jobs write their event logs, if it is in a store; the master alone looks after it."""
    settings = dict(config.spark_conf)
    wanted = settings.get("spark.eventLog.dir", "")
    enabled = settings.get("spark.eventLog.enabled") == "true"
    return wanted if config.role == "master" and enabled and "://" in wanted else None


def prepare(config: NodeConfig, commands: Commands) -> None:
    """Makes the folder; a store that refuses shows here, before any job does."""
    wanted = folder(config)
    if wanted is None:
        return
    try:
        must(commands, ["hadoop", "fs", "-mkdir", "-p", wanted], timeout=300)
    except NodeFault as fault:
        raise NodeFault(
            f"the folder for event logs cannot be made: {fault.what}",
            where=f"node.json: spark.conf, spark.eventLog.dir {wanted}",
            hint="see that the store answers and that its keys may write there (hadoop fs -ls tries both)",
        ) from fault
