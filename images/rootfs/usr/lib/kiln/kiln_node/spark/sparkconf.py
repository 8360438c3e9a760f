"""spark-defaults.conf: pure rendering of node.json, the image's table of settings and the secret.

Both daemons and every driver read the same file (--properties-file). What node.json overrides
comes last and wins; what it may not override, sparkrules refuses.
"""

from __future__ import annotations

import re
from typing import Any

from kiln_node import paths
from kiln_node.nodejson.config import NodeConfig
from kiln_node.roles import history_page
from kiln_node.spark import executors, javaoptions, sparkjudge

#: Java options of every JVM that talks to a store: the store's own authority is in this trust store.
TRUST_OPTIONS = (
    f"-Djavax.net.ssl.trustStore={paths.TRUSTSTORE} "
    "-Djavax.net.ssl.trustStoreType=JKS "
    "-Djavax.net.ssl.trustStorePassword=changeit "
    # what a JVM unpacks or spills by itself lands on scratch, too
    f"-Djava.io.tmpdir={paths.SCRATCH / 'tmp'} "
    # the account's own home is sealed; a JVM does not ask HOME
    f"-Duser.home={paths.SCRATCH / 'home'}"
)


def defaults(
    config: NodeConfig, secret: str, table: list[dict[str, Any]], release: str, class_data: str = ""
) -> dict[str, str]:
    """The settings of a node; table: the entries of settings.json that hold for its image, whose Spark is
    release; class_data: Java options of the class data archive, where the image has one."""
    java = f"{TRUST_OPTIONS} {class_data}".rstrip()
    settings = {
        **{entry["key"]: str(entry["value"]) for entry in table if "file" not in entry},
        **sparkjudge.placed(config.warehouse, "spark."),
        "spark.master": config.master_url,
        "spark.authenticate.secret": secret,
        # of another release or codec, what was left there would stop the master
        "spark.deploy.recoveryDirectory": str(paths.SCRATCH / "recovery" / release),
        "spark.pyspark.python": str(paths.CONDA_PYTHON),
        "spark.pyspark.driver.python": str(paths.CONDA_PYTHON),
    }
    if config.executor_cores is not None:
        settings[executors.CORES] = str(config.executor_cores)
    return {**settings, **javaoptions.of_node(java, release, dict(config.spark_conf))}


def of_node(settings: dict[str, str], address: str) -> dict[str, str]:
    """With the address at which executors find a driver that runs here; its name is this machine's own
    word, and no DNS need know it."""
    return {"spark.driver.host": address, **settings}


def history(settings: dict[str, str]) -> dict[str, str]:
    """Of the history server: it joins no cluster, so it has no secret; it reads where jobs write."""
    kept = {key: value for key, value in settings.items() if not key.startswith("spark.authenticate")}
    return {
        **kept,
        "spark.history.fs.logDirectory": settings.get("spark.eventLog.dir", ""),
        # at loopback: kiln-history-page stands before it
        "spark.history.ui.port": str(history_page.INNER_PORT),
        # whoever reaches the page may look
        "spark.history.ui.acls.enable": "false",
    }


def render(settings: dict[str, str]) -> str:
    """As java.util.Properties reads it, sorted."""
    return "".join(f"{_escape(key, key=True)}={_escape(value)}\n" for key, value in sorted(settings.items()))


def _escape(text: str, *, key: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if key:
        return re.sub(r"([=: #!])", r"\\\1", escaped)
    return re.sub(r"^ ", r"\\ ", escaped)
