"""The instance's metadata hands out the machine's role: closed to Spark's user where no store needs it.

A rule of the kernel's routing by uid, so that it holds for daemons, executors, drivers and what they start,
whatever unit they run in. Root keeps its way: notices and SSM parameters are read by kiln-node.
"""

from __future__ import annotations

import json
import pwd
from pathlib import Path

from kiln_node import paths
from kiln_node.host.commands import Commands, must
from kiln_node.nodejson.config import AwsStore, NodeConfig

#: Where EC2 answers, by both protocols (Amazon EC2 user guide, "Use the Instance Metadata Service").
ADDRESSES = (("-4", "169.254.169.254"), ("-6", "fd00:ec2::254"))
#: Before every table that could lead there.
PRIORITY = 100


def needed(config: NodeConfig) -> bool:
    """A store without keys of its own is reached by the instance's role."""
    return any(isinstance(store, AwsStore) for store in config.stores)


def close(config: NodeConfig, commands: Commands, *, ipv6: bool | None = None) -> str:
    """`closed` or `open`; a rule of an earlier start is taken away first."""
    uid = pwd.getpwnam(paths.SPARK_USER).pw_uid
    has_ipv6 = Path("/proc/sys/net/ipv6").is_dir() if ipv6 is None else ipv6
    for family, address in ADDRESSES:
        if family == "-6" and not has_ipv6:
            continue
        there = json.loads(must(commands, ["ip", family, "-json", "rule", "show"]) or "[]")
        for _ in [rule for rule in there if rule.get("priority") == PRIORITY]:
            must(commands, ["ip", family, "rule", "del", "priority", str(PRIORITY)])
        if not needed(config):
            must(
                commands,
                [
                    *("ip", family, "rule", "add", "priority", str(PRIORITY)),
                    *("uidrange", f"{uid}-{uid}", "to", address, "prohibit"),
                ],
            )
    return "open" if needed(config) else "closed"
