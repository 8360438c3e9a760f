"""Java options that every driver and executor needs, beside those that a job sets: pure.

Spark 3.0 and later have spark.*.defaultJavaOptions, which come before a job's spark.*.extraJavaOptions.
Earlier releases ignore them without a word, and every access to a store over TLS fails for want of its
authority: there they are written into extraJavaOptions, and a job's own are added behind them.
"""

from __future__ import annotations

from collections.abc import Mapping

from kiln_node.spark import sparkjudge

#: First release with the default options (SPARK-23472).
DEFAULTS_FROM = "3.0"
PROCESSES = ("driver", "executor")
EXTRA = tuple(f"spark.{process}.extraJavaOptions" for process in PROCESSES)
DEFAULT = tuple(f"spark.{process}.defaultJavaOptions" for process in PROCESSES)


def of_node(options: str, release: str, conf: Mapping[str, str]) -> dict[str, str]:
    """conf with the options that JVMs need; conf: of node.json; release: of Spark."""
    if sparkjudge.within(release, {"from": DEFAULTS_FROM}):
        return {**conf, **{key: _joined(options, conf.get(key)) for key in DEFAULT}}
    # the default options that a stack sets are ignored there, too
    kept = {key: value for key, value in conf.items() if key not in DEFAULT}
    pairs = zip(DEFAULT, EXTRA, strict=True)
    return {
        **kept,
        **{extra: _joined(options, conf.get(default), conf.get(extra)) for default, extra in pairs},
    }


def of_job(cluster: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Those of a job; cluster: the node's settings; own: the job's, which replace them from 3.0 on."""
    return {
        key: _joined(cluster[key], own.get(key))
        for default, key in zip(DEFAULT, EXTRA, strict=True)
        if default not in cluster and key in cluster
    }


def _joined(*options: str | None) -> str:
    return " ".join(one for one in options if one)
