"""What Spark this image has, read from the files themselves and not from what was locked."""

from __future__ import annotations

import re
from pathlib import Path

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.spark.sparkjudge import Image

#: The jar by which each part is known. Spark 2 has hadoop-common, later ones the shaded client.
JARS = {
    "hadoop": r"hadoop-(?:client-api|common)-(\d[\w.]*?)\.jar",
    "hadoop_aws": r"hadoop-aws-(\d[\w.]*?)\.jar",
    "committer": r"spark-hadoop-cloud_[\d.]+-(\d[\w.]*?)\.jar",
}


def read(home: Path = paths.SPARK_HOME) -> Image:
    """NodeFault where /opt/spark is none."""
    try:
        release = re.search(r"Spark (\d+\.\d+\.\d+)", (home / "RELEASE").read_text(encoding="utf-8"))
        names = [path.name for path in (home / "jars").iterdir()]
    except OSError as error:
        raise NodeFault(
            f"there is no Spark: {error}", where=str(home), hint="bake the image again"
        ) from error
    if release is None:
        raise NodeFault(
            "RELEASE does not say which Spark this is",
            where=str(home / "RELEASE"),
            hint="bake the image again",
        )
    return Image(spark=release[1], **{part: _release(names, pattern) for part, pattern in JARS.items()})


def _release(names: list[str], pattern: str) -> str | None:
    """Of the jar that matches; two releases of one jar on a class path are named both, and fit nothing."""
    found = sorted(match[1] for name in names if (match := re.fullmatch(pattern, name)))
    return " and ".join(found) or None
