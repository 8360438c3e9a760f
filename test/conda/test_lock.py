"""Solving against a real channel in a folder, through the command's own door."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conda_channel.package import File, write
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


def lock(tmp_path, channel, text, **changes):
    (tmp_path / "environment.yml").write_text(text)
    request = {
        "op": "lock", "environment": str(tmp_path / "environment.yml"), "glibc": "2.41",
        "channels": {"example": channel.as_uri()}, "platform": "linux-64", "cache": str(tmp_path / "cache"),
    } | changes  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "kiln_conda"], cwd=ROOT / "factory/conda", input=json.dumps(request),
        env=os.environ | {"PYTHONPATH": PATHS}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


ENVIRONMENT = "channels: [example]\ndependencies: [python, flights-data]\n"


def test_locks_the_newest_that_fit_together_by_their_content(tmp_path, channel):
    code, answer = lock(tmp_path, channel, ENVIRONMENT)
    assert (code, answer["pip"]) == (0, [])
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
    _, answer = lock(tmp_path, channel, ENVIRONMENT, glibc="2.36")
    assert [p["version"] for p in answer["packages"] if p["name"] == "python"] == ["3.12.1"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("channels: [example]\ndependencies: [python=2.7]\n", "no set of packages fulfils it"),
        ("channels: [example]\ndependencies: [python, {pip: [six]}]\n", "does not lock a pip part"),
    ],
)
def test_an_error_is_an_answer_with_a_way_out(tmp_path, channel, text, what):
    code, answer = lock(tmp_path, channel, text)
    assert code == 3
    assert what in answer["error"]["what"]
    assert answer["error"]["where"].startswith("environment.yml")
    assert answer["error"]["hint"]


def test_an_environment_without_python_is_refused(tmp_path, channel):
    package(channel, "data-only", "1.0")
    asyncio.run(index_fs(channel))
    code, answer = lock(tmp_path, channel, "channels: [example]\ndependencies: [data-only]\n")
    assert (code, "no python" in answer["error"]["what"]) == (3, True)


def test_a_wrong_request_is_refused(tmp_path, channel):
    code, answer = lock(tmp_path, channel, ENVIRONMENT, op="unlock")
    assert (code, answer["error"]["where"]) == (3, "request: op")


def code(**changes):
    return {
        "file": "jobs/pyproject.toml",
        "requires": [],
        "requires_python": None,
        "spark": "4.1.4",
    } | changes


def test_what_the_code_package_asks_for_is_compared_with_what_was_solved(tmp_path, channel):
    wanted = ["flights-data>=2", "pyspark>=5", "chispa>=0.9", "tomli; python_version < '3.11'"]
    status, answer = lock(tmp_path, channel, ENVIRONMENT, code=code(requires=wanted, requires_python="<3.13"))
    assert status == 3
    for part in (
        "Python <3.13 is required, Python is 3.13.5",
        "environment.yml: - python<3.13",
        "flights-data>=2 is required, flights-data is 1.0",
        "pyspark>=5 is required, pyspark is 4.1.4",
    ):
        assert part in answer["error"]["what"]
    assert "chispa" not in answer["error"]["what"]


def test_a_requirement_of_another_name_is_left_to_the_bake(tmp_path, channel):
    status, answer = lock(
        tmp_path, channel, ENVIRONMENT, code=code(requires=["chispa>=0.9", "flights-data", "pyspark"])
    )
    assert (status, answer["unknown"]) == (0, ["chispa>=0.9"])


@pytest.mark.parametrize("changes", [{"requires": ["a b c"]}, {"requires_python": "three"}, {"extra": 1}])
def test_requirements_that_nobody_can_read_are_refused(tmp_path, channel, changes):
    assert lock(tmp_path, channel, ENVIRONMENT, code=code(**changes))[0] == 3
