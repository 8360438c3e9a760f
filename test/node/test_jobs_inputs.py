"""The files of a job, as its driver sees them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kiln_node.jobs import inputs
from kiln_node.jobs.conf import Setting
from kiln_node.jobs.inputs import Inputs
from kiln_node.jobs.parse import WrongUse

FOLDER = Path("/scratch/jobs/20261128-121530-k3f9/input")


def of(program: str | None = None, **settings: str) -> Inputs:
    keys = {key.replace("__", "."): Setting(value, f"--{key}") for key, value in settings.items()}
    return Inputs(keys, program)


def everything(paths: Sequence[str]) -> set[str]:
    return set(paths)


def nothing(_: Sequence[str]) -> set[str]:
    return set()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("job.py", "/home/me/job.py"),
        ("../x/job.py", "/home/me/../x/job.py"),
        ("/opt/job.py", "/opt/job.py"),
        ("s3a://b/job.py", "s3a://b/job.py"),
        ("local:/opt/job.py", "local:/opt/job.py"),
        ("file:///opt/job.py", "file:///opt/job.py"),
    ],
)
def test_relative_paths_begin_where_the_submitter_stands(word: str, expected: str) -> None:
    assert inputs.absolute(of(word), "/home/me").program == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("etl/job.py", "{code}/etl/job.py"),
        ("etl/*.py", "{code}/etl/*.py"),
        ("both.py", "{here}/both.py"),
        ("neither.py", "{here}/neither.py"),
        ("/etl/job.py", "/etl/job.py"),
    ],
)
def test_a_relative_path_that_is_not_there_is_one_of_the_images_scripts(
    word: str, expected: str, tmp_path: Path
) -> None:
    code, here = tmp_path / "code", tmp_path / "here"
    (code / "etl").mkdir(parents=True)
    here.mkdir()
    for path in (code / "etl" / "job.py", code / "both.py", here / "both.py"):
        path.touch()
    found = inputs.absolute(of(word, spark__submit__pyFiles=word), str(here), code)
    wanted = expected.format(code=code, here=here)
    assert (found.program, found.settings["spark.submit.pyFiles"].value) == (wanted, wanted)


def test_lists_and_names_behind_a_hash_are_kept() -> None:
    given = of(
        None, spark__archives="env.tgz#env, /a/b.zip", spark__submit__pyFiles="x.py", spark__jars="l/*.jar"
    )
    found = inputs.absolute(given, "/home/me").settings
    assert found["spark.archives"].value == "/home/me/env.tgz#env,/a/b.zip"
    assert found["spark.submit.pyFiles"].value == "/home/me/x.py"
    assert found["spark.jars"].value == "/home/me/l/*.jar"


def test_a_setting_that_names_no_file_is_left_alone() -> None:
    given = of(None, spark__app__name="tmp/x", spark__jars__packages="a:b:1")
    assert inputs.absolute(given, "/home/me") == given


def test_files_that_are_not_there_are_all_named(tmp_path: Path) -> None:
    (tmp_path / "a.jar").touch()
    with pytest.raises(WrongUse) as fault:
        inputs.check(
            of(
                f"{tmp_path}/job.py",
                spark__jars=f"{tmp_path}/*.jar,{tmp_path}/*.war",
                spark__files="s3a://b/c",
            )
        )
    assert f"{tmp_path}/job.py (the program)" in fault.value.what
    assert f"{tmp_path}/*.war (--spark__jars)" in fault.value.what
    assert "a.jar" not in fault.value.what
    assert "s3a" not in fault.value.what


@pytest.mark.parametrize("private", ["/tmp", "/var/tmp"])  # noqa: S108
def test_the_nodes_temporary_folders_are_seen_elsewhere(private: str) -> None:
    given = of(f"{private}/job.py", spark__files=f"{private}/a#b,/opt/c,s3a://tmp/x")
    found, copies = inputs.placed(given, FOLDER, everything)
    assert copies == []
    assert found.program == f"/run/kiln/submitted{private}/job.py"
    assert found.settings["spark.files"].value == f"/run/kiln/submitted{private}/a#b,/opt/c,s3a://tmp/x"


def test_what_sparks_user_may_not_read_is_copied_once() -> None:
    given = of("/root/job.py", spark__files="/root/a#b,file:/root/job.py", spark__jars="/root/*.jar")
    found, copies = inputs.placed(given, FOLDER, nothing)
    by_source = {one.source: one.target for one in copies}
    assert by_source.keys() == {"/root/a", "/root/job.py"}
    assert found.program == str(by_source["/root/job.py"])
    assert found.settings["spark.files"].value == f"{by_source['/root/a']}#b,{by_source['/root/job.py']}"
    # it keeps its name, by which programs import and open it
    assert {target.name for target in by_source.values()} == {"a", "job.py"}
    assert found.settings["spark.jars"].value == "/root/*.jar"


def test_copies_have_their_text_and_cannot_be_changed_by_others(tmp_path: Path) -> None:
    source = tmp_path / "job.py"
    source.write_text("print(1)\n", encoding="ascii")
    target = tmp_path / "jobs" / "input" / "0" / "job.py"
    (tmp_path / "jobs").mkdir()
    inputs.copy([inputs.Copy(str(source), target)], user=None)
    assert target.read_text(encoding="ascii") == "print(1)\n"
    assert target.stat().st_mode & 0o777 == 0o640


def test_a_folder_that_sparks_user_may_not_read_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(WrongUse, match=f"may not read the folder {tmp_path}"):
        inputs.placed(of("/root/job.py", spark__files=str(tmp_path)), FOLDER, nothing)


def test_a_module_names_no_file() -> None:
    assert inputs.placed(of(None), FOLDER, nothing) == (of(None), [])
