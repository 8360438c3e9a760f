"""The PySpark kernel of a notebook: Python of the conda environment, with a session on this cluster.

Started by JupyterLab as Spark's user. Executors come when cells need them and go two minutes after, so that
an open notebook holds nothing of the cluster.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kiln_node import executors, paths, properties, ready
from kiln_node.faults import NodeFault

STARTUP = Path("/usr/lib/kiln/notebook/startup.py")
TEMPORARY = paths.SCRATCH / "tmp"

#: Beside the cluster's settings. Shuffle tracking: nodes that come and go have no external shuffle service.
SESSION = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.executorIdleTimeout": "120s",
    "spark.dynamicAllocation.cachedExecutorIdleTimeout": "1800s",
    # By default for ever: whoever comes back later has its shuffles made again.
    "spark.dynamicAllocation.shuffleTracking.timeout": "1800s",
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
        # of the driver's JVM alone; other notebooks of the same folder would have it locked
        "SPARK_SUBMIT_OPTS": f"-Dderby.system.home={metastore(os.getpid())}",
        "PYTHONPATH": ":".join([str(python), *libraries]),
        "PYSPARK_SUBMIT_ARGS": " ".join(
            ["--properties-file", str(paths.SPARK_DEFAULTS), *given, "pyspark-shell"]
        ),
    }


def metastore(process: int) -> Path:
    """Where a kernel's own metastore lies, once a cell asks for Hive's."""
    return TEMPORARY / f"metastore-{process}"


def tidy(folder: Path = TEMPORARY) -> None:
    """Removes the metastores of kernels that have ended, and what another process of this number has left."""
    for left in folder.glob("metastore-*"):
        process = left.name.rpartition("-")[2]
        if process == str(os.getpid()) or not Path("/proc", process).exists():
            shutil.rmtree(left, ignore_errors=True)


def main(connection: str) -> int:
    """Replaces this process by the kernel. connection: Jupyter's file with ports and key."""
    tidy()
    cluster = properties.values(paths.SPARK_DEFAULTS.read_text(encoding="utf-8"))
    try:
        workers = ready.alive_workers(ready.ask(os.environ["KILN_MASTER_PAGE"]))
    except (OSError, ValueError) as error:
        print(f"the master does not answer ({error}): executors get Spark's default size", file=sys.stderr)
        workers = []
    try:
        settings = {**SESSION, **size(workers, cluster)}
    except NodeFault as fault:
        print(f"{fault.what}; {fault.hint}", file=sys.stderr)
        settings = SESSION
    words = [
        *(str(paths.CONDA_PYTHON), "-m", "ipykernel_launcher", "-f", connection),
        f"--IPKernelApp.exec_files=['{STARTUP}']",
    ]
    made = environment(settings, os.environ, paths.SPARK_HOME / "python")
    os.execve(words[0], words, made)  # noqa: S606 - no shell is the point
