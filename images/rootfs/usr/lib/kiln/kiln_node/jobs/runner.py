"""In the driver's unit, as Spark's user: starts spark-submit, passes its streams on and keeps them, and ends
it when whoever submitted it says so or is gone.

Its own exit code is the driver's, or 128 and the signal's number where one ended it. What else it knows
stands in driver.json, from which `ended.py` makes the record once systemd has ended all of the unit.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from kiln_node.jobs import driverfile, wire
from kiln_node.jobs.driverfile import Driver, Ended
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.output import Keeper, Stream
from kiln_node.jobs.pump import Pump
from kiln_node.jobs.record import Cause

#: Seconds that a driver has to end when it is asked to; within TimeoutStopSec of its unit.
GRACE = 20.0
#: Seconds in which a caller that is gone may still get what was written.
DRAIN = 2.0
GONE = "the command that it was submitted by is gone"
NO_MEMORY = "the kernel ended the driver: the memory of the node, or the limit of its unit, was used up"


def oom_kills(cgroup: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> int:
    """How many processes of this unit the kernel has ended for want of memory; 0 where it does not say."""
    try:
        group = next(
            line[3:] for line in cgroup.read_text(encoding="ascii").splitlines() if line.startswith("0::")
        )
        events = (root / group.lstrip("/") / "memory.events").read_text(encoding="ascii")
        return int(dict(line.split() for line in events.splitlines()).get("oom_kill", "0"))
    except (OSError, StopIteration, ValueError):
        return 0


class Runner:
    """One driver from its start to its end."""

    def __init__(self, folder: Folder, caller: socket.socket, grace: float = GRACE) -> None:
        self._folder, self._caller, self._grace = folder, caller, grace
        # pumps are threads
        self._lock = threading.Lock()
        self._state = Driver()
        self._pumping = 0
        #: Why it is to end, by which signal, and in words; told: whether the driver knows.
        self._asked: tuple[Cause, int, str] | None = None
        self._told = False
        self._kill_at: float | None = None
        self._listens = True
        self._heard = b""
        # signals and pumps wake the loop
        self._wake, self._waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._terminated = False
        self._interrupted = False
        # killed without having been asked to end first: a stop of the unit that follows changes nothing
        self._outright = False

    def run(self) -> int:
        """The driver's exit code. ConnectionError when the caller is gone before it has said what to run."""
        work, streams = wire.receive(self._caller)
        self._listens = not work.detached
        kills = oom_kills()
        signal.set_wakeup_fd(self._waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._on_term)
        signal.signal(signal.SIGINT, self._on_interrupt)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        try:
            child, ended = self._start(work, streams)
        except OSError as error:
            return self._finish(Ended(1, None, "start", f"{work.argv[0]}: {error.strerror}", time.time()))
        self._publish(started=time.time())
        self._tell(wire.STARTED)
        self._supervise(child)
        os.close(ended)
        self._drain()
        return self._finish(self._judged(child.returncode, killed_for_memory=oom_kills() > kills))

    def _on_term(self, *_: object) -> None:
        self._terminated = True

    def _on_interrupt(self, *_: object) -> None:
        self._interrupted = True
        self._outright = not self._terminated and self._asked is None

    def _start(self, work: wire.Work, streams: list[int]) -> tuple[subprocess.Popen[bytes], int]:
        """The driver, and the descriptor to close when it has ended."""
        given, out, err = streams
        out_read, out_write = os.pipe2(os.O_CLOEXEC)
        err_read, err_write = (-1, out_write) if work.together else os.pipe2(os.O_CLOEXEC)
        try:
            child = subprocess.Popen(
                work.argv,
                stdin=given,
                stdout=out_write,
                stderr=err_write,
                env={**os.environ, **work.environment},
                # all that it starts can be ended together
                start_new_session=True,
            )
        finally:
            for descriptor in {given, out_write, err_write}:
                os.close(descriptor)
        sources: list[tuple[Stream, int, int]] = [("out", out_read, out)]
        if not work.together:
            sources.append(("err", err_read, err))
        keeper = Keeper(self._folder.output)
        watched, ended = os.pipe2(os.O_CLOEXEC)
        self._pumping = len(sources)
        for stream, source, target in sources:
            Pump(
                stream,
                source,
                None if work.detached else target,
                keeper,
                ended=watched,
                seen=lambda found: self._publish(application=found),
                done=self._pumped,
            ).start()
        return child, ended

    def _pumped(self) -> None:
        with self._lock:
            self._pumping -= 1
        os.write(self._waker, b"\0")

    def _supervise(self, child: subprocess.Popen[bytes]) -> None:
        """Until the driver has ended."""
        while child.poll() is None:
            now = time.monotonic()
            if self._asked is not None and not self._told and not self._outright:
                self._told = True
                self._kill_at = now + self._grace if self._kill_at is None else self._kill_at
                self._signal(child, signal.SIGTERM)
            if self._kill_at is not None and now >= self._kill_at:
                self._signal(child, signal.SIGKILL)
                self._kill_at = None
            self._wait(None if self._kill_at is None else self._kill_at - now)

    def _drain(self) -> None:
        """Until the caller has what the driver wrote; one that is gone or wants no more is not waited for."""
        until: float | None = None
        while self._pumping > 0:
            if self._asked is not None and until is None:
                until = time.monotonic() + DRAIN
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return
            self._wait(left)

    def _wait(self, seconds: float | None) -> None:
        """Until something happens, and takes note of it."""
        watched = [self._wake, *([self._caller.fileno()] if self._listens else [])]
        ready, _, _ = select.select(watched, [], [], None if seconds is None else max(0.0, seconds))
        if self._wake in ready:
            os.read(self._wake, 4096)
        if self._interrupted:
            self._kill_at = time.monotonic()
            self._interrupted = False
        if self._terminated:
            self._ask("stopped", signal.SIGTERM, "its unit was stopped on the node")
        if self._caller.fileno() in ready:
            self._hear()

    def _hear(self) -> None:
        try:
            data = self._caller.recv(4096)
        except OSError:
            data = b""
        if not data:
            self._listens = False
            self._ask("caller", signal.SIGHUP, GONE)
            return
        *lines, self._heard = (self._heard + data).split(b"\n")
        for line in lines:
            verb, _, name = line.decode("ascii", "replace").partition(" ")
            if line + b"\n" == wire.GONE:
                self._ask("caller", signal.SIGHUP, GONE)
                continue
            number = signal.Signals[name] if name in signal.Signals.__members__ else signal.SIGTERM
            self._ask("cancelled", number, f"{number.name} ended it where it was submitted")
            if verb == "kill":
                self._kill_at = time.monotonic()

    def _ask(self, reason: Cause, number: int, detail: str) -> None:
        if self._asked is None:
            self._asked = (reason, int(number), detail)

    def _signal(self, child: subprocess.Popen[bytes], number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, number)

    def _finish(self, ended: Ended) -> int:
        self._publish(ended=ended)
        return ended.code if ended.code is not None else 128 + (ended.number or 0)

    def _judged(self, code: int, *, killed_for_memory: bool) -> Ended:
        at = time.time()
        if self._told and self._asked is not None:
            reason, number, detail = self._asked
            return Ended(None, number, reason, detail, at)
        killed = -code if code < 0 else code - 128
        if killed == signal.SIGKILL and killed_for_memory:
            return Ended(None, signal.SIGKILL, "memory", NO_MEMORY, at)
        return Ended(None, -code, None, "", at) if code < 0 else Ended(code, None, None, "", at)

    def _publish(
        self, *, started: float | None = None, application: str | None = None, ended: Ended | None = None
    ) -> None:
        with self._lock:
            known = self._state
            self._state = Driver(
                started or known.started, application or known.application, ended or known.ended
            )
            temporary = self._folder.driver.with_suffix(".new")
            try:
                temporary.write_text(driverfile.render(self._state), encoding="ascii")
                temporary.replace(self._folder.driver)
            except OSError as error:
                print(f"{self._folder.driver}: {error.strerror}", flush=True)

    def _tell(self, line: bytes) -> None:
        with contextlib.suppress(OSError):
            self._caller.sendall(line)


def main(job: str) -> int:
    """The driver's exit code; 129 when whoever submitted it is gone before it could be started."""
    folder = Folder(job)
    caller = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        caller.connect(str(wire.path(job)))
        return Runner(folder, caller).run()
    except ConnectionError as error:
        print(f"whoever submitted {job} is gone: {error}", flush=True)
        return 128 + signal.SIGHUP
