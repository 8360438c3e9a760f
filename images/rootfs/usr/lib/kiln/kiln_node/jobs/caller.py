"""kiln-submit's side of a job that runs: starts its unit, stays with it, ends it when it is ended itself."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Mapping

from kiln_node.faults import NodeFault
from kiln_node.host.commands import HostCommands
from kiln_node.jobs import driver, listing, wire
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.record import ENDED, End, Record, close, sentence
from kiln_node.jobs.wire import Work

#: Seconds from the unit's start until its runner calls: a busy machine is not a broken one.
CALL = 60.0
#: Seconds from the connection's end until the record has its own; above TimeoutStopSec of the unit.
SETTLE = 120.0
#: A descriptor inherited from `kiln run`: lines with the names of signals, and its end is the command's.
LIFELINE = "KILN_LIFELINE"
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Call:
    """One job as whoever submitted it sees it."""

    def __init__(self, folder: Folder, record: Record, environment: Mapping[str, str]) -> None:
        self._folder, self._record = folder, record
        given = environment.get(LIFELINE, "")
        self._lifeline: int | None = int(given) if given.isdigit() else None
        self._heard = b""
        self._said = b""
        self._asked = False
        #: Output streams that still have a reader, where both can lose it: a file never does.
        self._readers = {1, 2} if _has_reader(1) and _has_reader(2) else set[int]()

    def detached(self, work: Work) -> None:
        """Returns when the driver has started; NodeFault when it has not."""
        null = os.open(os.devnull, os.O_RDWR)
        runner = self._start(work, (null, null, null))
        while wire.STARTED not in self._said:
            data = runner.recv(4096)
            if not data:
                end = self._settled().end
                raise _not_started(self._record, end.what if end is not None else "")
            self._said += data

    def attached(self, work: Work) -> int:
        """The driver's exit code."""
        wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # nohup's is left alone
                signal.signal(number, lambda *_: None)
        runner = self._start(work, (0, 1, 2))
        while self._connected(runner, wake):
            pass
        ended = self._settled()
        end = ended.end
        if end is None:
            raise NodeFault(
                f"job {ended.id} has no end in its record", where="jobs", hint=f"journalctl -u {ended.unit}"
            )
        if ended.state != "succeeded" and not ended.internal:
            self._say(f"kiln: {sentence(ended)}")
        return end.code

    def _start(self, work: Work, streams: tuple[int, int, int]) -> socket.socket:
        server = wire.listen(self._record.id)
        server.settimeout(CALL)
        words = driver.words(self._record, self._folder.work)
        # a terminal's signals are for this process alone, which passes them on
        started = subprocess.run(
            words, capture_output=True, text=True, errors="replace", check=False, start_new_session=True
        )
        try:
            if started.returncode != 0:
                said = (started.stderr.strip() or "no message").splitlines()[-1]
                raise self._failed(said)
            try:
                runner, _ = server.accept()
            except TimeoutError:
                raise self._failed(f"its unit has not called within {CALL:g} s") from None
        finally:
            server.close()
        runner.settimeout(None)
        wire.hand_over(runner, work, streams)
        return runner

    def _failed(self, why: str) -> NodeFault:
        """Written where the unit's own end has not."""
        subprocess.run(["systemctl", "stop", self._record.unit], check=False, capture_output=True)
        wire.settings(self._record.id).unlink(missing_ok=True)
        found = self._folder.read()
        self._folder.write(close(found, "failed", End(3, None, "start", why), time.time()))
        return _not_started(self._record, why)

    def _connected(self, runner: socket.socket, wake: int) -> bool:
        """One thing that happens; False once the connection has ended."""
        poll = select.poll()
        for descriptor in (runner.fileno(), wake, *([] if self._lifeline is None else [self._lifeline])):
            poll.register(descriptor, select.POLLIN)
        for descriptor in self._readers:
            # a reader that is gone shows as an error, without a write
            poll.register(descriptor, 0)
        for descriptor, _ in poll.poll():
            if descriptor == wake:
                for number in os.read(wake, 64):
                    self._signalled(runner, signal.Signals(number).name)
            elif descriptor == self._lifeline:
                self._listen(runner)
            elif descriptor in self._readers:
                self._unread(runner, descriptor)
            elif not self._answer(runner):
                return False
        return True

    def _answer(self, runner: socket.socket) -> bool:
        with contextlib.suppress(OSError):
            return bool(runner.recv(4096))
        return False

    def _listen(self, runner: socket.socket) -> None:
        assert self._lifeline is not None  # noqa: S101 - polled
        data = os.read(self._lifeline, 4096)
        if not data:
            self._lifeline = None
            self._send(runner, wire.GONE)
            return
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            self._signalled(runner, line.decode("ascii", "replace"))

    def _unread(self, runner: socket.socket, descriptor: int) -> None:
        """`| head` leaves one stream without a reader, and the job goes on; a broken SSH connection both."""
        self._readers.discard(descriptor)
        if not self._readers:
            self._send(runner, wire.GONE)

    def _signalled(self, runner: socket.socket, name: str) -> None:
        """The first signal asks the driver to end, a second interrupt ends it at once."""
        if name not in (number.name for number in SIGNALS):
            return
        again = self._asked and name == "SIGINT"
        if not self._asked:
            once_more = "; Ctrl-C once more kills it" if name == "SIGINT" else ""
            self._say(f"kiln: {name}: ending job {self._record.id}{once_more}")
        self._asked = True
        self._send(runner, f"{'kill' if again else 'stop'} {name}\n".encode("ascii"))

    def _send(self, runner: socket.socket, line: bytes) -> None:
        with contextlib.suppress(OSError):
            runner.sendall(line)

    def _settled(self) -> Record:
        """The record once its unit has ended."""
        until = time.monotonic() + SETTLE
        looks = 0
        while (found := self._folder.read()).state not in ENDED and time.monotonic() < until:
            time.sleep(0.05)
            looks += 1
            if looks % 20 == 0:
                # a unit that was removed with whatever writes the record is lost
                listing.one(HostCommands(), found.id)
        return found

    def _say(self, line: str) -> None:
        with contextlib.suppress(OSError):
            print(line, file=sys.stderr, flush=True)


def _has_reader(descriptor: int) -> bool:
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _not_started(record: Record, why: str) -> NodeFault:
    return NodeFault(
        f"the driver of job {record.id} could not be started: {why}",
        where=record.unit,
        hint=f"journalctl -u {record.unit}",
    )
