"""What Spark's drivers run of kiln's own, on the Python of the team's environment: any from 2.7."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "images/rootfs/usr/lib/kiln/submit"


def runs_on(path: Path, *versions: str) -> bool:
    """Whether a file uses nothing that these versions lack, as far as vermin knows what came when."""
    targets = [f"--target={version}-" for version in versions]
    vermin = str(Path(sys.executable).with_name("vermin"))
    command = [vermin, "--no-tips", *targets, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "Minimum required versions" in done.stdout, done.stdout + done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("program", sorted(FOLDER.glob("*.py")), ids=lambda path: path.name)
def test_runs_on_every_python_from_2_7(program: Path) -> None:
    assert runs_on(program, "2.7", "3.4")


@pytest.mark.parametrize(
    "text", ['print(f"{1}")', "def f(x: int) -> None: ...", "def f():\n    yield from []"]
)
def test_what_an_older_python_lacks_is_seen(text: str, tmp_path: Path) -> None:
    newer = tmp_path / "newer.py"
    newer.write_text(f"{text}\n", encoding="utf-8")
    assert not runs_on(newer, "2.7", "3.4")
