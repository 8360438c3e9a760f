"""The PySpark kernel of a notebook: Python of the conda environment, with a session on this cluster.

Started by JupyterLab as Spark's user. Executors come when cells need them and go two minutes after, so that
an open notebook holds nothing of the cluster.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kiln_node import paths, ready, sizing
from kiln_node.faults import NodeFault

STARTUP = Path("/usr/lib/kiln/notebook/startup.py")

#: Beside the cluster's settings. Shuffle tracking: nodes that come and go have no external shuffle service.
SESSION = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    "spark.dynamicAllocation.executorIdleTimeout": "120s",
    "spark.dynamicAllocation.cachedExecutorIdleTimeout": "1800s",
    # By default for ever: whoever comes back later has its shuffles made again.
    "spark.dynamicAllocation.shuffleTracking.timeout": "1800s",
}


def size(workers: list[dict[str, Any]], cores: int | None) -> dict[str, str]:
    """Of an executor that fits every living worker; nothing is set where none is known yet."""
    if not workers:
        return {}
    smallest = sizing.Offer(
        min(int(worker["cores"]) for worker in workers), min(int(worker["memory"]) for worker in workers)
    )
    found = sizing.executor(smallest, cores)
    memory = {"spark.executor.memory": f"{found.memory_mib}m"}
    return memory if found.cores is None else {**memory, "spark.executor.cores": str(found.cores)}


def environment(settings: Mapping[str, str], base: Mapping[str, str], python: Path) -> dict[str, str]:
    """What pyspark's gateway and the kernel read; python: Spark's own folder of Python sources."""
    given = [word for key, value in sorted(settings.items()) for word in ("--conf", f"{key}={value}")]
    libraries = sorted(str(path) for path in (python / "lib").glob("py4j-*.zip"))
    return {
        **base,
        "PYTHONPATH": ":".join([str(python), *libraries]),
        "PYSPARK_SUBMIT_ARGS": " ".join(
            ["--properties-file", str(paths.SPARK_DEFAULTS), *given, "pyspark-shell"]
        ),
    }


def main(connection: str) -> int:
    """Replaces this process by the kernel. connection: Jupyter's file with ports and key."""
    cores = os.environ.get("KILN_EXECUTOR_CORES", "")
    try:
        workers = ready.alive_workers(ready.ask(os.environ["KILN_MASTER_PAGE"]))
    except (OSError, ValueError) as error:
        print(f"the master does not answer ({error}): executors get Spark's default size", file=sys.stderr)
        workers = []
    try:
        settings = {**SESSION, **size(workers, int(cores) if cores else None)}
    except NodeFault as fault:
        print(f"{fault.what}; {fault.hint}", file=sys.stderr)
        settings = SESSION
    words = [
        *(str(paths.CONDA_PYTHON), "-m", "ipykernel_launcher", "-f", connection),
        f"--IPKernelApp.exec_files=['{STARTUP}']",
    ]
    made = environment(settings, os.environ, paths.SPARK_HOME / "python")
    os.execve(words[0], words, made)  # noqa: S606 - no shell is the point
