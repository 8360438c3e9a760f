"""kiln-submit: spark-submit with this cluster's settings, as the user spark.

What comes before `-m` goes to spark-submit as it stands; `-m MODULE ARGS` runs a module of the
conda environment or of the code package, as `python -m` does.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from kiln_node import driver, kernel, paths, ready
from kiln_node.config import NodeConfig
from kiln_node.faults import NodeFault
from kiln_node.scratch import mountpoint

USAGE = """usage: kiln-submit [SPARK-SUBMIT OPTIONS] (-m MODULE | FILE.py) [ARGUMENTS]

Runs a job on this cluster.
  kiln-submit -m nycflights.etl --bucket flights
  kiln-submit --conf spark.executor.memory=2g job.py 2013
"""


def executor_size(answer: dict[str, object], cores: int | None) -> dict[str, str]:
    """What an executor asks for when a job says nothing: what fits every living worker.
    cores: spark.executorCores of node.json."""
    workers = ready.alive_workers(answer)
    if not workers:
        raise NodeFault(
            "the master has no living worker",
            where="cluster",
            hint="run kiln-status on the workers: it names what they wait for",
        )
    return kernel.size(workers, cores)


def arguments(given: Sequence[str], configured: set[str], size: Callable[[], dict[str, str]]) -> list[str]:
    """spark-submit's arguments; size: asked only when neither job nor node.json sets the memory."""
    options, program = _split(list(given))
    memory_given = "spark.executor.memory" in configured or any(
        option == "--executor-memory"
        or option.startswith("--executor-memory=")
        or "spark.executor.memory=" in option
        for option in options
    )
    sized = {} if memory_given else size()
    ours = [word for key, value in sorted(sized.items()) for word in ("--conf", f"{key}={value}")]
    # what a job sets itself comes later and wins
    return ["--properties-file", str(paths.SPARK_DEFAULTS), *ours, *options, *program]


def _split(given: list[str]) -> tuple[list[str], list[str]]:
    """Options before -m, and the program with its arguments; without -m spark-submit splits them."""
    if "-m" not in given:
        return given, []
    at = given.index("-m")
    module = given[at + 1 : at + 2]
    if not module:
        raise NodeFault("-m needs a module", where="kiln-submit", hint="kiln-submit --help")
    return given[:at], [str(paths.RUN_MODULE), *module, *given[at + 2 :]]


def main(given: Sequence[str], load: Callable[[], NodeConfig]) -> int:
    """Runs spark-submit as a unit of its own; its exit code is this one's."""
    if not given or given[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if given else 2
    if os.geteuid() != 0:
        # node.json and the cluster's secret are root's; the job itself runs as spark
        print("kiln-submit: must be started by root: sudo kiln-submit …", file=sys.stderr)
        return 2
    try:
        config = load()
        paths.ENVIRONMENT.stat()
        paths.SPARK_DEFAULTS.stat()
        mountpoint.require_mount()
        configured = {key for key, _ in config.spark_conf}
        argv = arguments(
            given, configured, lambda: executor_size(ready.ask_master(config), config.executor_cores)
        )
    except FileNotFoundError as error:
        print(f"kiln-submit: {error.filename} is missing: this node is not configured", file=sys.stderr)
        print("what to do: kiln-status names the cause", file=sys.stderr)
        return 3
    except (NodeFault, OSError) as fault:
        print(f"kiln-submit: {fault}", file=sys.stderr)
        if isinstance(fault, NodeFault):
            print(f"what to do: {fault.hint}", file=sys.stderr)
        return 3
    account = pwd.getpwnam(paths.SPARK_USER)
    folder = driver.working_folder(Path.cwd(), account.pw_uid, account.pw_gid)
    unit = f"spark-driver-{os.getpid()}"
    return driver.run(driver.words(argv, unit, folder, os.environ), unit)
