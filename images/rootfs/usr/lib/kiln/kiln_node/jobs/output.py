"""What a driver wrote, kept in pieces beside its record.

A piece is a file 000001.log, 000002.log, …: chunks in the order in which they came, each a line
`out SECONDS BYTES` or `err SECONDS BYTES`, then the bytes, then the end of a line. One file for both streams
keeps their order. The whole is bounded: the first piece, which has the start, and the latest ones are kept.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

Stream = Literal["out", "err"]

#: Bytes after which a new piece is begun.
PIECE = 4 * 2**20
#: Pieces kept of one job: 64 MiB.
PIECES = 16
#: Of a chunk's first line.
LONGEST_HEADER = 64


@dataclass(frozen=True)
class Chunk:
    """at: seconds since 1970."""

    stream: Stream
    at: float
    data: bytes


def name(number: int) -> str:
    return f"{number:06d}.log"


def pieces(folder: Path) -> list[int]:
    """Numbers of those that there are, in order."""
    found = [path.stem for path in folder.glob("*.log") if path.stem.isdigit()]
    return sorted(int(stem) for stem in found)


class Keeper:
    """Writes pieces; for several threads. A disk that takes no more ends the keeping, not the job."""

    def __init__(
        self,
        folder: Path,
        *,
        piece: int = PIECE,
        most: int = PIECES,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._folder, self._piece, self._most, self._clock = folder, piece, most, clock
        self._lock = threading.Lock()
        self._number = 0
        self._size = 0
        self._file: BinaryIO | None = None
        self.error: str | None = None

    def write(self, stream: Stream, data: bytes) -> None:
        """Never raises; error says why nothing more is kept."""
        with self._lock:
            if self.error is not None or not data:
                return
            try:
                self._write(stream, data)
            except OSError as error:
                self.error = error.strerror or str(error)

    def _write(self, stream: Stream, data: bytes) -> None:
        if self._file is None or self._size >= self._piece:
            self._next()
        chunk = b"%s %.3f %d\n%s\n" % (stream.encode("ascii"), self._clock(), len(data), data)
        assert self._file is not None  # noqa: S101 - of _next
        self._file.write(chunk)
        self._file.flush()
        self._size += len(chunk)

    def _next(self) -> None:
        if self._file is not None:
            self._file.close()
        self._number += 1
        self._file = (self._folder / name(self._number)).open("xb")
        self._size = 0
        for number in pieces(self._folder)[1 : -(self._most - 1)]:
            (self._folder / name(number)).unlink()

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                self._file.close()


class Reader:
    """Reads what is kept and, called again, what has come since. gaps: number of pieces in between that were
    not kept."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self._offset = 0
        self.gaps = 0

    def read(self) -> Iterator[Chunk]:
        """Whole chunks only; of a driver that died while it wrote, the last may be lost."""
        while True:
            numbers = [number for number in pieces(self._folder) if number >= max(1, self._number)]
            if not numbers:
                return
            if numbers[0] != self._number:
                if self._number and numbers[0] != self._number + 1:
                    self.gaps += numbers[0] - self._number - 1
                self._number, self._offset = numbers[0], 0
            yield from self._chunks()
            later = [number for number in pieces(self._folder) if number > self._number]
            if not later:
                return
            # the writer has gone on, so that this piece is whole: what came while we read first
            yield from self._chunks()
            self.gaps += later[0] - self._number - 1
            self._number, self._offset = later[0], 0

    def _chunks(self) -> Iterator[Chunk]:
        try:
            descriptor = os.open(
                self._folder / name(self._number), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
            )
        except OSError:
            return
        with os.fdopen(descriptor, "rb") as file:
            file.seek(self._offset)
            while True:
                header = file.readline(LONGEST_HEADER)
                chunk = _chunk(header, file)
                if chunk is None:
                    return
                self._offset = file.tell()
                yield chunk


def _chunk(header: bytes, file: BinaryIO) -> Chunk | None:
    words = header.split()
    if not header.endswith(b"\n") or len(words) != 3 or words[0] not in (b"out", b"err"):
        return None
    try:
        at, size = float(words[1]), int(words[2])
    except ValueError:
        return None
    if not 0 <= size <= PIECE:
        return None
    data = file.read(size + 1)
    if len(data) != size + 1:
        return None
    return Chunk("out" if words[0] == b"out" else "err", at, data[:-1])
