"""The PySpark kernel of a notebook: Python of the conda environment, with a session on this cluster.

Started by JupyterLab as Spark's user. Executors come when cells need them and go when they are idle for as
long as node.json says, so that an open notebook holds nothing of the cluster.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kiln_node import paths
from kiln_node.boot import ready
from kiln_node.faults import NodeFault
from kiln_node.host import reach
from kiln_node.jobs import zone
from kiln_node.spark import executors, metastore, properties

NOTEBOOK = Path("/usr/lib/kiln/notebook")
STARTUP = NOTEBOOK / "startup.py"
TEMPORARY = paths.SCRATCH / "tmp"

#: Beside the cluster's settings. Shuffle tracking: nodes that come and go have no external shuffle service.
SESSION = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    # An idle executor is ended, not drained: a drained one stays for minutes while it holds shuffle files
    # (Spark 4.1 warns of it). What a notebook had on a worker that leaves is computed again.
    "spark.decommission.enabled": "false",
}

#: Seconds after which an executor without work goes, and one with cached or shuffled data, where node.json
#: says nothing else.
IDLE = 120
IDLE_WITH_DATA = 1800


def idle(seconds: int | None, with_data: int | None) -> dict[str, str]:
    """When executors of an idle notebook go; None: the default. One with data stays at least as long."""
    empty = IDLE if seconds is None else seconds
    holding = max(IDLE_WITH_DATA if with_data is None else with_data, empty)
    return {
        "spark.dynamicAllocation.executorIdleTimeout": f"{empty}s",
        "spark.dynamicAllocation.cachedExecutorIdleTimeout": f"{holding}s",
        # By default for ever: whoever comes back later has its shuffles made again.
        "spark.dynamicAllocation.shuffleTracking.timeout": f"{holding}s",
    }


def size(workers: list[dict[str, Any]], settings: Mapping[str, str]) -> dict[str, str]:
    """Of an executor that fits the living workers; nothing is set where none is known yet.
    settings: the cluster's."""
    if not workers:
        return {}
    return executors.properties(executors.share(executors.offers(workers), executors.wanted(settings)))


def environment(settings: Mapping[str, str], base: Mapping[str, str], python: Path) -> dict[str, str]:
    """What pyspark's gateway and the kernel read; python: Spark's own folder of Python sources."""
    given = [word for key, value in sorted(settings.items()) for word in ("--conf", f"{key}={value}")]
    libraries = sorted(str(path) for path in (python / "lib").glob("py4j-*.zip"))
    return {
        **base,
        zone.VARIABLE: settings[zone.KEY],
        # of the driver's JVM alone; other notebooks of the same folder would have it locked
        "SPARK_SUBMIT_OPTS": f"-Dderby.system.home={own_metastore(os.getpid())}",
        "PYTHONPATH": ":".join([str(python), *libraries, str(NOTEBOOK)]),
        "PYSPARK_SUBMIT_ARGS": " ".join(
            ["--properties-file", str(paths.SPARK_DEFAULTS), *given, "pyspark-shell"]
        ),
    }


def hive(settings: Mapping[str, str]) -> dict[str, str]:
    """What is set beside the cluster's settings where its metastore does not answer."""
    silent = metastore.faults(settings, reach.fault)
    if not silent:
        return {}
    print(metastore.note(silent), file=sys.stderr)
    return {key: value for key, value in metastore.IMPATIENT.items() if key not in settings}


def own_metastore(process: int) -> Path:
    """Where a kernel's own metastore lies, once a cell asks for Hive's."""
    return TEMPORARY / f"metastore-{process}"


def tidy(folder: Path = TEMPORARY) -> None:
    """Removes the metastores of kernels that have ended, and what another process of this number has left."""
    for left in folder.glob("metastore-*"):
        process = left.name.rpartition("-")[2]
        if process == str(os.getpid()) or not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)


def _whole(name: str) -> int | None:
    """A number of the unit's environment (environment.py), which is empty where node.json sets none."""
    text = os.environ.get(name, "")
    return int(text) if text else None


def main(connection: str) -> int:
    """Replaces this process by the kernel. connection: Jupyter's file with ports and key."""
    # Stop while the session is made ends neither kernel nor JVM: what is ignored stays so across exec.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tidy()
    cluster = properties.values(paths.SPARK_DEFAULTS.read_text(encoding="utf-8"))
    session = {
        **SESSION,
        **idle(_whole("KILN_NOTEBOOK_IDLE"), _whole("KILN_NOTEBOOK_IDLE_WITH_DATA")),
        zone.KEY: cluster.get(zone.KEY) or zone.UTC,
    }
    try:
        workers = ready.alive_workers(ready.ask(os.environ["KILN_MASTER_PAGE"]))
    except (OSError, ValueError) as error:
        print(f"the master does not answer ({error}): executors get Spark's default size", file=sys.stderr)
        workers = []
    try:
        settings = {**session, **hive(cluster), **size(workers, cluster)}
    except NodeFault as fault:
        print(f"{fault.what}; {fault.hint}", file=sys.stderr)
        settings = session
    words = [
        *(str(paths.CONDA_PYTHON), "-m", "ipykernel_launcher", "-f", connection),
        f"--IPKernelApp.exec_files=['{STARTUP}']",
    ]
    made = environment(settings, os.environ, paths.SPARK_HOME / "python")
    os.execve(words[0], words, made)  # noqa: S606 - no shell is the point
