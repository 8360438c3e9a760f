"""Parts of the code layer's recipe that need no image."""

import zipfile
from pathlib import Path

import pytest
from code_layer.builders import CALLED, called, refuse_calls, write_stubs
from code_layer.compare import differences
from code_layer.needs import refuse_unmet_package
from code_layer.requirements import (
    Found,
    conda_line,
    installed,
    marker_environment,
    unmet,
    wrong_python,
)
from code_layer.source import fresh_copy
from code_layer.wheel import backend_of
from packaging.requirements import Requirement

PYTHON = "3.13.5"


def test_a_copy_of_the_source_is_whole_and_its_modes_and_times_are_the_epochs(tmp_path):
    for name in ("src/build/a.py", "dist/.hidden", "old~", ".git/config"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).touch(mode=0o600)
    (tmp_path / "source/link").symlink_to("nowhere")
    fresh_copy(tmp_path / "source", tmp_path / "copy", 1_000)
    copied = {str(p.relative_to(tmp_path / "copy")) for p in (tmp_path / "copy").rglob("*") if not p.is_dir()}
    assert copied == {"src/build/a.py", "dist/.hidden", "old~", ".git/config", "link"}
    assert (tmp_path / "copy/old~").stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "copy/old~").stat().st_mtime == 1_000


@pytest.mark.parametrize(
    ("text", "name", "requires", "path"),
    [
        (None, "setuptools.build_meta:__legacy__", ("setuptools>=40.8.0",), ()),
        ("[tool.black]\n", "setuptools.build_meta:__legacy__", ("setuptools>=40.8.0",), ()),
        ('[build-system]\nrequires = ["a"]\n', "setuptools.build_meta:__legacy__", ["a"], ()),
        ('[build-system]\nrequires = []\nbuild-backend = "b:c"\nbackend-path = ["."]\n', "b:c", [], ["."]),
    ],
)
def test_the_backend_is_the_one_that_pip_would_call(tmp_path, text, name, requires, path):
    if text is not None:
        (tmp_path / "pyproject.toml").write_text(text)
    backend = backend_of(tmp_path)
    assert (backend.name, backend.requires, backend.path) == (name, requires, path)


THERE = {
    "pandas": Found("2.3.3", ('tables>=3; extra == "hdf5"', "numpy")),
    "numpy": Found("2.3.5"),
    "py4j": Found(None),
    "odd": Found("not-a-version"),
}


@pytest.mark.parametrize(
    ("requirements", "faults"),
    [
        (["pandas"], []),
        (["Pandas>=2,<3", "NumPy==2.3.*"], []),
        (["pandas>=3"], ["pandas>=3 is required, pandas is 2.3.3"]),
        (["chispa>=0.9"], ["chispa>=0.9 is required, there is no chispa"]),
        (["pandas>=3", "chispa", "numpy<2"], 3),
        (["pandas>=3", "pandas>=3"], 1),
        (["pandas[hdf5]"], ["tables>=3 is required, there is no tables"]),
        (["pandas[plot]"], []),
        (["tomli; python_version < '3.11'"], []),
        (["tomli; python_version >= '3.11'"], 1),
        (["pywin32; sys_platform == 'win32'", "a; platform_machine == 'aarch64'"], []),
        (["dev-only; extra == 'dev'"], []),
        (["py4j==0.10.9.9"], []),
        (["numpy @ https://example.com/numpy.whl"], []),
        (["odd"], []),
        (["odd>=1"], 1),
    ],
)
def test_what_is_required_is_judged_for_the_images_python(requirements, faults):
    found = [str(fault) for fault in unmet(requirements, THERE, marker_environment(PYTHON))]
    assert found == faults if isinstance(faults, list) else len(found) == faults


@pytest.mark.parametrize(
    ("wanted", "fault"),
    [
        (None, None),
        ("", None),
        (">=3.10", None),
        (">=3.13,<3.14", None),
        ("<3.13", "Python <3.13 is required, Python is 3.13.5"),
        (">=3.14", "Python >=3.14 is required, Python is 3.13.5"),
    ],
)
def test_the_images_python_must_be_one_that_the_package_takes(wanted, fault):
    assert wrong_python(wanted, PYTHON) == fault


@pytest.mark.parametrize(
    ("requirement", "line"),
    [
        ("chispa", "- chispa"),
        ("Chispa>=0.9,<1", "- chispa>=0.9,<1"),
        ("a==1.*", "- a=1"),
        ("a===1.0", "- a==1.0"),
        ("a~=1.4", "- a~=1.4"),
        ("a_b[c]!=2; python_version > '3'", "- a-b!=2"),
    ],
)
def test_a_fault_names_the_line_to_add(requirement, line):
    assert conda_line(Requirement(requirement)) == line


def test_distributions_are_found_however_they_were_installed(tmp_path):
    for folder, file, name in (
        ("One_Two-1.dist-info", "METADATA", "One.Two"),
        ("old-2.egg-info", "PKG-INFO", "old"),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / file).write_text(f"Name: {name}\nVersion: 3\nRequires-Dist: x\n\nText\n")
    (tmp_path / "broken-1.dist-info").mkdir()
    assert installed(tmp_path) == {"one-two": Found("3", ("x",)), "old": Found("3", ("x",))}


def wheel(path: Path, files: dict[str, bytes], executable: tuple[str, ...] = ()) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o755 if name in executable else 0o644) << 16
            archive.writestr(info, data)
    return path


def test_every_fault_of_a_package_is_said_at_once(tmp_path, capsys):
    metadata = (
        b"Name: etl\nVersion: 1\nRequires-Python: <3.13\nRequires-Dist: chispa\nRequires-Dist: pyspark>=5\n"
    )
    made = wheel(tmp_path / "etl-1-py3-none-any.whl", {"etl-1.dist-info/METADATA": metadata})
    with pytest.raises(SystemExit) as ended:
        refuse_unmet_package(made, tmp_path, PYTHON, "4.1.4")
    said = capsys.readouterr().err
    assert ended.value.code == 3
    for line in ("Python <3.13 is required", "there is no chispa", "pyspark is 4.1.4", "- python<3.13"):
        assert line in said


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ({"a.py": b"A"}, {"a.py": b"A"}, []),
        ({"a.py": b"A\nB"}, {"a.py": b"A\nC"}, ["a.py: line 2 is 'B', then 'C'"]),
        ({"a.py": b"A"}, {"a.py": b"A\nB"}, ["a.py: it has 1 lines, then 2"]),
        ({"a.so": b"\xff\x00"}, {"a.so": b"\xff\x01"}, ["a.so: its bytes differ"]),
        ({"a.py": b"", "b.py": b""}, {"a.py": b""}, ["b.py: only one of the two wheels has it"]),
        ({"x.dist-info/RECORD": b"1"}, {"x.dist-info/RECORD": b"2"}, []),
    ],
)
def test_two_wheels_of_one_source_must_have_the_same_files(tmp_path, one, other, says):
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
    assert differences(wheel(tmp_path / "1/a.whl", one), wheel(tmp_path / "2/a.whl", other)) == says


def test_two_wheels_of_one_source_have_one_name_and_the_same_modes(tmp_path):
    first = wheel(tmp_path / "a-1.whl", {"run": b""}, ("run",))
    other = wheel(tmp_path / "a-2.whl", {"run": b""})
    assert differences(first, other) == [
        "the wheel's name is a-1.whl, then a-2.whl",
        "run: it is executable in the first alone",
    ]


@pytest.mark.parametrize(
    ("calls", "refusal"),
    [
        ("", None),
        ("git --version\ngit rev-parse --show-toplevel\n", None),
        ("git describe --tags\n", "asks git (git describe --tags)"),
        ("gcc -c a.c\ngcc -c b.c\n", "asks for a compiler (gcc)"),
        ("git describe\ncmake -S .\ncc x\n", "asks for a compiler (cc, cmake)"),
    ],
)
def test_a_build_that_asks_for_what_is_not_there_is_refused(tmp_path, capsys, calls, refusal):
    write_stubs(["git", "gcc"], tmp_path / "stubs")
    (tmp_path / "stubs" / Path(CALLED).name).write_text(calls)
    if refusal is None:
        refuse_calls(called(tmp_path / "stubs"))
        return
    with pytest.raises(SystemExit):
        refuse_calls(called(tmp_path / "stubs"))
    assert refusal in capsys.readouterr().err
