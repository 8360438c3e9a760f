#!/usr/bin/env python3
"""Proves what the flights job wrote, without Spark and without the job's own code.

    check_report.py INPUT OUTPUT      e.g. demo/check_report.py /tmp/input /tmp/output

INPUT has the five CSV files, OUTPUT what the job left in the store (flights/, delays/, report.json,
evidence.json). Everything is computed anew from INPUT by plain Python and compared exactly: every row,
every count and sum. Then who committed it and where it ran. Exit code 1 on any difference.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow.dataset as ds
import pyarrow.parquet as pq

COLUMNS = (
    "year", "month", "day", "carrier", "airline", "flight", "tailnum", "origin", "dest", "destination",
    "scheduled", "local_hour", "dep_delay", "arr_delay", "made_up", "status", "late_before", "air_time",
    "distance", "plane_year", "seats", "weather",
)  # fmt: skip
MEASURES = (
    "flights", "cancelled", "diverted", "departed", "arrived", "late", "very_late", "dep_delay", "arr_delay",
    "made_up", "queue", "seats",
)  # fmt: skip
SUMMED = ("dep_delay", "arr_delay", "made_up", "late_before", "distance", "seats")
NEW_YORK = ZoneInfo("America/New_York")
# The committer lists no more of a job's files than this (Hadoop's SuccessData).
LISTED_FILES = 100

Record = dict[str, Any]


@dataclass(frozen=True)
class Check:
    """One comparison; `expected` and `found` are for people."""

    name: str
    expected: str
    found: str
    holds: bool


def equal(name: str, expected: object, found: object) -> Check:
    return Check(name, f"{expected:,}" if isinstance(expected, int) else str(expected),
                 f"{found:,}" if isinstance(found, int) else str(found), expected == found)  # fmt: skip


# --- computed anew -------------------------------------------------------------------------------


def table(folder: Path, name: str) -> Iterator[dict[str, str | None]]:
    """Rows of an input table; NA and nothing are None."""
    with (folder / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            yield {key: None if value in ("NA", "") else value for key, value in row.items()}


def whole(value: str | None) -> int | None:
    return None if value is None else int(value)


def number(value: str | None) -> int:
    """Of a column that is never missing."""
    if value is None:
        raise ValueError("the input lacks a value that every flight has")
    return int(value)


def weather_kind(row: dict[str, str | None] | None) -> str:
    if row is None or row["precip"] is None:
        return "unknown"
    wet = float(row["precip"]) > 0
    dim = row["visib"] is not None and float(row["visib"]) < 3
    windy = row["wind_speed"] is not None and float(row["wind_speed"]) >= 20
    return "rough" if wet or dim or windy else "fair"


def status(departed: str | None, arr_delay: int | None) -> str:
    if departed is None:
        return "cancelled"
    if arr_delay is None:
        return "diverted"
    return "very late" if arr_delay >= 60 else "late" if arr_delay >= 15 else "on time"


def expected_flights(folder: Path) -> list[Record]:
    """One record of COLUMNS a flight."""
    airlines = {row["carrier"]: row["name"] for row in table(folder, "airlines")}
    airports = {row["faa"]: row["name"] for row in table(folder, "airports")}
    planes = {row["tailnum"]: row for row in table(folder, "planes")}
    weather = {(row["origin"], row["time_hour"]): row for row in table(folder, "weather")}
    records, late = [], defaultdict(list)
    for row in table(folder, "flights"):
        year, month, day, hour, minute = (number(row[k]) for k in ("year", "month", "day", "hour", "minute"))
        dep_delay, arr_delay = whole(row["dep_delay"]), whole(row["arr_delay"])
        clock = datetime(year, month, day, hour, minute, tzinfo=NEW_YORK)
        plane = planes.get(row["tailnum"], {}) if row["tailnum"] is not None else {}
        record: Record = {
            **{key: row[key] for key in ("carrier", "tailnum", "origin", "dest")},
            **{key: whole(row[key]) for key in ("flight", "air_time", "distance")},
            "year": year,
            "month": month,
            "day": day,
            "airline": airlines.get(row["carrier"]),
            "destination": airports.get(row["dest"]),
            "scheduled": clock.astimezone(UTC).replace(tzinfo=None),
            "local_hour": hour,
            "dep_delay": dep_delay,
            "arr_delay": arr_delay,
            "made_up": None if dep_delay is None or arr_delay is None else dep_delay - arr_delay,
            "status": status(row["dep_time"], arr_delay),
            "plane_year": whole(plane.get("year")),
            "seats": whole(plane.get("seats")),
            "weather": weather_kind(weather.get((row["origin"], row["time_hour"]))),
        }
        records.append(record)
        if dep_delay is not None and dep_delay >= 15:
            late[row["origin"], year, month, day].append(hour * 60 + minute)
    for times in late.values():
        times.sort()
    for record in records:
        times = late[record["origin"], record["year"], record["month"], record["day"]]
        at = record["local_hour"] * 60 + record["scheduled"].minute
        record["late_before"] = bisect_left(times, at) - bisect_left(times, at - 60)
    return records


def expected_report(flights: Iterable[Record]) -> dict[tuple[str, str], dict[str, int]]:
    """The report's measures by dimension and name."""
    report: dict[tuple[str, str], dict[str, int]] = defaultdict(lambda: dict.fromkeys(MEASURES, 0))
    for flight in flights:
        arrived, gone = flight["arr_delay"] is not None, flight["status"] != "cancelled"
        adds = {
            "flights": 1,
            "cancelled": not gone,
            "diverted": flight["status"] == "diverted",
            "departed": gone,
            "arrived": arrived,
            "late": arrived and flight["arr_delay"] >= 15,
            "very_late": arrived and flight["arr_delay"] >= 60,
            "dep_delay": (flight["dep_delay"] or 0) if gone else 0,
            "arr_delay": flight["arr_delay"] or 0,
            "made_up": flight["made_up"] or 0,
            "queue": flight["late_before"],
            "seats": (flight["seats"] or 0) if gone else 0,
        }
        for key in (
            ("airline", flight["airline"]),
            ("airport", flight["origin"]),
            ("weather", flight["weather"]),
        ):
            for measure, amount in adds.items():
                report[key][measure] += int(amount)
    return dict(report)


# --- what the job wrote --------------------------------------------------------------------------


def written_flights(folder: Path) -> list[Record]:
    read = ds.dataset(folder, format="parquet", partitioning="hive").to_table(columns=list(COLUMNS))
    records: list[Record] = read.to_pylist()
    for record in records:
        record["month"] = int(record["month"])
        if record["scheduled"].tzinfo is not None:
            record["scheduled"] = record["scheduled"].astimezone(UTC).replace(tzinfo=None)
    return records


def check_flights(expected: list[Record], written: list[Record]) -> list[Check]:
    checks = [equal("flights: rows", len(expected), len(written))]
    for month in sorted({record["month"] for record in expected} | {record["month"] for record in written}):
        counts = [sum(record["month"] == month for record in records) for records in (expected, written)]
        checks.append(equal(f"flights: rows in month={month}", *counts))
    for column in SUMMED:
        sums = [sum(record[column] or 0 for record in records) for records in (expected, written)]
        checks.append(equal(f"flights: sum of {column}", *sums))

    def rows(records: list[Record]) -> Counter[tuple[object, ...]]:
        return Counter(tuple(record[column] for column in COLUMNS) for record in records)

    want, have = rows(expected), rows(written)
    missing, extra = (want - have).total(), (have - want).total()
    found = f"{missing:,} missing, {extra:,} not expected"
    checks.append(Check("flights: every row, every column", "the same", found, missing == extra == 0))
    if missing or extra:
        for title, rest in (("expected", want - have), ("found", have - want)):
            sample = min(rest.elements(), key=str, default=None)
            print(f"first {title}: {sample}", file=sys.stderr)
    return checks


def check_report(
    name: str, expected: dict[tuple[str, str], dict[str, int]], rows: list[Record]
) -> list[Check]:
    written = {(row["dimension"], row["name"]): {m: row[m] for m in MEASURES} for row in rows}
    wrong = sorted(
        f"{dimension} {row}"
        for dimension, row in expected.keys() | written.keys()
        if expected.get((dimension, row)) != written.get((dimension, row))
    )
    return [
        equal(f"{name}: rows", len(expected), len(rows)),
        Check(f"{name}: every count and sum", "the same", ", ".join(wrong[:3]) or "the same", not wrong),
    ]


def check_committer(folder: Path, committer: str) -> list[Check]:
    """Hadoop's S3A committers leave JSON in _SUCCESS; the renaming ones leave it empty."""
    name = f"{folder.name}/_SUCCESS"
    try:
        success = json.loads((folder / "_SUCCESS").read_text("utf-8"))
        used, listed = success["committer"], len(success["filenames"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        return [Check(f"{name}: committer", committer, f"not known ({type(error).__name__})", False)]
    files = sum(1 for _ in folder.rglob("*.parquet"))
    return [
        equal(f"{name}: committer", committer, used),
        equal(f"{name}: files committed", min(files, LISTED_FILES), listed),
    ]


def check_evidence(evidence: Record, hosts: int, scratch: str, prefix: str) -> list[Check]:
    worked = {one["host"] for one in evidence["executors"] if one["tasks"] > 0}
    shuffled = {one["host"] for one in evidence["executors"] if one["shuffleWriteBytes"] > 0}
    seen = [(host["host"], folder) for host in evidence["hosts"] for folder in host["shuffle"]]
    on_scratch = {host for host, folder in seen if folder["files"] > 0 and below(folder["folder"], scratch)}
    elsewhere = sorted(folder["folder"] for _, folder in seen if not below(folder["folder"], scratch))
    files = sum(folder["files"] for _, folder in seen)
    modules = {
        (name, module["version"], module["path"])
        for host in evidence["hosts"]
        for name, module in host["modules"].items()
    }
    outside = sorted(path for _, _, path in modules if not below(path, prefix))
    versions = sorted(f"{name} {version}" for name, version, _ in modules if version is not None)

    def many(name: str, found: set[str]) -> Check:
        listed = f"{len(found)}: {', '.join(sorted(found))}" if found else "none"
        return Check(name, f"{hosts} or more", listed, len(found) >= hosts)

    return [
        many("hosts that ran tasks", worked),
        many("hosts that wrote shuffle data", shuffled),
        many(f"hosts with shuffle files on {scratch}", on_scratch),
        Check(
            f"shuffle files not on {scratch}",
            "none",
            ", ".join(elsewhere) or f"none of {files:,}",
            not elsewhere,
        ),
        Check(
            f"Python modules in executors from {prefix}",
            "all",
            ", ".join(outside) or ", ".join(versions),
            not outside and {name for name, _, _ in modules} >= {"pandas", "pyarrow", "flights"},
        ),
    ]


def below(path: str, folder: str) -> bool:
    return path.startswith(f"{folder.rstrip('/')}/")


def checks(source: Path, target: Path, options: argparse.Namespace) -> list[Check]:
    expected = expected_flights(source)
    report = expected_report(expected)
    evidence = json.loads((target / "evidence.json").read_text("utf-8"))
    return [
        *check_flights(expected, written_flights(target / "flights")),
        *check_report("delays", report, read_delays(target / "delays")),
        *check_report("report.json", report, json.loads((target / "report.json").read_text("utf-8"))["rows"]),
        *check_committer(target / "flights", options.committer),
        *check_committer(target / "delays", options.committer),
        *check_evidence(evidence, options.hosts, options.scratch, options.prefix),
    ]


def read_delays(folder: Path) -> list[Record]:
    rows: list[Record] = []
    for file in sorted(folder.glob("*.parquet")):
        rows += pq.read_table(file).to_pylist()
    return rows


def as_table(done: list[Check]) -> str:
    head = ("", "check", "computed without Spark", "the job's")
    lines = [head, *(("ok" if c.holds else "NO", c.name, c.expected, c.found) for c in done)]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join(
            [*(cell.ljust(width) for cell, width in zip(line[:3], widths, strict=True)), line[3]]
        ).rstrip()
        for line in lines
    )


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--committer", default="magic", help="that _SUCCESS must name (default: magic)")
    parser.add_argument("--hosts", type=int, default=2, help="on how many at least the job must have run (2)")
    parser.add_argument(
        "--scratch", default="/scratch", help="where shuffle data belongs (default: /scratch)"
    )
    parser.add_argument(
        "--prefix", default="/opt/conda-env", help="where executors' Python modules come from"
    )
    parser.add_argument("--json", action="store_true", help="the checks as JSON on stdout")
    options = parser.parse_args(arguments)
    try:
        done = checks(options.input, options.output, options)
    except (OSError, ValueError, KeyError) as error:
        print(f"check_report: {options.output} is not what the job writes: {error!r}", file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps([vars(check) for check in done], indent=1))
    else:
        print(as_table(done))
    wrong = sum(not check.holds for check in done)
    verdict = f"{wrong} of {len(done)} checks fail" if wrong else f"all {len(done)} checks hold"
    print(verdict, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
