"""A small job that must run an executor on every worker: the proof that the cluster is of use.

A worker that is registered may still be unable to start an executor (its scratch, its secret, its conda
environment, a firewall between nodes): only a job shows it.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

from kiln_node import paths
from kiln_node.boot import ready
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Commands
from kiln_node.nodejson.config import NodeConfig
from kiln_node.status import status

#: Spark's least is 450 MiB for an executor as for a driver.
MEMORY = "512m"
NAME = "kiln-canary"
#: Begins the line that the job answers with.
ANSWER = "kiln-canary: "

#: What a store's or S3A's word means for whoever reads it, the first that fits.
CAUSES = (
    (
        r"AccessDenied|Forbidden|\b403\b|InvalidAccessKey|SignatureDoesNotMatch|NoAuthWithAWS|No AWS Cred",
        "the nodes' keys or role must be allowed to list, read, write and delete there: see the store's keys "
        "and policy",
    ),
    (
        r"NoSuchBucket|UnknownStoreException|[Bb]ucket .*does not exist",
        "make the bucket, or name another one in spark.warehouse of node.json",
    ),
    (
        r"UnknownHost|Connect|connect|[Tt]imed? ?out|Unable to execute HTTP request|SSL|certificat",
        "the nodes must reach the store: see that it runs (on one machine: kiln store up), its endpoint and "
        "ca in node.json, and the firewall between them",
    ),
)
OTHERWISE = (
    "run it by hand for the whole output: kiln-node canary --again; executors' own logs: /scratch/work"
)


def arguments(workers: int, timeout: float, warehouse: str | None) -> list[str]:
    """
    Of kiln-submit. One core of every worker: the master spreads executors over workers, and a barrier
    stage runs all its tasks at once or none, so that no executor can run two of them.
    warehouse: where it writes a table and reads it back; None: it writes none.
    """
    settings = {
        "spark.app.name": NAME,
        "spark.cores.max": str(workers),
        "spark.executor.cores": "1",
        "spark.executor.memory": MEMORY,
        "spark.driver.memory": MEMORY,
        "spark.dynamicAllocation.enabled": "false",
        "spark.eventLog.enabled": "false",
        "spark.ui.enabled": "false",
        "spark.scheduler.minRegisteredResourcesRatio": "1.0",
        "spark.scheduler.maxRegisteredResourcesWaitingTime": f"{timeout:.0f}s",
        "spark.scheduler.barrier.maxConcurrentTasksCheck.interval": "2s",
        "spark.scheduler.barrier.maxConcurrentTasksCheck.maxFailures": "3",
        # of the session's own: a table of the canary is in no metastore
        "spark.sql.catalogImplementation": "in-memory",
        # a store that does not answer is said within seconds, not after S3A's minutes of tries
        "spark.hadoop.fs.s3a.attempts.maximum": "2",
        "spark.hadoop.fs.s3a.retry.limit": "2",
    }
    place = [] if warehouse is None else [warehouse]
    options = [word for key, value in settings.items() for word in ("--conf", f"{key}={value}")]
    return ["/usr/bin/kiln-submit", "--internal", *options, str(paths.CANARY_JOB), str(workers), *place]


def proved(state: status.State, workers: list[dict[str, Any]]) -> bool:
    """Whether the last canary ran on exactly these workers: an id is new with every registration."""
    found = state.get("canary")
    if not found or found["missing"]:
        return False
    return set(found["ids"]) == {one["id"] for one in workers}


def answered(output: str) -> dict[str, Any]:
    """{"hosts": where the job's executors were, "table": what came of it or null}, of its output; NodeFault
    when it does not say."""
    for line in output.splitlines():
        if line.startswith(ANSWER):
            found: dict[str, Any] = json.loads(line.removeprefix(ANSWER))
            return found
    raise NodeFault("the canary did not answer", where=NAME, hint="run it by hand: kiln-node canary")


def tables(warehouse: str | None, found: dict[str, Any] | None) -> str:
    """What is known of the cluster's tables, in a sentence; NodeFault with the cause where they do not keep
    their rows."""
    if warehouse is None or found is None:
        return "no table: node.json has no spark.warehouse, and who writes one is refused"
    if "fault" in found:
        said = str(found["fault"])
        hint = next((hint for word, hint in CAUSES if re.search(word, said)), OTHERWISE)
        raise NodeFault(f"no table can be written to {warehouse}: {said}", where=NAME, hint=hint)
    written, read = int(found["written"]), int(found["read"])
    if read != written:
        raise NodeFault(
            f"of a table in {warehouse}, executors wrote {written} rows, and {read} were read back",
            where=NAME,
            hint="run no job that writes: see that every node reaches the same store, and which "
            "committer and file system spark.conf of node.json sets",
        )
    return f"a table of {written} rows kept them"


def result(
    workers: list[dict[str, Any]], ran: list[str], table: str, seconds: float, at: float
) -> dict[str, Any]:
    """{"at": seconds since 1970, "seconds", "ids": of the workers, "proved", "missing": addresses, "table": a
    sentence}."""
    addresses = [str(one["host"]) for one in workers]
    return {
        "at": round(at),
        "seconds": round(seconds, 1),
        "ids": sorted(str(one["id"]) for one in workers),
        "proved": sorted(address for address in addresses if address in ran),
        "missing": sorted(address for address in addresses if address not in ran),
        "table": table,
    }


def busy(workers: list[dict[str, Any]]) -> list[str]:
    """Addresses of workers without a free core or the memory of an executor: not the canary's to judge."""
    least = int(MEMORY.removesuffix("m"))
    return sorted(
        str(one["host"])
        for one in workers
        if int(one.get("coresfree", 1)) < 1 or int(one.get("memoryfree", least)) < least
    )


def run(
    config: NodeConfig,
    commands: Commands,
    timeout: float,
    *,
    ask: Callable[[], dict[str, Any]] | None = None,
    clock: Callable[[], float] = time.time,
) -> dict[str, Any]:
    """What came of it; NodeFault where no job could run at all. Blocks for `timeout` seconds at most."""
    if config.role != "master":
        raise NodeFault(
            f"this node is a {config.role}", where=NAME, hint="the canary is started on the master"
        )
    try:
        answer = ask() if ask is not None else ready.ask_master(config)
    except (OSError, ValueError) as error:
        raise NodeFault(
            f"the master does not answer: {error}", where=NAME, hint="see `journalctl -u spark-master`"
        ) from error
    workers = ready.alive_workers(answer)
    if not workers:
        raise NodeFault(
            "the master has no living worker", where=NAME, hint="kiln-status on the workers names the cause"
        )
    occupied = busy(workers)
    if occupied:
        raise NodeFault(
            f"no free core or memory for a canary on {', '.join(occupied)}: jobs have them",
            where=NAME,
            hint="wait until a job ends; that it runs proves the workers it runs on",
        )
    began = clock()
    done = commands.run(arguments(len(workers), timeout, config.warehouse), timeout=timeout)
    if done.code != 0:
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise NodeFault(
            f"the canary failed with {done.code}: {told(said)}",
            where=NAME,
            hint="run it by hand for the whole output: kiln-node canary; executors' own logs: /scratch/work",
        )
    answer = answered(done.stdout)
    table = tables(config.warehouse, answer["table"])
    return result(workers, [str(host) for host in answer["hosts"]], table, clock() - began, began)


def ensure(
    config: NodeConfig, commands: Commands, timeout: float, *, again: bool
) -> tuple[dict[str, Any], bool]:
    """What is known of the workers that there are, and whether a job was run for it; published."""
    if config.role == "master" and not again:
        try:
            workers = ready.alive_workers(ready.ask_master(config))
        except (OSError, ValueError):
            workers = []
        state = status.read()
        if workers and proved(state, workers):
            return dict(state["canary"]), False
    found = run(config, commands, timeout)
    status.publish({**status.read(), "canary": found})
    return found, True


def told(lines: list[str]) -> str:
    """The line of a log that is most likely the cause."""
    errors = [line for line in lines if "ERROR" in line or "Exception" in line or "Error:" in line]
    return (errors or lines or ["no message"])[-1].strip()
