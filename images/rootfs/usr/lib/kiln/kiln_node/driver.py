"""A job's driver as a unit of its own, behind the same walls as the daemons (spark-driver-.service.d).

systemd-run hands the caller's standard streams over and ends with the driver's exit code; ending kiln-submit
stops the driver.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from kiln_node import paths

#: Of the caller's environment, what a driver may have.
KEPT = ("TERM", "TZ")


def words(argv: Sequence[str], unit: str, folder: Path, environment: Mapping[str, str]) -> list[str]:
    """The command line; argv: of spark-submit; folder: where the driver starts."""
    kept = [f"--setenv={name}={environment[name]}" for name in KEPT if name in environment]
    return [
        *("systemd-run", "--quiet", "--pipe", "--wait", "--collect", "--service-type=exec"),
        *(f"--unit={unit}", f"--property=WorkingDirectory={folder}", "--description=Spark driver", *kept),
        *("--", str(paths.SPARK_HOME / "bin" / "spark-submit"), *argv),
    ]


def working_folder(folder: Path, uid: int, gid: int) -> Path:
    """The caller's own where Spark's user may enter it, else the root."""
    found = folder.stat()
    bit = 0o100 if found.st_uid == uid else 0o010 if found.st_gid == gid else 0o001
    reachable = all(above.stat().st_mode & 0o001 or above.stat().st_uid == uid for above in folder.parents)
    return folder if found.st_mode & bit and reachable else Path("/")


def run(command: Sequence[str], unit: str) -> int:
    """Waits for the driver; whoever ends this process ends the driver with it."""
    process = subprocess.Popen(list(command))

    def stop(number: int, _: object) -> None:
        subprocess.run(["systemctl", "stop", "--no-block", f"{unit}.service"], check=False)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    return process.wait()
