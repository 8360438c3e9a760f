"""A job's driver as a unit of its own, in the systemd sandbox of the daemons (spark-driver-.service.d)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from kiln_node import paths
from kiln_node.jobs.record import Record, unit
from kiln_node.jobs.wire import Work

#: Of the caller's environment, what a driver may have.
KEPT = ("TERM", "TZ")
RUNNER = Path("/usr/lib/kiln/kiln-driver")


def words(record: Record, folder: Path) -> list[str]:
    """The command line that starts the unit; folder: where the driver starts. What the driver is to run is
    not in it: everybody can read a unit, and systemd would expand `$NAME` in it."""
    return [
        *("systemd-run", "--quiet", "--collect", "--no-ask-password", "--service-type=exec"),
        *(f"--unit={unit(record.id)}", f"--property=WorkingDirectory={folder}"),
        *(f"--description=Spark driver of job {record.id}", "--", str(RUNNER), record.id),
    ]


def work(argv: Sequence[str], environment: Mapping[str, str], *, detached: bool) -> Work:
    """What the runner is to start; argv: of spark-submit."""
    kept = {name: environment[name] for name in KEPT if name in environment}
    return Work((str(paths.SPARK_HOME / "bin" / "spark-submit"), *argv), kept, detached, together=_together())


def _together() -> bool:
    """Whether both streams are the same pipe or file, as after `2>&1`: their order is then kept exactly."""
    out, err = os.fstat(1), os.fstat(2)
    return not os.isatty(1) and (out.st_dev, out.st_ino) == (err.st_dev, err.st_ino)
