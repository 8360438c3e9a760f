"""Environment files of the units and the wrappers: pure rendering."""

from __future__ import annotations

from kiln_node import paths
from kiln_node.boot import ready
from kiln_node.host.facts import Facts
from kiln_node.nodejson.config import NodeConfig
from kiln_node.spark.sizing import Offer
from kiln_node.spark.sparkconf import TRUST_OPTIONS

#: Heap of a daemon itself (Spark's own default); executors and drivers have their own.
DAEMON_MEMORY = "1g"


def common(facts: Facts) -> dict[str, str]:
    """Of every Spark process on the node. SPARK_CONF_DIR is empty: settings come by --properties-file."""
    return {
        "SPARK_HOME": str(paths.SPARK_HOME),
        "SPARK_CONF_DIR": str(paths.EMPTY_CONF),
        "HADOOP_CONF_DIR": str(paths.HADOOP_DIR),
        "SPARK_LOCAL_IP": facts.address,
        "SPARK_LOCAL_DIRS": str(paths.SCRATCH / "spark"),
        "PYSPARK_PYTHON": str(paths.CONDA_PYTHON),
        "PYSPARK_DRIVER_PYTHON": str(paths.CONDA_PYTHON),
        # Python's temporary files, and those of what a job starts
        "TMPDIR": str(paths.SCRATCH / "tmp"),
        # /opt is read-only: no attempt to write byte code there
        "PYTHONDONTWRITEBYTECODE": "1",
        "LANG": "C.UTF-8",
    }


def daemon(config: NodeConfig, facts: Facts, offer: Offer | None, class_data: str = "") -> dict[str, str]:
    """Of the node's daemon; offer: what a worker offers; class_data: as in sparkconf.defaults."""
    values = {
        "KILN_MASTER_URL": config.master_url,
        "KILN_MASTER_HOST": config.master_host,
        "KILN_MASTER_PORT": str(config.master_port),
        "KILN_ADDRESS": facts.address,
        "SPARK_DAEMON_MEMORY": DAEMON_MEMORY,
        "SPARK_DAEMON_JAVA_OPTS": f"{TRUST_OPTIONS} {class_data}".rstrip(),
        "SPARK_WORKER_DIR": str(paths.SCRATCH / "work"),
        "SPARK_NO_DAEMONIZE": "1",
        # whom a notebook's kernel asks for the workers, and when it gives executors back (kernel.py)
        "KILN_MASTER_PAGE": ready.page(config),
        "KILN_NOTEBOOK_IDLE": _number(config.notebook.idle_seconds),
        "KILN_NOTEBOOK_IDLE_WITH_DATA": _number(config.notebook.idle_with_data_seconds),
    }
    if offer is not None:
        values["SPARK_WORKER_CORES"] = str(offer.cores)
        values["SPARK_WORKER_MEMORY"] = f"{offer.memory_mib}m"
    return values


def render(values: dict[str, str]) -> str:
    """As systemd's EnvironmentFile and a POSIX shell both read it, sorted."""
    return "".join(f"{key}={_quote(value)}\n" for key, value in sorted(values.items()))


def _number(value: int | None) -> str:
    return "" if value is None else str(value)


def _quote(value: str) -> str:
    if "\n" in value or "\0" in value:
        raise ValueError("an environment value must be one line")
    escaped = "".join("\\" + char if char in '"\\`$' else char for char in value)
    return f'"{escaped}"'
