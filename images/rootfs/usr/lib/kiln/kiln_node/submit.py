"""kiln-submit: spark-submit with this cluster's settings, as the user spark.

What comes before `-m` goes to spark-submit as it stands; `-m MODULE ARGS` runs a module of the
conda environment or of the code package, as `python -m` does.
"""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Sequence

from kiln_node import paths, ready
from kiln_node.config import NodeConfig
from kiln_node.faults import NodeFault

USAGE = """usage: kiln-submit [SPARK-SUBMIT OPTIONS] (-m MODULE | FILE.py) [ARGUMENTS]

Runs a job on this cluster.
  kiln-submit -m nycflights.etl --bucket flights
  kiln-submit --conf spark.executor.memory=2g job.py 2013
"""


def executor_memory(answer: dict[str, object]) -> str:
    """The memory that every living worker has: what an executor asks for when a job says nothing."""
    workers = ready.alive_workers(answer)
    if not workers:
        raise NodeFault(
            "the master has no living worker",
            where="cluster",
            hint="run kiln-status on the workers: it names what they wait for",
        )
    return f"{min(int(str(worker['memory'])) for worker in workers)}m"


def arguments(given: Sequence[str], configured: set[str], smallest: Callable[[], str]) -> list[str]:
    """spark-submit's arguments; smallest: asked only when neither job nor node.json sets the memory."""
    options, program = _split(list(given))
    memory_given = "spark.executor.memory" in configured or any(
        option == "--executor-memory"
        or option.startswith("--executor-memory=")
        or "spark.executor.memory=" in option
        for option in options
    )
    memory = [] if memory_given else ["--conf", f"spark.executor.memory={smallest()}"]
    return ["--properties-file", str(paths.SPARK_DEFAULTS), *memory, *options, *program]


def _split(given: list[str]) -> tuple[list[str], list[str]]:
    """Options before -m, and the program with its arguments; without -m spark-submit splits them."""
    if "-m" not in given:
        return given, []
    at = given.index("-m")
    module = given[at + 1 : at + 2]
    if not module:
        raise NodeFault("-m needs a module", where="kiln-submit", hint="kiln-submit --help")
    return given[:at], [str(paths.RUN_MODULE), *module, *given[at + 2 :]]


def environment(text: str, base: dict[str, str]) -> dict[str, str]:
    """The node's environment file over a small part of the caller's."""
    kept = {name: base[name] for name in ("TERM", "TZ") if name in base}
    values = dict(line.split("=", 1) for line in text.splitlines() if "=" in line)
    plain = {name: value[1:-1].replace("\\", "") for name, value in values.items()}
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(paths.SCRATCH / "home"),
        **kept,
        **plain,
    }


def become_spark() -> None:
    """From root to the user spark, for good."""
    account = pwd.getpwnam(paths.SPARK_USER)
    os.initgroups(account.pw_name, account.pw_gid)
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)


def main(given: Sequence[str], load: Callable[[], NodeConfig]) -> int:
    """Replaces this process by spark-submit."""
    if not given or given[0] in ("-h", "--help"):
        print(USAGE, end="")
        return 0 if given else 2
    if os.geteuid() != 0:
        # node.json and the cluster's secret are root's; the job itself runs as spark
        print("kiln-submit: must be started by root: sudo kiln-submit …", file=sys.stderr)
        return 2
    try:
        text = paths.ENVIRONMENT.read_text(encoding="utf-8")
        config = load()
        configured = {key for key, _ in config.spark_conf}
        argv = arguments(given, configured, lambda: executor_memory(ready.ask_master(config)))
        become_spark()
    except FileNotFoundError as error:
        print(f"kiln-submit: {error.filename} is missing: this node is not configured", file=sys.stderr)
        print("what to do: kiln-status names the cause", file=sys.stderr)
        return 3
    except (NodeFault, OSError) as fault:
        print(f"kiln-submit: {fault}", file=sys.stderr)
        if isinstance(fault, NodeFault):
            print(f"what to do: {fault.hint}", file=sys.stderr)
        return 3
    if not os.access(".", os.X_OK, effective_ids=True):
        os.chdir("/")
    os.umask(0o027)
    program = str(paths.SPARK_HOME / "bin" / "spark-submit")
    os.execve(  # noqa: S606 - no shell is the point
        program, [program, *argv], environment(text, dict(os.environ))
    )
