"""What a driver wrote so far, and on request what it writes until its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from kiln_node.jobs.folder import Folder
from kiln_node.jobs.output import Chunk, Reader, Stream
from kiln_node.jobs.record import ENDED

#: Seconds between two looks while it is followed.
INTERVAL = 0.2


def show(
    folder: Folder,
    streams: frozenset[Stream],
    *,
    follow: bool,
    write: Callable[[Chunk], None],
    sleep: Callable[[float], None] = time.sleep,
) -> int:
    """0; followed, the job's exit code."""
    reader = Reader(folder.output)
    while True:
        ended = folder.read().state in ENDED
        # what came before that look is read after it: nothing is left out at the end
        for chunk in reader.read():
            if chunk.stream in streams:
                write(chunk)
        if ended or not follow:
            break
        sleep(INTERVAL)
    if reader.gaps:
        print(f"kiln: {reader.gaps} pieces in between were not kept", file=sys.stderr)
    end = folder.read().end
    return end.code if follow and end is not None else 0


def to_streams(chunk: Chunk) -> None:
    """Each to the stream that it was written to."""
    target = sys.stdout if chunk.stream == "out" else sys.stderr
    target.buffer.write(chunk.data)
    target.buffer.flush()
