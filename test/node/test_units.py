"""Every unit of Spark is walled in, by systemd's own measure, on the files alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOTFS = Path(__file__).parents[2] / "images/rootfs"
UNITS = ROOTFS / "usr/lib/systemd/system"
DAEMONS = sorted(path.name for path in UNITS.glob("spark-*.service"))
#: Measured as systemd-analyze security does: 0 is a process that can do nothing, 10 one that can do all.
MOST = 2.0


def exposure(root: Path, unit: str) -> float:
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--root={root}", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )
    found = re.search(r"Overall exposure level for \S+: (\d+\.\d+)", done.stdout)
    assert found is not None, done.stderr
    return float(found[1])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The image's units, and one as kiln-submit makes it."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd")
    copy = tmp_path / "usr/lib/systemd/system"
    shutil.copytree(UNITS, copy)
    (copy / "spark-driver-7.service").write_text("[Service]\nExecStart=/bin/true\n", encoding="ascii")
    (copy / "plain.service").write_text("[Service]\nExecStart=/bin/true\n", encoding="ascii")
    return tmp_path


def test_there_is_a_unit_a_daemon() -> None:
    assert DAEMONS == [
        "spark-history.service",
        "spark-master.service",
        "spark-notebook.service",
        "spark-worker.service",
    ]


@pytest.mark.parametrize("unit", [*DAEMONS, "spark-driver-7.service"])
def test_is_walled_in(root: Path, unit: str) -> None:
    assert exposure(root, unit) <= MOST


def test_a_unit_without_walls_is_measured_as_such(root: Path) -> None:
    assert exposure(root, "plain.service") > 9


@pytest.mark.parametrize("unit", DAEMONS)
def test_is_guarded_before_every_start(unit: str) -> None:
    text = (UNITS / unit).read_text(encoding="utf-8")
    assert "\nExecStartPre=+/usr/lib/kiln/kiln-node guard\n" in text
    assert "\nRestart=always\n" in text
    assert "\nRestartMode=direct\n" in text
