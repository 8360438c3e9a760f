"""Solving against a real channel in a folder, through the command's own door."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conda_channel.package import File, write
from kiln_conda.shown import Shown
from rattler.index import index_fs

ROOT = Path(__file__).parents[2]
PATHS = ":".join(str(ROOT / each) for each in ("images/layers/code", "images/layers/conda"))


def package(folder, name, version, depends=(), subdir="noarch"):
    index = {
        "name": name, "version": version, "build": "0", "build_number": 0, "subdir": subdir,
        "depends": list(depends),
    }  # fmt: skip
    return write(folder, index, [File(f"share/{name}", version.encode())])


@pytest.fixture
def channel(tmp_path):
    folder = tmp_path / "channel"
    package(folder, "python", "3.13.5", ["__glibc >=2.41"], "linux-64")
    package(folder, "python", "3.12.1", ["__glibc >=2.17"], "linux-64")
    package(folder, "flights-data", "1.0", ["python"])
    package(folder, "flights-data", "2.0", ["python >=4"])
    asyncio.run(index_fs(folder))
    return folder


def lock(tmp_path, channel, *specs, **changes):
    request = {
        "op": "lock", "environment": "environment.yml", "glibc": "2.41",
        "channels": {"example": channel.as_uri()}, "platform": "linux-64", "cache": str(tmp_path / "cache"),
        "dependencies": [
            {"spec": spec, "where": f"environment.yml:{at}:3"} for at, spec in enumerate(specs, start=4)
        ],
        "python": {"spec": "python >=3.10,<3.14.0a0", "words": "Spark 9.9 runs on Python 3.10 to 3.13"},
        "shadows": {"openjdk": "the image has its own Java"},
    } | changes  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "kiln_conda"], cwd=ROOT / "factory/conda", input=json.dumps(request),
        env=os.environ | {"PYTHONPATH": PATHS}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


ENVIRONMENT = ("python", "flights-data")


def refused(answer):
    (status, said) = answer
    assert status == 3
    return [(fault["where"], fault["what"]) for fault in said["faults"] if fault["hint"]]


def test_locks_the_newest_that_fit_together_by_their_content(tmp_path, channel):
    code, answer = lock(tmp_path, channel, *ENVIRONMENT)
    assert code == 0
    names = [(p["name"], p["version"], p["channel"], p["subdir"]) for p in answer["packages"]]
    assert names == [
        ("flights-data", "1.0", "example", "noarch"),
        ("python", "3.13.5", "example", "linux-64"),
    ]
    for locked in answer["packages"]:
        file = channel / locked["subdir"] / locked["file"]
        sha256 = subprocess.run(["sha256sum", file], capture_output=True, text=True, check=True).stdout
        assert (locked["size"], locked["sha256"]) == (file.stat().st_size, sha256.split()[0])


def test_the_images_c_library_counts_not_this_machines(tmp_path, channel):
    _, answer = lock(tmp_path, channel, *ENVIRONMENT, glibc="2.36")
    assert [p["version"] for p in answer["packages"] if p["name"] == "python"] == ["3.12.1"]


def test_a_python_that_spark_does_not_run_on_is_never_taken(tmp_path, channel):
    for version in ("3.9.18", "3.14.0", "3.14.0rc1"):
        package(channel, "python", version, subdir="linux-64")
    asyncio.run(index_fs(channel))
    _, answer = lock(tmp_path, channel, "flights-data")
    assert [p["version"] for p in answer["packages"] if p["name"] == "python"] == ["3.13.5"]


@pytest.mark.parametrize(
    ("specs", "where", "version"),
    [
        (("numpy", "python<3.10"), "environment.yml:5:3", "3.9.18"),
        (("python>=3.14",), "environment.yml:4:3", "3.14.0"),
        (("old-library",), "environment.yml", "3.9.18"),
    ],
)
def test_a_range_of_python_without_one_that_spark_runs_on_is_refused(
    tmp_path, channel, specs, where, version
):
    for each in ("3.9.18", "3.14.0"):
        package(channel, "python", each, subdir="linux-64")
    package(channel, "old-library", "1.0", ["python <3.10"])
    package(channel, "numpy", "2.0")
    asyncio.run(index_fs(channel))
    words = "Spark 9.9 runs on Python 3.10 to 3.13; all dependencies together allow at most"
    assert refused(lock(tmp_path, channel, *specs)) == [(where, f"{words} {version}")]


def test_what_would_hide_the_images_own_is_refused_whoever_asks_for_it(tmp_path, channel):
    package(channel, "openjdk", "21.0.1")
    package(channel, "h2o", "3", ["python", "openjdk >=17"])
    asyncio.run(index_fs(channel))
    expected = [("environment.yml", "h2o brings openjdk: the image has its own Java")]
    assert refused(lock(tmp_path, channel, "h2o")) == expected


def test_a_channel_that_a_dependency_names_is_the_one_it_comes_from(tmp_path, channel):
    other = tmp_path / "other"
    package(other, "flights-data", "1.0", ["python"])
    asyncio.run(index_fs(other))
    channels = {"example": channel.as_uri(), "other": other.as_uri()}
    asked = [{"spec": "flights-data", "where": "environment.yml:4:3", "channel": "other"}]
    code, answer = lock(tmp_path, channel, channels=channels, dependencies=asked)
    assert code == 0
    assert [(p["name"], p["channel"]) for p in answer["packages"]] == [
        ("flights-data", "other"),
        ("python", "example"),
    ]


def test_the_solvers_refusal_has_a_way_out(tmp_path, channel):
    [(where, what)] = refused(lock(tmp_path, channel, "python=2.7"))
    assert where == "environment.yml"
    assert "no set of packages fulfils it" in what


def test_what_only_the_solver_knows_to_be_no_version_names_its_line(tmp_path, channel):
    faults = refused(lock(tmp_path, channel, "python", "numpy=1..2", "scipy=1..2"))
    assert [where for where, _ in faults] == ["environment.yml:5:3", "environment.yml:6:3"]


def test_a_channel_that_does_not_answer_is_named_without_its_address(tmp_path, channel):
    address = "http://127.0.0.1:1/private"
    [(_, what)] = refused(lock(tmp_path, channel, "python", channels={"ours": address}))
    assert "(channel ours/" in what
    assert "127.0.0.1:1" not in what


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("GET http://127.0.0.1:9/a/b/x.json\n  failed", "GET channel long/x.json failed"),
        ("at https://me:pw@host/x", "at https://host/x"),
        ("at https://host/t/tok/x", "at https://host/t/…/x"),
        ("(https://host/x?key=1&b=2) no", "(https://host/x) no"),
    ],
)
def test_messages_show_names_of_channels_and_no_credential(said, shown):
    channels = {"short": "http://127.0.0.1:9/a", "long": "http://127.0.0.1:9/a/b/"}
    assert Shown(channels)(said) == shown


def test_an_environment_without_python_is_refused(tmp_path, channel):
    package(channel, "data-only", "1.0")
    asyncio.run(index_fs(channel))
    [(where, what)] = refused(lock(tmp_path, channel, "data-only"))
    assert (where, "no python" in what) == ("environment.yml: dependencies", True)


def test_a_wrong_request_is_refused(tmp_path, channel):
    assert refused(lock(tmp_path, channel, op="unlock")) == [("request: op", "must be lock or distributions")]


def code(**changes):
    return {
        "file": "jobs/pyproject.toml",
        "requires": [],
        "requires_python": None,
        "spark": "4.1.4",
    } | changes


def test_what_the_code_package_asks_for_is_compared_with_what_was_solved(tmp_path, channel):
    wanted = ["flights-data>=2", "pyspark>=5", "chispa>=0.9", "tomli; python_version < '3.11'"]
    faults = refused(
        lock(tmp_path, channel, *ENVIRONMENT, code=code(requires=wanted, requires_python="<3.13"))
    )
    assert [what for _, what in faults] == [
        "Python <3.13 is required, Python is 3.13.5",
        "flights-data>=2 is required, flights-data is 1.0",
        "pyspark>=5 is required, pyspark is 4.1.4",
    ]


def test_a_requirement_of_another_name_is_left_to_the_bake(tmp_path, channel):
    status, answer = lock(
        tmp_path, channel, *ENVIRONMENT, code=code(requires=["chispa>=0.9", "flights-data", "pyspark"])
    )
    assert (status, answer["unknown"]) == (0, ["chispa>=0.9"])


@pytest.mark.parametrize("changes", [{"requires": ["a b c"]}, {"requires_python": "three"}, {"extra": 1}])
def test_requirements_that_nobody_can_read_are_refused(tmp_path, channel, changes):
    assert lock(tmp_path, channel, *ENVIRONMENT, code=code(**changes))[0] == 3
