"""The proof must fail when the job's output is not what the input says."""

import csv
import importlib.util
import json
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

SCRIPT = Path(__file__).parents[2] / "demo/check_report.py"
spec = importlib.util.spec_from_file_location("check_report", SCRIPT)
assert spec is not None and spec.loader is not None
proof = importlib.util.module_from_spec(spec)
sys.modules["check_report"] = proof
spec.loader.exec_module(proof)

FLIGHTS = """year,month,day,dep_time,dep_delay,arr_delay,carrier,flight,tailnum,origin,dest,air_time,\
distance,hour,minute,time_hour
2013,1,1,520,20,65,AA,1,N1,JFK,MIA,160,1089,5,0,2013-01-01T10:00:00Z
2013,1,1,555,0,-5,AA,2,N2,JFK,MIA,160,1089,5,45,2013-01-01T10:00:00Z
2013,1,1,NA,NA,NA,B6,3,NA,JFK,XXX,NA,500,6,0,2013-01-01T11:00:00Z
2013,7,1,2000,5,15,B6,4,N1,EWR,MIA,150,1000,19,55,2013-07-01T23:00:00Z
2013,7,1,2000,5,NA,B6,5,N1,EWR,MIA,NA,1000,19,55,2013-07-01T23:00:00Z
"""
TABLES = {
    "flights": FLIGHTS,
    "airlines": "carrier,name\nAA,American\nB6,JetBlue\n",
    "airports": 'faa,name\nMIA,"Miami, Intl"\n',
    "planes": "tailnum,year,seats\nN1,1999,150\nN2,NA,100\n",
    "weather": "origin,precip,visib,wind_speed,time_hour\nJFK,0.1,10,5,2013-01-01T10:00:00Z\n"
    "EWR,0,10,NA,2013-07-01T23:00:00Z\n",
}
MODULES = {
    name: {"version": "1", "path": f"/opt/conda-env/lib/{name}/__init__.py"}
    for name in ("pandas", "pyarrow", "flights")
}


def host(name, folder="/scratch/spark/blockmgr-1", files=4):
    return {"host": name, "modules": MODULES, "shuffle": [{"folder": folder, "files": files, "bytes": 9}]}


def executor(name, tasks=3):
    return {"id": name, "host": name, "tasks": tasks, "shuffleWriteBytes": 9, "shuffleReadBytes": 9}


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "input"
    folder.mkdir()
    for name, text in TABLES.items():
        (folder / f"{name}.csv").write_text(text)
    return folder


class Output:
    """What a right job would have written, to be doctored."""

    def __init__(self, folder, source):
        self.folder = folder
        self.flights = proof.expected_flights(source)
        report = proof.expected_report(self.flights)
        self.rows = [{"dimension": d, "name": n, **m} for (d, n), m in report.items()]
        self.json = [dict(row) for row in self.rows]
        self.committer = "magic"
        self.evidence = {"executors": [executor("w1"), executor("w2")], "hosts": [host("w1"), host("w2")]}

    def write(self):
        success = {"committer": self.committer}
        months = sorted({flight["month"] for flight in self.flights})
        for month in months:
            rows = [{k: v for k, v in f.items() if k != "month"} for f in self.flights if f["month"] == month]
            self.parquet(f"flights/month={month}", rows)
        self.parquet("delays", self.rows)
        for name, files in (("flights", months), ("delays", [1])):
            listed = json.dumps(success | {"filenames": [str(f) for f in files]})
            (self.folder / name / "_SUCCESS").write_text(listed if self.committer else "")
        (self.folder / "report.json").write_text(json.dumps({"rows": self.json}))
        (self.folder / "evidence.json").write_text(json.dumps(self.evidence))

    def parquet(self, name, rows):
        (self.folder / name).mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(rows), self.folder / name / "part-0.parquet")


@pytest.fixture
def output(tmp_path, source):
    folder = tmp_path / "output"
    folder.mkdir()
    return Output(folder, source)


def run(source, output):
    output.write()
    return proof.main([str(source), str(output.folder)])


def test_computes_what_a_person_reads_in_the_input(source):
    first, second, third, fourth, fifth = proof.expected_flights(source)
    assert (first["status"], first["made_up"], first["weather"], first["seats"]) == (
        "very late",
        -45,
        "rough",
        150,
    )
    assert (first["late_before"], second["late_before"], third["late_before"]) == (0, 1, 1)
    assert str(second["scheduled"]) == "2013-01-01 10:45:00"
    assert (third["status"], third["weather"], third["destination"]) == ("cancelled", "unknown", None)
    assert (fourth["status"], str(fourth["scheduled"])) == ("late", "2013-07-01 23:55:00")
    assert (fifth["status"], fifth["weather"]) == ("diverted", "fair")
    report = proof.expected_report([first, second, third, fourth, fifth])
    assert report["airline", "JetBlue"] == {
        "flights": 3, "cancelled": 1, "diverted": 1, "departed": 2, "arrived": 1, "late": 1, "very_late": 0,
        "dep_delay": 10, "arr_delay": 15, "made_up": -10, "queue": 1, "seats": 300,
    }  # fmt: skip


def test_the_right_output_holds(source, output, capsys):
    assert run(source, output) == 0
    assert "all " in capsys.readouterr().err


def lose_a_row(output):
    output.flights.pop()


def double_a_row(output):
    output.flights.append(output.flights[0])


def change_a_sum(output):
    output.flights[0]["arr_delay"] += 1


def swap_two_delays(output):
    """Every sum stays the same."""
    one, two = output.flights[:2]
    one["arr_delay"], two["arr_delay"] = two["arr_delay"], one["arr_delay"]


def shift_the_clock(output):
    output.flights[0]["local_hour"] += 1


def change_the_report(output):
    output.rows[0]["late"] += 1


def change_the_json(output):
    output.json[0]["queue"] += 1


def lose_a_report_row(output):
    output.json.pop()


def rename_committer(output):
    output.committer = "directory"


def empty_success(output):
    output.committer = ""


def one_host_worked(output):
    output.evidence["executors"][1]["tasks"] = 0


def one_host_has_shuffle_files(output):
    output.evidence["hosts"][1]["shuffle"][0]["files"] = 0


def shuffle_on_the_wrong_disk(output):
    output.evidence["hosts"].append(host("w3", "/var/lib/blockmgr-1"))


def shuffle_beside_scratch(output):
    output.evidence["hosts"].append(host("w3", "/scratch2/blockmgr-1"))


def foreign_pandas(output):
    output.evidence["hosts"][0] = host("w1") | {
        "modules": MODULES | {"pandas": {"version": "1", "path": "/usr/lib/python3/pandas/__init__.py"}}
    }


DOCTORED = [
    lose_a_row, double_a_row, change_a_sum, swap_two_delays, shift_the_clock, change_the_report,
    change_the_json, lose_a_report_row, rename_committer, empty_success,
    one_host_worked, one_host_has_shuffle_files, shuffle_on_the_wrong_disk, shuffle_beside_scratch,
    foreign_pandas,
]  # fmt: skip


@pytest.mark.parametrize("doctor", DOCTORED, ids=lambda doctor: doctor.__name__)
def test_any_difference_fails(source, output, doctor, capsys):
    doctor(output)
    assert run(source, output) == 1
    assert "NO" in capsys.readouterr().out


def test_a_missing_output_fails(source, tmp_path, capsys):
    assert proof.main([str(source), str(tmp_path / "nothing")]) == 1
    assert "not what the job writes" in capsys.readouterr().err


def test_input_tables_are_the_ones_that_the_job_reads():
    from flights import tables

    for name, text in TABLES.items():
        header = next(csv.reader(text.splitlines()))
        assert set(header) <= {column.split()[0] for column in tables.SCHEMAS[name].split(",")}
