"""The delay report: what a person and what a program reads."""

from dataclasses import replace

from flights import report

ROW = report.Row(
    dimension="airline", name="Alpha Air", flights=1200, cancelled=12, diverted=2, departed=1188,
    arrived=1186, late=237, very_late=60, dep_delay=11880, arr_delay=5930, made_up=5950, queue=2400,
    seats=1000,
)  # fmt: skip
NONE = replace(ROW, name="Never Left", flights=3, cancelled=3, diverted=0, departed=0, arrived=0, late=0)


def test_the_latest_come_first_within_each_dimension():
    later = replace(ROW, name="Zeta", late=500)
    airport = replace(ROW, dimension="airport", name="JFK")
    assert [row.name for row in report.ordered([airport, ROW, later])] == ["Zeta", "Alpha Air", "JFK"]


def test_a_row_reads_as_shares_and_means():
    line = next(line for line in report.as_text([ROW]).splitlines() if line.startswith("Alpha"))
    assert line.split("  ")[0] == "Alpha Air"
    assert line.split()[2:] == ["1,200", "1.0", "%", "20.0", "%", "10.0", "5.0", "5.0", "2.0"]


def test_an_airline_that_never_left_has_no_means():
    assert " -  " in next(line for line in report.as_text([NONE]).splitlines() if line.startswith("Never"))


def test_json_has_every_count():
    (row,) = report.as_json([ROW])["rows"]
    assert report.Row(**row) == ROW
