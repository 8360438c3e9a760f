"""How right the clock is."""

from __future__ import annotations

import ctypes

import pytest

from kiln_node.host import clock


def test_the_structure_is_as_large_as_the_kernels() -> None:
    # struct timex of 64-bit Linux (uapi/linux/timex.h): the kernel writes all of it
    assert ctypes.sizeof(clock.Timex) == 208


@pytest.mark.parametrize(
    ("state", "bits", "synchronised", "offset"),
    [
        (0, clock.STA_NANO, True, 0.0005),
        (0, 0, True, 0.5),
        (clock.TIME_ERROR, clock.STA_NANO, False, 0.0005),
        (0, clock.STA_NANO | clock.STA_UNSYNC, False, 0.0005),
    ],
)
def test_reads_state_and_units(state: int, bits: int, synchronised: bool, offset: float) -> None:
    timex = clock.Timex(status=bits, offset=500_000, maxerror=2_000_000, esterror=1000)
    found = clock.of(state, timex)
    assert found.synchronised is synchronised
    assert found.offset == pytest.approx(offset)
    assert (found.greatest_error, found.estimated_error) == (2.0, 0.001)


def test_the_kernel_tells_without_any_right() -> None:
    found = clock.read()
    assert found is not None
    assert found.greatest_error >= 0
