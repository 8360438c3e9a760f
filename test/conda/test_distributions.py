"""What of conda packages a resolver of Python's is told: their distributions, by metadata alone."""

import json
import os
import subprocess
import sys
import tarfile
import zipfile
from email.parser import HeaderParser
from pathlib import Path

import pytest
from conda_channel.package import File, write

ROOT = Path(__file__).parents[2]
PATHS = ":".join(str(ROOT / each) for each in ("images/layers/code", "images/layers/conda"))
EXTRA = 'Provides-Extra: excel\nRequires-Dist: openpyxl>=3; extra == "excel"\n'


def metadata(name, version, more=""):
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}\nText.\n".encode()


def package(folder, name, *files):
    index = {"name": name, "version": "1", "build": "0", "build_number": 0, "subdir": "noarch", "depends": []}
    return write(folder, index, [File(path, data) for path, data in files])


def old_package(folder, path, data):
    """A .tar.bz2, as conda packages were before .conda."""
    made = folder / "old-1-0.tar.bz2"
    (folder / "file").write_bytes(data)
    with tarfile.open(made, "w:bz2") as tar:
        tar.add(folder / "file", path)
    return made


def ask(folder, packages):
    (folder / "out").mkdir()
    request = {
        "op": "distributions", "spark": "4.1.4", "folder": str(folder / "out"),
        "packages": [{"path": str(path), "package": name} for name, path in packages],
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "kiln_conda"], cwd=ROOT / "factory/conda", input=json.dumps(request),
        env=os.environ | {"PYTHONPATH": PATHS}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return done.returncode, json.loads(done.stdout)


def test_every_distribution_becomes_a_wheel_of_metadata(tmp_path):
    site = "lib/python3.13/site-packages"
    packages = [
        (
            "pandas-base",
            package(
                tmp_path,
                "pandas-base",
                (f"{site}/Pan_das-2.3.1.dist-info/METADATA", metadata("Pan_das", "2.3.1", EXTRA)),
                (f"{site}/pan_das/tests/x.dist-info/METADATA", metadata("nested", "1")),
            ),
        ),
        (
            "pure",
            package(tmp_path, "pure", ("site-packages/pure-1.0.dist-info/METADATA", metadata("pure", "1.0"))),
        ),
        ("torch", package(tmp_path, "torch", (f"{site}/t.egg-info/PKG-INFO", metadata("torch", "2.0+cpu")))),
        ("old", old_package(tmp_path, f"{site}/old-1.0-py3.13.egg-info", metadata("old", "1.0"))),
        ("odd", package(tmp_path, "odd", (f"{site}/odd.egg-info/PKG-INFO", metadata("odd", "1.0 beta x")))),
        ("data", package(tmp_path, "data", ("share/data", b"x"))),
    ]
    code, answer = ask(tmp_path, packages)
    assert code == 0
    assert [(d["name"], d["version"], d["there"], d["package"]) for d in answer["distributions"]] == [
        ("old", "1.0+conda", "1.0", "old"),
        ("pan-das", "2.3.1+conda", "2.3.1", "pandas-base"),
        ("pure", "1.0+conda", "1.0", "pure"),
        ("pyspark", "4.1.4+spark", "4.1.4", ""),
        ("torch", "2.0+cpu", "2.0+cpu", "torch"),
    ]
    with zipfile.ZipFile(tmp_path / "out/pan_das-2.3.1+conda-py3-none-any.whl") as wheel:
        text = HeaderParser().parsestr(wheel.read("pan_das-2.3.1+conda.dist-info/METADATA").decode())
    assert (text["Version"], text.get_all("Provides-Extra"), text.get_all("Requires-Dist")) == (
        "2.3.1+conda",
        ["excel"],
        ['openpyxl>=3; extra == "excel"'],
    )


@pytest.mark.parametrize("name", ["broken.conda", "broken.tar.bz2"])
def test_a_package_that_cannot_be_unpacked_is_named(tmp_path, name):
    (tmp_path / name).write_bytes(b"nothing")
    code, answer = ask(tmp_path, [("broken", tmp_path / name)])
    assert (code, answer["faults"][0]["where"]) == (3, "broken")
    assert name in answer["faults"][0]["what"]
