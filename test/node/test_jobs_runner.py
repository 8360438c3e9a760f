"""The supervisor of a driver, with real processes: streams, exit codes, a caller that is gone."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kiln_node.jobs import driverfile, output, wire
from kiln_node.jobs.driverfile import Ended
from kiln_node.jobs.output import Keeper, Reader
from kiln_node.jobs.wire import Work

ID = "20261128-121530-k3f9"
NODE = Path(wire.__file__).parents[2]
RUN = """
import os, sys
sys.path.insert(0, {node!r})
import socket
from pathlib import Path
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.runner import Runner
caller = socket.socket(fileno=int(sys.argv[1]))
os._exit(Runner(Folder({job!r}, Path(sys.argv[2])), caller, grace=float(sys.argv[3])).run())
"""


class Job:
    """A runner with its three streams, and this process as kiln-submit."""

    def __init__(self, root: Path, script: str, *, grace: float = 20, **how: bool) -> None:
        self.output = root / ID / "output"
        self.output.mkdir(parents=True)
        ours, theirs = socket.socketpair()
        self.line = ours
        program = [sys.executable, "-c", RUN.format(node=str(NODE), job=ID), str(theirs.fileno()), str(root)]
        self.process = subprocess.Popen([*program, str(grace)], pass_fds=[theirs.fileno()])
        theirs.close()
        given, self.stdin = os.pipe()
        self.stdout, out = os.pipe()
        self.stderr, err = os.pipe()
        work = Work(
            ("sh", "-c", script), {"KILN_TEST": "set"}, how.get("detached", False), how.get("one", False)
        )
        wire.hand_over(ours, work, (given, out, err))
        for descriptor in (given, out, err):
            os.close(descriptor)

    def wait(self) -> int:
        return self.process.wait(timeout=60)

    def read(self, descriptor: int) -> bytes:
        with os.fdopen(descriptor, "rb") as stream:
            return stream.read()

    def until(self, word: bytes) -> None:
        said = b""
        while word not in said:
            said += os.read(self.stdout, 4096)

    def ended(self) -> Ended:
        found = driverfile.read(self.output / "driver.json").ended
        assert found is not None
        return found

    def kept(self, stream: str) -> bytes:
        return b"".join(one.data for one in Reader(self.output).read() if one.stream == stream)


def test_all_bytes_pass_both_ways_and_are_kept(tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    job = Job(tmp_path, "cat; echo $KILN_TEST >&2")
    if os.fork() == 0:
        os.close(job.stdout)
        left = memoryview(data)
        while left:
            left = left[os.write(job.stdin, left) :]
        os._exit(0)
    os.close(job.stdin)
    assert job.read(job.stdout) == data
    assert job.read(job.stderr) == b"set\n"
    assert job.wait() == 0
    assert (job.kept("out"), job.kept("err")) == (data, b"set\n")


@pytest.mark.parametrize(
    ("script", "code", "number"),
    [
        ("exit 0", 0, None),
        ("exit 7", 7, None),
        ("exit 255", 255, None),
        ("kill -SEGV $$", 139, signal.SIGSEGV),
        ("kill -KILL $$", 137, signal.SIGKILL),
        ("kill -TERM $$", 143, signal.SIGTERM),
    ],
)
def test_its_exit_code_is_the_drivers(tmp_path: Path, script: str, code: int, number: int | None) -> None:
    job = Job(tmp_path, script)
    assert job.wait() == code
    assert (job.ended().number, job.ended().reason) == (number, None)


WAIT = "echo waits; exec sleep 600"


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [
        (b"stop SIGINT\n", 130, "cancelled"),
        (b"stop SIGTERM\n", 143, "cancelled"),
        (b"stop SIGHUP\n", 129, "cancelled"),
        (wire.GONE, 129, "caller"),
        (b"", 129, "caller"),
    ],
)
def test_it_ends_the_driver_when_it_is_told_or_alone(
    tmp_path: Path, line: bytes, code: int, reason: str
) -> None:
    job = Job(tmp_path, WAIT)
    job.until(b"waits")
    if line:
        job.line.sendall(line)
    else:
        job.line.close()
    assert job.wait() == code
    assert job.ended().reason == reason


def test_a_driver_that_does_not_listen_is_killed_after_its_grace_or_at_once(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; echo waits; while :; do sleep 0.1; done"
    job = Job(tmp_path / "a", stubborn, grace=0.5)
    job.until(b"waits")
    job.line.sendall(b"stop SIGINT\n")
    assert job.wait() == 130
    job = Job(tmp_path / "b", stubborn, grace=600)
    job.until(b"waits")
    job.line.sendall(b"stop SIGINT\nkill SIGINT\n")
    assert job.wait() == 130
    job = Job(tmp_path / "c", stubborn.replace("''", "'echo told'"), grace=600)
    job.until(b"waits")
    job.process.send_signal(signal.SIGTERM)
    # signals that wait together are found in the order of their numbers
    job.until(b"told")
    job.process.send_signal(signal.SIGINT)
    assert job.wait() == 143
    assert job.ended().reason == "stopped"


def test_a_driver_that_tidies_up_and_says_0_was_cancelled_all_the_same(tmp_path: Path) -> None:
    job = Job(tmp_path, "trap 'exit 0' TERM; echo waits; while :; do sleep 0.1; done")
    job.until(b"waits")
    job.line.sendall(b"stop SIGINT\n")
    assert job.wait() == 130


def test_a_detached_driver_outlives_its_caller_and_keeps_its_output(tmp_path: Path) -> None:
    job = Job(tmp_path, f"while [ ! -e {tmp_path}/go ]; do sleep 0.05; done; echo done", detached=True)
    assert job.line.recv(100) == wire.STARTED
    job.line.close()
    (tmp_path / "go").touch()
    assert job.wait() == 0
    assert job.kept("out") == b"done\n"
    assert job.read(job.stdout) == b""


def test_a_reader_that_has_enough_does_not_end_the_job(tmp_path: Path) -> None:
    job = Job(tmp_path, "seq 100000; echo end >&2")
    os.read(job.stdout, 10)
    os.close(job.stdout)
    assert job.read(job.stderr) == b"end\n"
    assert job.wait() == 0
    assert job.kept("out").endswith(b"100000\n")


def test_the_order_of_streams_that_are_one_is_kept(tmp_path: Path) -> None:
    job = Job(tmp_path, "for n in $(seq 200); do echo $n; echo $n >&2; done", one=True)
    assert job.read(job.stdout) == b"".join(b"%d\n%d\n" % (n, n) for n in range(1, 201))
    assert job.wait() == 0


def test_what_stays_behind_with_the_streams_does_not_keep_the_job(tmp_path: Path) -> None:
    job = Job(tmp_path, "setsid sleep 5 & echo done")
    assert job.read(job.stdout) == b"done\n"
    assert job.wait() == 0


@pytest.mark.parametrize("said", ["INFO x: Connected to Spark cluster with app ID app-20261128122530-0001"])
def test_the_applications_id_is_taken_from_the_drivers_log(tmp_path: Path, said: str) -> None:
    job = Job(tmp_path, f"printf '%s' '{said[:50]}' >&2; sleep 0.2; echo '{said[50:]}' >&2")
    assert job.wait() == 0
    assert driverfile.read(job.output / "driver.json").application == "app-20261128122530-0001"


def test_a_program_that_cannot_be_started_is_said(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    (tmp_path / ID / "output").mkdir(parents=True)
    program = [
        sys.executable,
        "-c",
        RUN.format(node=str(NODE), job=ID),
        str(theirs.fileno()),
        str(tmp_path),
        "1",
    ]
    process = subprocess.Popen(program, pass_fds=[theirs.fileno()])
    theirs.close()
    wire.hand_over(ours, Work(("/there/is/none",), {}, False, False), (0, 1, 2))
    assert process.wait(timeout=60) == 1
    found = json.loads((tmp_path / ID / "output" / "driver.json").read_text())
    assert found["ended"]["reason"] == "start"


def test_what_is_kept_is_bounded_with_its_start_and_its_end(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, piece=100, most=4, clock=lambda: 0.0)
    for number in range(100):
        keeper.write("out" if number % 2 else "err", b"line %d\n" % number)
    keeper.close()
    assert len(output.pieces(tmp_path)) == 4
    reader = Reader(tmp_path)
    found = [one.data for one in reader.read()]
    assert found[0] == b"line 0\n"
    assert found[-1] == b"line 99\n"
    assert reader.gaps > 0
    assert list(reader.read()) == []


def test_a_reader_follows_over_pieces_and_leaves_half_a_chunk_for_later(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path, piece=50, most=1000, clock=lambda: 0.0)
    reader = Reader(tmp_path)
    found: list[bytes] = []
    for number in range(50):
        keeper.write("out", b"%d\n" % number)
        if number % 7 == 0:
            found += [one.data for one in reader.read()]
    keeper.close()
    last = tmp_path / output.name(output.pieces(tmp_path)[-1])
    with last.open("ab") as file:
        file.write(b"out 0.000 10\nhal")
    found += [one.data for one in reader.read()]
    assert found == [b"%d\n" % number for number in range(50)]
    with last.open("ab") as file:
        file.write(b" a line\n")
    assert [one.data for one in reader.read()] == [b"hal a line"[:10]]
    assert reader.gaps == 0


def test_a_disk_that_takes_no_more_ends_the_keeping_alone(tmp_path: Path) -> None:
    keeper = Keeper(tmp_path / "missing")
    keeper.write("out", b"x")
    assert keeper.error == "No such file or directory"
    keeper.write("out", b"y")


def test_a_driver_that_is_killed_outright_was_killed_even_if_its_unit_is_stopped_at_once(
    tmp_path: Path,
) -> None:
    job = Job(tmp_path, "trap '' TERM; echo waits; while :; do sleep 1; done")
    job.until(b"waits")
    # as `systemctl kill --signal=SIGINT` and `systemctl stop` do, whose signals may be found together
    for number in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM, signal.SIGCONT):
        job.process.send_signal(number)
    assert job.wait() == 137
    assert (job.ended().number, job.ended().reason) == (signal.SIGKILL, None)
