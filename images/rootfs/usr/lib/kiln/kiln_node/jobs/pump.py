"""One of a driver's streams, from its pipe to the caller and into what is kept."""

from __future__ import annotations

import os
import re
import select
import threading
from collections.abc import Callable

from kiln_node.jobs.output import Keeper, Stream

CHUNK = 64 * 1024
#: Milliseconds without a byte, after the driver has ended, until the stream counts as read: whoever else
#: has inherited the pipe ends with the unit.
QUIET = 200
#: As org.apache.spark.scheduler.cluster.StandaloneSchedulerBackend logs it.
APPLICATION = re.compile(rb"app ID (app-\d{14}-\d{4,})\b")


def forward(target: int, data: bytes) -> bool:
    """Writes all of it, waiting for a slow reader; False when there is no reader any more."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(target, left) :]
        except BlockingIOError:
            select.select([], [target], [])
        except OSError:
            return False
    return True


class Pump(threading.Thread):
    """seen: called with the application's ID when the driver has logged it; done: once nothing more can
    come."""

    def __init__(
        self,
        stream: Stream,
        source: int,
        target: int | None,
        keeper: Keeper,
        *,
        ended: int,
        seen: Callable[[str], None],
        done: Callable[[], None],
    ) -> None:
        """ended: a pipe that closes when the driver has ended."""
        super().__init__(name=f"kiln-{stream}", daemon=True)
        self._stream, self._source, self._target, self._keeper = stream, source, target, keeper
        self._ended, self._seen, self._done = ended, seen, done
        self._tail = b""

    def run(self) -> None:
        poll = select.poll()
        poll.register(self._source, select.POLLIN)
        poll.register(self._ended, select.POLLIN)
        wait: int | None = None
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(wait)]
            if self._ended in ready:
                poll.unregister(self._ended)
                wait = QUIET
            if self._source not in ready:
                if wait is not None and not ready:
                    break
                continue
            data = os.read(self._source, CHUNK)
            if not data:
                break
            self._take(data)
        self._done()

    def _take(self, data: bytes) -> None:
        self._keeper.write(self._stream, data)
        if self._target is not None and not forward(self._target, data):
            # the reader has what it wanted; the job is not done for that
            self._target = None
        text = self._tail + data
        for found in APPLICATION.finditer(text):
            self._seen(found[1].decode("ascii"))
        # an id may come in two parts; a found one is not to be found again
        self._tail = text[text.rfind(b"\n") + 1 :][-256:]
