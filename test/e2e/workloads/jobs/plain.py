"""Rows as JSON, written alike by Spark's side and by DuckDB's (../engine.py).

Decimals have all their digits as {"decimal": "1.50"}, floating-point numbers are {"float": 1.5}, dates and
times are in ISO 8601, binaries in hexadecimal, and what is nested is lists and objects.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if hasattr(value, "asDict"):  # Spark's Row
        value = value.asDict()
    match value:
        case None | bool() | int() | str():
            found: Any = value
        case Decimal():
            found = {"decimal": format(value, "f")}
        case float():
            found = {"float": value if math.isfinite(value) else str(value)}
        case datetime.date() | datetime.time():
            found = value.isoformat()
        case bytes() | bytearray():
            found = value.hex()
        case dict():
            found = {str(key): plain(each) for key, each in value.items()}
        case Iterable():
            found = [plain(each) for each in value]
        case _:
            raise TypeError(f"{type(value).__name__} has no form here: {value!r}")
    return found


def rows(found: Sequence[Sequence[Any]]) -> list[list[Any]]:
    return [[plain(value) for value in row] for row in found]
