"""How right the clock is, as the kernel knows it: adjtimex(2), read only."""

from __future__ import annotations

import ctypes
from dataclasses import dataclass

#: Of <sys/timex.h>: state of a clock that nobody keeps right, and the bits of `status` that matter.
TIME_ERROR = 5
STA_UNSYNC = 0x0040
STA_NANO = 0x2000


class Timex(ctypes.Structure):
    """struct timex on 64-bit Linux; what is not read here is padding."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 164),
    )


@dataclass(frozen=True)
class Clock:
    """Seconds. synchronised: somebody keeps it right; greatest_error: as the kernel bounds it."""

    synchronised: bool
    offset: float
    estimated_error: float
    greatest_error: float

    def facts(self) -> dict[str, object]:
        """As status.json's readers have it."""
        return {
            "synchronised": self.synchronised,
            "offsetSeconds": self.offset,
            "greatestErrorSeconds": self.greatest_error,
        }


def of(state: int, timex: Timex) -> Clock:
    """What adjtimex returned and filled in."""
    unit = 1e-9 if timex.status & STA_NANO else 1e-6
    return Clock(
        synchronised=state != TIME_ERROR and not timex.status & STA_UNSYNC,
        offset=timex.offset * unit,
        estimated_error=timex.esterror * 1e-6,
        greatest_error=timex.maxerror * 1e-6,
    )


def read() -> Clock | None:
    """None where the kernel does not tell."""
    timex = Timex()
    state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(timex))
    return None if state < 0 else of(state, timex)
