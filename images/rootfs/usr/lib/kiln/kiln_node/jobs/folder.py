"""Where a job's things are on its node, and how they are made: /scratch/jobs/ID.

job.json      the record, root's
asked.json    who asked for its end, root's
work/         the driver's working directory, Spark's user's
input/        copies of what was submitted and Spark's user may not read where it lies, Ivy's settings: root's
output/       what the driver wrote, and driver.json: Spark's user's
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.host import files
from kiln_node.jobs import driverfile, ids
from kiln_node.jobs.record import ENDED, Record, document, parse

JOBS = paths.SCRATCH / "jobs"


class Folder:
    """Of one job; root: of all of them."""

    def __init__(self, job: str, root: Path = JOBS) -> None:
        if not ids.valid(job):
            raise NodeFault(
                f"{job!r} is not the name of a job", where="jobs", hint="kiln-node jobs list --all"
            )
        self.path = root / job
        self.record = self.path / "job.json"
        self.asked = self.path / "asked.json"
        self.work = self.path / "work"
        self.input = self.path / "input"
        self.output = self.path / "output"
        self.driver = self.output / "driver.json"

    def create(self, record: Record, user: str | None = paths.SPARK_USER) -> None:
        """FileExistsError where the name is in use. user: who owns what the driver writes."""
        self.path.parent.mkdir(mode=0o755, exist_ok=True)
        self.path.mkdir(mode=0o750)
        files.folder(self.path, mode=0o750, group=user)
        files.folder(self.work, mode=0o750, user=user, group=user)
        files.folder(self.output, mode=0o750, user=user, group=user)
        self.write(record)

    def write(self, record: Record) -> None:
        files.write(self.record, json.dumps(document(record), indent=2) + "\n", mode=0o640)

    def read(self) -> Record:
        """With what the runner has said since; OSError or ValueError where there is no record."""
        kept = parse(json.loads(self.record.read_text(encoding="utf-8")))
        if kept.state in ENDED:
            return kept
        driver = driverfile.read(self.driver)
        if driver.started is None:
            return kept
        return replace(kept, state="running", started=driver.started, application=driver.application)


def every(root: Path = JOBS) -> Iterator[tuple[Folder, Record]]:
    """Each job that has a record which can be read, in the order of their submission."""
    if not root.is_dir():
        return
    for path in sorted(root.iterdir()):
        if not ids.valid(path.name):
            continue
        folder = Folder(path.name, root)
        try:
            yield folder, folder.read()
        except (OSError, ValueError):
            continue


def names(root: Path = JOBS) -> list[str]:
    """Of every job that has a folder."""
    return [folder.path.name for folder, _ in every(root)]
