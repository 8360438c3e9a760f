"""A job's record: its ID, how it ended, what it shows of the command line, and how long it is kept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st
from programs import Programs

from kiln_node.faults import NodeFault
from kiln_node.host.commands import Result
from kiln_node.jobs import driverfile, ended, ids, listing, parse, prune, record, redact
from kiln_node.jobs.driverfile import Driver, Ended
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.parse import Submission
from kiln_node.jobs.record import End, Record

ID = "20261128-121530-k3f9"
RECORD = Record(ID, "etl", ("-m", "flights.etl"), 100.0, "root", "attached")
NEVER = 10**9


def test_an_id_is_the_time_and_four_letters() -> None:
    assert ids.make(1795868130, lambda letters: letters[0]) == "20261128-121530-2222"
    assert ids.valid(ids.make(0))


@pytest.mark.parametrize("text", ["", "..", "20261128-121530-k3f", f"{ID}/..", f"{ID}\n", "../../etc"])
def test_nothing_else_is_an_id(text: str, tmp_path: Path) -> None:
    assert not ids.valid(text)
    with pytest.raises(NodeFault):
        Folder(text, tmp_path)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [(ID, ID), ("k3f9", ID), ("20261128-12", ID), ("20261127", "20261127-000000-zzzz")],
)
def test_a_job_is_found_by_any_beginning_or_its_last_letters(wanted: str, found: str) -> None:
    assert ids.find(wanted, [ID, "20261127-000000-zzzz"]) == found


@pytest.mark.parametrize(("wanted", "what"), [("", "no job"), ("x", "no job"), ("2026", "2 jobs")])
def test_a_job_that_is_not_there_or_not_alone_is_a_fault(wanted: str, what: str) -> None:
    with pytest.raises(NodeFault, match=what):
        ids.find(wanted, [ID, "20261127-000000-zzzz"])


EXITED = {"SERVICE_RESULT": "exit-code", "EXIT_CODE": "exited"}
KILLED = {"SERVICE_RESULT": "signal", "EXIT_CODE": "killed", "EXIT_STATUS": "KILL"}
STARTED = Driver(started=1.0)


def left(code: int | None, number: int | None = None, reason: record.Cause | None = None) -> Driver:
    return Driver(1.0, None, Ended(code, number, reason, "why", 2.0))


@pytest.mark.parametrize(
    ("environment", "driver", "asked", "expected"),
    [
        ({**EXITED, "EXIT_STATUS": "0"}, left(0), None, ("succeeded", 0, "exit")),
        ({**EXITED, "EXIT_STATUS": "7"}, left(7), None, ("failed", 7, "exit")),
        ({**EXITED, "EXIT_STATUS": "255"}, left(255), None, ("failed", 255, "exit")),
        # a Python driver that a signal ended, told by its JVM; the JVM itself
        ({**EXITED, "EXIT_STATUS": "139"}, left(139), None, ("failed", 139, "signal")),
        ({**EXITED, "EXIT_STATUS": "143"}, left(143), None, ("failed", 143, "signal")),
        ({**EXITED, "EXIT_STATUS": "137"}, left(None, 9), None, ("failed", 137, "signal")),
        ({**EXITED, "EXIT_STATUS": "137"}, left(None, 9, "memory"), None, ("failed", 137, "memory")),
        ({**EXITED, "EXIT_STATUS": "130"}, left(None, 2, "cancelled"), None, ("cancelled", 130, "cancelled")),
        ({**EXITED, "EXIT_STATUS": "129"}, left(None, 1, "caller"), None, ("cancelled", 129, "caller")),
        ({**EXITED, "EXIT_STATUS": "143"}, left(None, 15, "stopped"), None, ("failed", 143, "stopped")),
        ({**EXITED, "EXIT_STATUS": "143"}, left(None, 15, "stopped"), "me", ("cancelled", 143, "cancelled")),
        # it was done before it could be cancelled
        ({**EXITED, "EXIT_STATUS": "0"}, left(0), "me", ("succeeded", 0, "exit")),
        # the supervisor was ended: nobody saw success
        (KILLED, STARTED, None, ("failed", 137, "killed")),
        (KILLED, STARTED, "me", ("cancelled", 137, "cancelled")),
        ({**KILLED, "SERVICE_RESULT": "oom-kill"}, STARTED, None, ("failed", 137, "memory")),
        ({**KILLED, "EXIT_STATUS": "SEGV"}, STARTED, None, ("failed", 139, "killed")),
        ({**EXITED, "EXIT_STATUS": "0"}, STARTED, None, ("lost", 1, "lost")),
        ({**EXITED, "EXIT_STATUS": "200"}, Driver(), None, ("failed", 200, "start")),
        # the runner's word alone makes no success: its file is of the user who ran the driver
        (KILLED, left(0), None, ("lost", 137, "lost")),
        ({}, left(0), None, ("lost", 1, "lost")),
        ({}, STARTED, None, ("lost", 1, "lost")),
        ({}, STARTED, "me", ("cancelled", 137, "cancelled")),
    ],
)
def test_an_end_is_what_systemd_and_the_runner_saw(
    environment: dict[str, str], driver: Driver, asked: str | None, expected: tuple[str, int, str]
) -> None:
    state, end = ended.settle(environment, driver, asked)
    assert (state, end.code, end.cause) == expected


CODES = st.one_of(st.none(), st.integers(0, 255))
NUMBERS = st.one_of(st.none(), st.integers(1, 64))
REASONS = st.sampled_from([None, "cancelled", "caller", "stopped", "start", "lost", "memory", "killed"])


@seed(16)
@given(CODES, NUMBERS, REASONS)
def test_only_an_exit_code_of_0_that_nobody_asked_for_is_success(
    code: int | None, number: int | None, reason: record.Cause | None
) -> None:
    state, end = record.judge(code, number, reason)
    assert (state == "succeeded") == (code == 0 and number is None and reason is None)
    assert (end.code == 0) == (state == "succeeded")


@seed(16)
@given(st.sampled_from(["succeeded", "failed", "cancelled", "lost"]), st.integers(0, 255), st.text())
def test_a_record_comes_back_from_its_document_as_it_was(state: record.State, code: int, what: str) -> None:
    end = End(code, None, "exit", what)
    made = replace(RECORD, state=state, started=1.5, ended=2.5, application="app-1", end=end)
    assert record.parse(json.loads(json.dumps(record.document(made)))) == made
    assert record.close(made, "failed", End(1, None, "exit", ""), 9.0) == made


@pytest.mark.parametrize("value", [None, [], {}, {"version": 2}, {"version": 1, "id": ID}])
def test_what_is_no_record_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="record"):
        record.parse(value)


@pytest.mark.parametrize(
    "found",
    [
        b"",
        b"[]",
        b'{"started": "now"}',
        b'{"ended": {"code": 0, "signal": 9, "reason": null, "detail": "", "at": 1}}',
        b'{"ended": {"code": 256, "signal": null, "reason": null, "detail": "", "at": 1}}',
        b'{"ended": {"code": 1, "signal": null, "reason": "magic", "detail": "", "at": 1}}',
    ],
)
def test_of_a_drivers_file_only_what_has_the_right_shape_counts(found: bytes, tmp_path: Path) -> None:
    (tmp_path / "driver.json").write_bytes(found)
    assert driverfile.read(tmp_path / "driver.json") == Driver()


def test_a_drivers_file_is_not_read_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(driverfile.render(STARTED))
    (tmp_path / "driver.json").symlink_to(tmp_path / "secret")
    assert driverfile.read(tmp_path / "driver.json") == Driver()
    assert driverfile.read(tmp_path / "secret") == STARTED


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["--conf", "spark.a=b", "job.py", "x"], ["--conf", "spark.a=b", "job.py", "x"]),
        (
            ["--conf", "spark.my.password=x", "job.py"],
            ["--conf", f"spark.my.password={redact.HIDDEN}", "job.py"],
        ),
        (["--conf", "a.accessKey=x", "job.py"], ["--conf", f"a.accessKey={redact.HIDDEN}", "job.py"]),
        (
            ["--driver-java-options", "-DtrustPassword=x", "j.py"],
            ["--driver-java-options", redact.HIDDEN, "j.py"],
        ),
        (["j.py", "--token", "x", "y"], ["j.py", "--token", redact.HIDDEN, "y"]),
        (["j.py", "--token=x"], ["j.py", f"--token={redact.HIDDEN}"]),
        (["j.py", "--dry-token", "--x"], ["j.py", "--dry-token", "--x"]),
        (["j.py", "jdbc://me:pw@h/d"], ["j.py", f"jdbc://{redact.HIDDEN}@h/d"]),
        (["--name", "token count", "-m", "a.b"], ["--name", "token count", "-m", "a.b"]),
    ],
)
def test_a_command_line_is_kept_without_its_secrets(words: list[str], shown: list[str]) -> None:
    found = parse.parse(words)
    assert isinstance(found, Submission)
    assert redact.command_line(found) == shown


def over(number: int, at: float, *, internal: bool = False) -> Record:
    job = f"20261128-{number:06d}-aaaa"
    end = End(0, None, "exit", "")
    return Record(
        job, "n", (), at, "root", "attached", internal=internal, state="succeeded", ended=at, end=end
    )


def test_what_ended_goes_after_a_day_and_beyond_a_number_and_what_runs_stays() -> None:
    running = replace(RECORD, state="running", submitted=-NEVER)
    assert prune.going([running, over(1, 0), over(2, 50)], prune.KEPT + 25) == [over(1, 0)]
    many = [over(number, 10) for number in range(prune.MOST + 3)]
    assert prune.going([running, *many], 20) == many[:3]
    canaries = [over(number, 10, internal=True) for number in range(prune.MOST_INTERNAL + 2)]
    assert prune.going([*canaries, *many[3:]], 20) == canaries[:2]


def kept(root: Path, made: Record) -> Folder:
    place = Folder(made.id, root)
    place.path.mkdir(parents=True)
    place.output.mkdir()
    place.write(made)
    return place


def test_on_a_full_disk_the_oldest_go_first_and_only_as_many_as_needed(tmp_path: Path) -> None:
    places = [
        kept(tmp_path, replace(RECORD, state="running")),
        *(kept(tmp_path, over(n, n)) for n in (1, 2, 3)),
    ]
    assert prune.make_space(lambda: not places[1].path.exists(), tmp_path) == [over(1, 1).id]
    assert [place.path.exists() for place in places] == [True, False, True, True]
    prune.make_space(lambda: False, tmp_path)
    assert [place.path.exists() for place in places] == [True, False, False, False]


def systemd(*active: str) -> Programs:
    blocks = [f"Id={record.unit(job)}\nActiveState=active" for job in active]
    return Programs({"systemctl": Result(0, "\n\n".join(blocks) + "\n", "")})


def test_a_job_without_a_unit_and_without_an_end_is_lost(tmp_path: Path) -> None:
    running, gone, young = ID, "20261128-121531-aaaa", "20261128-121532-bbbb"
    for job in (running, gone):
        place = kept(tmp_path, replace(RECORD, id=job))
        place.driver.write_text(driverfile.render(STARTED))
    kept(tmp_path, replace(RECORD, id=young))
    found = listing.known(systemd(running), tmp_path, now=110.0)
    assert [(one.id, one.state) for one in found] == [
        (running, "running"),
        (gone, "lost"),
        (young, "submitted"),
    ]
    assert Folder(gone, tmp_path).read().state == "lost"
    later = listing.known(systemd(running), tmp_path, now=110.0 + listing.SUBMITTING)
    assert [one.state for one in later] == ["running", "lost", "lost"]


def test_the_end_of_a_unit_becomes_the_end_of_the_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = kept(tmp_path, RECORD)
    place.driver.write_text(driverfile.render(left(7)))
    monkeypatch.setattr(ended, "Folder", lambda job: Folder(job, tmp_path))
    monkeypatch.setattr(prune, "prune", lambda now: [])
    ended.record_end(f"spark-driver-{ID}", {**EXITED, "EXIT_STATUS": "7"})
    found = place.read()
    assert (found.state, found.end and found.end.code, found.ended) == ("failed", 7, 2.0)
    assert record.sentence(found) == f"job {ID} failed with exit code 7"
    assert place.record.stat().st_mode & 0o777 == 0o640


def test_a_table_of_jobs_says_state_code_and_name() -> None:
    made = replace(RECORD, state="running", started=100.0)
    lines = listing.table([made, over(1, 10)], 160.0).splitlines()
    assert lines[0].split() == ["JOB", "STATE", "CODE", "SUBMITTED", "TOOK", "NAME"]
    assert lines[1].split() == [ID, "running", "-", "1970-01-01", "00:01:40", "60", "s", "etl"]
    assert listing.table([], 0) == "no jobs\n"
