"""What a flight's times mean, without Spark."""

import pandas as pd
import pytest

from flights import delays

COLUMNS = ["dep_time", "dep_delay", "arr_delay", "time_hour", "minute"]


def flights(*rows):
    frame = pd.DataFrame(list(rows), columns=COLUMNS)
    frame["time_hour"] = pd.to_datetime(frame["time_hour"])
    return frame


@pytest.mark.parametrize(
    ("dep_time", "arr_delay", "status"),
    [
        (None, None, "cancelled"),
        (517, None, "diverted"),
        (517, -30, "on time"),
        (517, 14, "on time"),
        (517, 15, "late"),
        (517, 59, "late"),
        (517, 60, "very late"),
    ],
)
def test_status(dep_time, arr_delay, status):
    frame = flights((dep_time, 0, arr_delay, "2013-01-01 10:00", 0))
    assert list(delays.status(frame)) == [status]


@pytest.mark.parametrize(
    ("utc", "hour"),
    [
        ("2013-01-01 10:15", 5),  # winter: five hours behind
        ("2013-07-01 10:15", 6),  # summer: four
        ("2013-03-10 06:59", 1),  # the last minute before the clocks go forward
        ("2013-03-10 07:00", 3),
        ("2013-11-03 05:30", 1),  # the hour that comes twice
        ("2013-11-03 06:30", 1),
    ],
)
def test_the_hour_is_what_new_yorks_clocks_show(utc, hour):
    assert list(delays.local_hour(pd.Series([pd.Timestamp(utc)]))) == [hour]


def test_the_queue_is_the_late_departures_of_the_hour_before():
    times = pd.Series(
        pd.to_datetime(["2013-01-01 " + t for t in ("10:00", "10:30", "11:00", "11:01", "10:30")])
    )
    late = pd.Series([15.0, 14.0, 20.0, 0.0, 90.0])
    # 10:00 is within the hour before 11:00 and no more before 11:01; nobody waits for the like-timed.
    assert list(delays.late_before(times, late)) == [0, 1, 2, 2, 1]


def test_cancelled_flights_are_nobodys_queue():
    times = pd.Series(pd.to_datetime(["2013-01-01 10:00", "2013-01-01 10:30"]))
    assert list(delays.late_before(times, pd.Series([None, 0.0]))) == [0, 0]


def test_an_airports_day_keeps_its_rows_and_gains_the_added_columns():
    day = flights((517, 2, 11, "2013-01-01 10:00", 15), (None, None, None, "2013-01-01 10:00", 30))
    done = delays.airport_day(day)
    added = [column.split()[0] for column in delays.ADDED.split(", ")]
    assert list(done.columns) == [*COLUMNS, *added]
    assert list(done["made_up"].astype(object).where(done["made_up"].notna(), None)) == [-9, None]
    assert list(done["scheduled"]) == [pd.Timestamp("2013-01-01 10:15"), pd.Timestamp("2013-01-01 10:30")]
