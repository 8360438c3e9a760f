"""A job's time zone, the same in its driver and its executors: pure.

spark.executorEnv.TZ decides, from the job or the stack's conf; without it, TZ where kiln-submit was called;
without that, UTC. Both the JVMs and Python read TZ, so that spark.sql.session.timeZone, which is the JVM's
by default, and Python's local time agree on every machine.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from kiln_node.jobs.parse import WrongUse

KEY = "spark.executorEnv.TZ"
VARIABLE = "TZ"
UTC = "UTC"


def of(settings: Mapping[str, str], environment: Mapping[str, str], known: Collection[str]) -> str:
    """settings: the cluster's with the job's; known: names of the zones that the node has. WrongUse for one
    that it does not have, as Java and Python would both use another one, and not the same, without a word."""
    name = settings.get(KEY) or environment.get(VARIABLE) or UTC
    if name not in known:
        where = KEY if settings.get(KEY) else "TZ of the environment"
        raise WrongUse(f"there is no time zone {name!r} ({where})", "name one as Europe/Berlin or UTC")
    return name
