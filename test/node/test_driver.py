"""A job's driver as a unit."""

from __future__ import annotations

from pathlib import Path

from kiln_node.jobs import driver
from kiln_node.jobs.record import Record

RECORD = Record("20261128-121530-k3f9", "job.py", ("job.py", "$HOME"), 1.0, "root", "attached")


def test_its_unit_is_called_by_its_id_and_says_nothing_of_what_it_runs() -> None:
    made = driver.words(RECORD, Path("/scratch/jobs/20261128-121530-k3f9/work"))
    assert made[0] == "systemd-run"
    assert "--unit=spark-driver-20261128-121530-k3f9.service" in made
    assert "--property=WorkingDirectory=/scratch/jobs/20261128-121530-k3f9/work" in made
    assert made[-3:] == ["--", "/usr/lib/kiln/kiln-driver", "20261128-121530-k3f9"]
    assert not any("$HOME" in word for word in made)


def test_the_callers_environment_stays_outside() -> None:
    work = driver.work(["job.py", "$HOME"], {"AWS_PROFILE": "mine", "TZ": "UTC"}, detached=True)
    assert work.argv == ("/opt/spark/bin/spark-submit", "job.py", "$HOME")
    assert work.environment == {"TZ": "UTC"}
    assert work.detached
