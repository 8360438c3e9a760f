"""What a flight's times mean: plain pandas, run inside the executors and tested without Spark.

Delays are minutes, negative when early. A flight is late from 15 minutes on, as the US Department of
Transportation counts it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

LATE = 15
VERY_LATE = 60
NEW_YORK = "America/New_York"

# What airport_day adds, as Spark's DDL.
ADDED = "status STRING, made_up INT, scheduled TIMESTAMP, local_hour INT, late_before INT"


def status(flights: pd.DataFrame) -> pd.Series[str]:
    """`cancelled`, `diverted` (left, but never arrived there), `on time`, `late` or `very late`."""
    arrival = flights["arr_delay"]
    conditions = [flights["dep_time"].isna(), arrival.isna(), arrival >= VERY_LATE, arrival >= LATE]
    names = np.select(conditions, ["cancelled", "diverted", "very late", "late"], default="on time")
    return pd.Series(names, index=flights.index, dtype="object")


def scheduled(flights: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    """The scheduled departure in UTC, without a zone as Spark hands times out: `time_hour` and the minute."""
    return flights["time_hour"] + pd.to_timedelta(flights["minute"], unit="min")


def local_hour(times: pd.Series[pd.Timestamp]) -> pd.Series[int]:
    """The hour on the clocks of New York, daylight saving time included, of times in UTC."""
    return times.dt.tz_localize("UTC").dt.tz_convert(NEW_YORK).dt.hour.astype("int32")


def late_before(times: pd.Series[pd.Timestamp], delays: pd.Series[float]) -> pd.Series[int]:
    """How many flights scheduled in the hour before each one left late: the queue that it may stand in."""
    all_times = times.to_numpy(dtype="datetime64[ns]")
    late = np.sort(all_times[(delays >= LATE).to_numpy(dtype=bool)])
    until = np.searchsorted(late, all_times, side="left")
    since = np.searchsorted(late, all_times - np.timedelta64(1, "h"), side="left")
    return pd.Series(until - since, index=times.index, dtype="int32")


def airport_day(flights: pd.DataFrame) -> pd.DataFrame:
    """The flights of one airport and day with the columns of ADDED."""
    times = scheduled(flights)
    return flights.assign(
        status=status(flights),
        made_up=(flights["dep_delay"] - flights["arr_delay"]).astype("Int32"),
        scheduled=times,
        local_hour=local_hour(times),
        late_before=late_before(times, flights["dep_delay"]),
    )
