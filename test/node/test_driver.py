"""A job's driver as a unit."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Timer

import pytest

from kiln_node import driver


def test_the_callers_environment_stays_outside() -> None:
    made = driver.words(["job.py"], "spark-driver-1", Path("/"), {"AWS_PROFILE": "mine", "TZ": "UTC"})
    assert made[0] == "systemd-run"
    assert "--unit=spark-driver-1" in made
    assert "--setenv=TZ=UTC" in made
    assert not any("AWS" in word for word in made)
    assert made[-3:] == ["--", "/opt/spark/bin/spark-submit", "job.py"]


@pytest.mark.parametrize(("mode", "stays"), [(0o755, True), (0o750, False), (0o700, False)])
def test_starts_where_the_caller_is_if_it_may(mode: int, stays: bool) -> None:
    with TemporaryDirectory(dir="/tmp") as name:
        above, folder = Path(name), Path(name) / "jobs"
        above.chmod(0o755)
        folder.mkdir()
        folder.chmod(mode)
        stranger = 2**30
        assert driver.working_folder(folder, stranger, stranger) == (folder if stays else Path("/"))
        above.chmod(0o700)
        assert driver.working_folder(folder, stranger, stranger) == Path("/")


def test_passes_on_the_exit_code() -> None:
    assert driver.run([sys.executable, "-c", "raise SystemExit(7)"], "spark-driver-test") == 7


def test_stops_the_driver_when_it_is_stopped_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    systemctl = tmp_path / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\n', encoding="ascii")
    systemctl.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        Timer(0.3, os.kill, (os.getpid(), signal.SIGTERM)).start()
        started = time.monotonic()
        assert driver.run(["sleep", "1"], "spark-driver-test") == 0
        assert time.monotonic() - started < 10
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert (tmp_path / "asked").read_text() == "stop --no-block spark-driver-test.service\n"
