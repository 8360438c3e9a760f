"""Parts of the conda and code layers' recipes that need no image."""

import asyncio
import hashlib
import json
import os

import pytest
from code_layer.install import refuse_overwriting
from conda_channel.package import PLACEHOLDER, File, write
from conda_layer.bytecode import library_folder
from conda_layer.inputs import Input, locked
from conda_layer.install import install_packages
from conda_layer.normalise import drop_bytecode, normalise
from conda_layer.wheels import install_wheel, install_wheels, refuse_shadows
from conda_layer.without import leave_out, patterns


def lock_of(tmp_path, content=b"package", **changes):
    (tmp_path / "in").mkdir()
    (tmp_path / "in/a.conda").write_bytes(content)
    entry = {
        "use": "conda", "source": "conda", "name": "a", "file": "a.conda", "channel": "c",
        "subdir": "noarch", "sha256": hashlib.sha256(b"package").hexdigest(),
    } | changes  # fmt: skip
    (tmp_path / "lock.json").write_text(json.dumps({"inputs": [entry]}))
    return tmp_path / "lock.json", tmp_path / "in"


def test_inputs_of_other_layers_are_left_alone(tmp_path):
    assert locked(*lock_of(tmp_path, use="code"), "conda", "conda") == []


def test_a_swapped_package_never_reaches_the_installer(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        locked(*lock_of(tmp_path, b"swapped"), "conda", "conda")
    assert ended.value.code == 3
    assert "a.conda is not what the lock says" in capsys.readouterr().err


def conda_package(tmp_path, files):
    index = {
        "name": "a",
        "version": "1",
        "build": "0",
        "build_number": 0,
        "subdir": "linux-64",
        "depends": [],
    }
    return Input(write(tmp_path / "in", index, files), "a", "example", "linux-64")


def install(tmp_path, files, name="env"):
    scratch, target = tmp_path / f"{name}-scratch", tmp_path / name
    scratch.mkdir()
    asyncio.run(install_packages([conda_package(tmp_path, files)], target, "/opt/conda-env", scratch))
    return target


def test_an_environment_knows_its_final_place_and_nothing_of_this_machine(tmp_path):
    files = [File("bin/a", f"#!{PLACEHOLDER}/bin/python\n".encode(), executable=True)]
    target = install(tmp_path, files)
    assert (target / "bin/a").read_text() == "#!/opt/conda-env/bin/python\n"
    (record,) = (target / "conda-meta").glob("*.json")
    assert str(tmp_path) not in record.read_text()
    assert json.loads(record.read_text())["channel"] == "example"
    assert (target / "bin/a").stat().st_nlink == 1


def tree(root):
    return {str(p.relative_to(root)): p.read_bytes() for p in sorted(root.rglob("*")) if p.is_file()}


def test_two_installations_are_the_same(tmp_path):
    files = [File("lib/a", b"a")]
    assert tree(install(tmp_path, files, "one")) == tree(install(tmp_path, files, "two"))


def test_packages_that_want_to_run_scripts_are_refused(tmp_path, capsys):
    with pytest.raises(SystemExit):
        install(tmp_path, [File("bin/.a-post-link.sh", b"rm -rf /", executable=True)])
    assert ".a-post-link.sh" in capsys.readouterr().err


def test_modes_and_times_depend_on_nothing_but_the_content(tmp_path):
    (tmp_path / "bin").mkdir(mode=0o700)
    for name, mode in (("run", 0o700), ("data", 0o660)):
        (tmp_path / "bin" / name).touch()
        (tmp_path / "bin" / name).chmod(mode)
    (tmp_path / "bin/link").symlink_to("run")
    normalise(tmp_path, 1_000)
    modes = {name: (tmp_path / name).stat().st_mode & 0o777 for name in ("bin", "bin/run", "bin/data")}
    assert modes == {"bin": 0o755, "bin/run": 0o755, "bin/data": 0o644}
    assert {os.lstat(p).st_mtime for p in [tmp_path, *tmp_path.rglob("*")]} == {1_000}


def test_bytecode_made_elsewhere_goes(tmp_path):
    (tmp_path / "a/__pycache__").mkdir(parents=True)
    drop_bytecode(tmp_path)
    assert list(tmp_path.rglob("*")) == [tmp_path / "a"]


def test_an_environment_has_exactly_one_python(tmp_path, capsys):
    (tmp_path / "lib/python3.13").mkdir(parents=True)
    with pytest.raises(SystemExit):
        library_folder(tmp_path)
    assert "exactly one Python" in capsys.readouterr().err
    (tmp_path / "lib/python3.13/os.py").touch()
    assert library_folder(tmp_path) == "lib/python3.13"


def flit_wheel(tmp_path, name="demo"):
    """A wheel of the smallest kind, with a command; whatever its name, it has the module demo."""
    import base64
    import zipfile

    files = {
        "demo/__init__.py": b"def main(): pass\n",
        f"{name}-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n",
        f"{name}-1.0.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{name}-1.0.dist-info/entry_points.txt": b"[console_scripts]\ndemo = demo:main\n",
    }
    wheel = tmp_path / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        record = ""
        for path, data in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            record += f"{path},sha256={digest},{len(data)}\n"
            archive.writestr(path, data)
        archive.writestr(f"{name}-1.0.dist-info/RECORD", record + f"{name}-1.0.dist-info/RECORD,,\n")
    return wheel


@pytest.mark.parametrize(
    ("first", "owner"), [("conda", "the conda package demo-pkg"), ("wheel", "the wheel")]
)
def test_a_wheel_never_replaces_a_file_and_names_who_has_it(tmp_path, capsys, first, owner):
    out = tmp_path / "out"
    prefix = out / "opt/conda-env"
    wheels = [flit_wheel(tmp_path)]
    if first == "conda":
        path = "lib/python3.13/site-packages/demo/__init__.py"
        for name, text in (
            (path, "conda's"),
            ("conda-meta/demo-pkg-1-0.json", json.dumps({"name": "demo-pkg", "files": [path]})),
        ):
            (prefix / name).parent.mkdir(parents=True, exist_ok=True)
            (prefix / name).write_text(text)
    else:
        wheels.append(flit_wheel(tmp_path, "other"))
    with pytest.raises(SystemExit) as ended:
        install_wheels(wheels, out, "lib/python3.13")
    assert ended.value.code == 3
    said = capsys.readouterr().err
    assert owner in said
    assert "both have" in said


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ("lib/python3.13/site-packages/pyspark/__init__.py", True),
        ("bin/java", True),
        ("lib/python3.13/site-packages/pyspark_tools/__init__.py", False),
    ],
)
def test_what_would_hide_the_images_own_is_refused_whichever_package_has_it(tmp_path, capsys, path, refused):
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).touch()
    if not refused:
        refuse_shadows(tmp_path, "lib/python3.13")
        return
    with pytest.raises(SystemExit):
        refuse_shadows(tmp_path, "lib/python3.13")
    assert "the image" in capsys.readouterr().err


def test_commands_run_on_the_nodes_python(tmp_path):
    install_wheel(flit_wheel(tmp_path), tmp_path / "out", "lib/python3.13")
    prefix = tmp_path / "out/opt/conda-env"
    assert (prefix / "bin/demo").read_text().startswith("#!/opt/conda-env/bin/python\n")
    assert (prefix / "lib/python3.13/site-packages/demo/__init__.py").exists()


def test_the_code_package_may_not_replace_a_file_below_it(tmp_path, capsys):
    install_wheel(flit_wheel(tmp_path), tmp_path / "out", "lib/python3.13")
    refuse_overwriting(tmp_path / "out", tmp_path / "below")
    (tmp_path / "below/opt/conda-env/bin").mkdir(parents=True)
    (tmp_path / "below/opt/conda-env/bin/demo").touch()
    with pytest.raises(SystemExit):
        refuse_overwriting(tmp_path / "out", tmp_path / "below")
    assert "opt/conda-env/bin/demo" in capsys.readouterr().err


def environment(tmp_path, *files):
    root = tmp_path / "env"
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"12345")
    return root


def left(root):
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("wanted", "rest", "gone"),
    [
        ([], ["include/a.h", "lib/p/core/tests/t.py", "lib/p/core/x.a", "lib/p/tests/t.py"], 0),
        (["include"], ["lib/p/core/tests/t.py", "lib/p/core/x.a", "lib/p/tests/t.py"], 5),
        (["lib/p/**/tests"], ["include/a.h", "lib/p/core/x.a"], 10),
        (["lib/p/**/*.a", "lib/p/tests/*.py"], ["include/a.h", "lib/p/core/tests/t.py"], 10),
        (["lib/p", "lib/p/**/tests"], ["include/a.h"], 15),
    ],
)
def test_what_the_list_says_is_left_out_and_nothing_else(tmp_path, wanted, rest, gone):
    root = environment(tmp_path, "include/a.h", "lib/p/tests/t.py", "lib/p/core/tests/t.py", "lib/p/core/x.a")
    assert leave_out(root, wanted) == gone
    assert left(root) == rest


def test_a_pattern_that_matches_nothing_ends_the_bake_before_anything_goes(tmp_path, capsys):
    root = environment(tmp_path, "include/a.h")
    with pytest.raises(SystemExit) as ended:
        leave_out(root, ["include", "lib/old/tests"])
    assert ended.value.code == 3
    assert "nothing in the environment is called lib/old/tests" in capsys.readouterr().err
    assert left(root) == ["include/a.h"]


def test_a_link_goes_and_not_what_it_leads_to(tmp_path, capsys):
    root = environment(tmp_path, "lib/a.txt")
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/kept").write_bytes(b"")
    (root / "share").symlink_to(tmp_path / "outside")
    with pytest.raises(SystemExit):
        leave_out(root, ["share/kept"])
    assert "share/kept lies behind a link out of the environment" in capsys.readouterr().err
    leave_out(root, ["share"])
    assert (left(root), (tmp_path / "outside/kept").exists()) == (["lib/a.txt"], True)


@pytest.mark.parametrize(("lock", "found"), [({}, []), ({"condaWithout": ["a"]}, ["a"])])
def test_the_list_is_the_locks(tmp_path, lock, found):
    (tmp_path / "lock.json").write_text(json.dumps(lock))
    assert patterns(tmp_path / "lock.json") == found
