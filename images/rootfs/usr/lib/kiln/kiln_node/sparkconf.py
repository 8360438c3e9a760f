"""spark-defaults.conf: pure rendering of node.json, facts and the secret.

Both daemons and every driver read the same file (--properties-file). What node.json overrides
comes last and wins.
"""

from __future__ import annotations

import re

from kiln_node import paths
from kiln_node.config import NodeConfig
from kiln_node.faults import NodeFault

#: Java options of every JVM that talks to a store: the store's own authority is in this trust store.
TRUST_OPTIONS = (
    f"-Djavax.net.ssl.trustStore={paths.TRUSTSTORE} "
    "-Djavax.net.ssl.trustStoreType=JKS "
    "-Djavax.net.ssl.trustStorePassword=changeit"
)

#: Settings that a node.json may not weaken: they guard the secret and the scratch.
FIXED = frozenset({"spark.authenticate", "spark.authenticate.secret"})


def defaults(config: NodeConfig, secret: str, class_data: str = "") -> dict[str, str]:
    """The settings of a node; sources: Spark 4.1's security, standalone and cloud-integration pages.

    class_data: Java options of the class data archive, where the image has one.
    """
    clash = sorted(FIXED & dict(config.spark_conf).keys())
    if clash:
        raise NodeFault(
            f"spark.conf may not set {', '.join(clash)}",
            where="node.json: spark.conf",
            hint="take it out: the cluster's secret is secrets.spark",
        )
    java = f"{TRUST_OPTIONS} {class_data}".rstrip()
    settings = {
        "spark.master": config.master_url,
        "spark.authenticate": "true",
        "spark.authenticate.secret": secret,
        "spark.network.crypto.enabled": "true",
        "spark.network.crypto.saslFallback": "false",
        # The default cipher, CTR, does not authenticate what it encrypts.
        "spark.network.crypto.cipher": "AES/GCM/NoPadding",
        "spark.io.encryption.enabled": "true",
        # 4.1 turns the submission server on; it knows no authentication.
        "spark.master.rest.enabled": "false",
        "spark.local.dir": str(paths.SCRATCH / "spark"),
        "spark.worker.cleanup.enabled": "true",
        "spark.worker.cleanup.appDataTtl": "86400",
        # ours in the *default* options, which come before what a job sets in extraJavaOptions
        "spark.driver.defaultJavaOptions": java,
        "spark.executor.defaultJavaOptions": java,
        "spark.pyspark.python": str(paths.CONDA_PYTHON),
        "spark.pyspark.driver.python": str(paths.CONDA_PYTHON),
        "spark.sql.sources.commitProtocolClass": (
            "org.apache.spark.internal.io.cloud.PathOutputCommitProtocol"
        ),
        "spark.sql.parquet.output.committer.class": (
            "org.apache.spark.internal.io.cloud.BindingParquetOutputCommitter"
        ),
        # nothing writes below /opt or the home folder
        "spark.sql.warehouse.dir": str(paths.SCRATCH / "warehouse"),
    }
    return {**settings, **dict(config.spark_conf)}


def render(settings: dict[str, str]) -> str:
    """As java.util.Properties reads it, sorted."""
    return "".join(f"{_escape(key, key=True)}={_escape(value)}\n" for key, value in sorted(settings.items()))


def _escape(text: str, *, key: bool = False) -> str:
    escaped = text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")
    if key:
        return re.sub(r"([=: #!])", r"\\\1", escaped)
    return re.sub(r"^ ", r"\\ ", escaped)
