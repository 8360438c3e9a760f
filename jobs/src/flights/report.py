"""The delay report: its rows, and the table a person reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

TITLES = {"airline": "Airline", "airport": "From", "weather": "Weather"}


@dataclass(frozen=True)
class Row:
    """Counts of flights and sums of minutes over one airline, airport or kind of weather.

    `departed`, `arrived`: those not cancelled, and those that got where they should. `queue`: sum of
    the late departures in the hour before each flight. `seats`: of the planes that departed, as far as known.
    """

    dimension: str
    name: str
    flights: int
    cancelled: int
    diverted: int
    departed: int
    arrived: int
    late: int
    very_late: int
    dep_delay: int
    arr_delay: int
    made_up: int
    queue: int
    seats: int

    @property
    def late_share(self) -> float:
        """Share of the arrived flights that were at least 15 minutes late; 0 when none arrived."""
        return self.late / self.arrived if self.arrived else 0.0


def ordered(rows: Iterable[Row]) -> list[Row]:
    """By dimension, the latest first."""
    return sorted(rows, key=lambda row: (row.dimension, -row.late_share, row.name))


def as_json(rows: Iterable[Row]) -> dict[str, object]:
    return {"rows": [asdict(row) for row in ordered(rows)]}


def _mean(total: int, count: int) -> str:
    return f"{total / count:.1f}" if count else "-"


def _cells(row: Row) -> list[str]:
    return [
        row.name,
        f"{row.flights:,}",
        f"{100 * row.cancelled / row.flights:.1f} %",
        f"{100 * row.late_share:.1f} %",
        _mean(row.dep_delay, row.departed),
        _mean(row.arr_delay, row.arrived),
        _mean(row.made_up, row.arrived),
        _mean(row.queue, row.flights),
    ]


def _lines(heading: str, rows: Sequence[Row]) -> list[str]:
    head = [heading, "flights", "cancelled", "late", "min. out", "min. in", "made up", "late before"]
    table = [head, *map(_cells, rows)]
    widths = [max(len(line[column]) for line in table) for column in range(len(head))]
    lines = [
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in table
    ]
    return [lines[0], "-" * len(lines[0]), *lines[1:]]


def as_text(rows: Iterable[Row]) -> str:
    """The table for a terminal: per flight, minutes of delay leaving, arriving, and made up in the air."""
    rows = ordered(rows)
    blocks = [
        "\n".join(_lines(title, [row for row in rows if row.dimension == dimension]))
        for dimension, title in TITLES.items()
    ]
    legend = (
        "late: arrived 15 minutes late or more; min. out, min. in: mean delay leaving and arriving;\n"
        "made up: minutes won in the air; late before: late departures there in the hour before"
    )
    return "\n\n".join([*blocks, legend])
