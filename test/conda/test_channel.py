"""The example's channel: packages that are the same bytes wherever they are made."""

import hashlib
import json
import zipfile

import pytest
from conda_channel import channel, mirrors, package, pins, refresh, target, wheels
from conda_channel.package import PLACEHOLDER, File
from conda_channel.problem import Problem
from conda_channel.scratch import scratch
from conda_channel.vault import Vault
from conda_layer.install import index_json

INDEX = {"name": "a", "version": "1", "build": "0", "subdir": "noarch", "depends": []}
FILES = [
    File("b", b"x"),
    File("a", b"y", executable=True),
    File("c", link="a"),
    File("d", PLACEHOLDER.encode()),
]


def test_the_same_content_gives_the_same_bytes_whatever_its_order(tmp_path):
    one = package.write(tmp_path / "one", INDEX, FILES)
    two = package.write(tmp_path / "two", INDEX, list(reversed(FILES)))
    assert one.read_bytes() == two.read_bytes()
    other = package.write(tmp_path / "other", INDEX, [*FILES, File("e", b"z")])
    assert other.read_bytes() != one.read_bytes()


def test_a_package_says_what_it_is(tmp_path):
    assert json.loads(index_json(package.write(tmp_path, INDEX, FILES))) == INDEX


def make_wheel(tmp_path, metadata="", tag="py3-none-any", extra=()):
    file = tmp_path / f"demo-1.0-{tag}.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("demo/__init__.py", "")
        archive.writestr("demo-1.0.dist-info/METADATA", f"Name: demo\nVersion: 1.0\n{metadata}\n")
        archive.writestr("demo-1.0.dist-info/RECORD", "")
        for name, text in extra:
            archive.writestr(name, text)
    return file


def test_a_pure_wheel_becomes_noarch_with_its_entry_points(tmp_path):
    scripts = "[console_scripts]\ndemo = demo:main\n"
    wheel = make_wheel(
        tmp_path, "Requires-Python: >=3.8", extra=[("demo-1.0.dist-info/entry_points.txt", scripts)]
    )
    made = wheels.convert(wheel, wheel.name, tmp_path / "out", {}, "3.13")
    index = json.loads(index_json(made))
    assert (index["noarch"], index["subdir"], index["depends"]) == ("python", "noarch", ["python >=3.8"])


def test_a_binary_wheel_asks_for_its_python_and_its_c_library(tmp_path):
    wheel = make_wheel(tmp_path, tag="cp313-cp313-manylinux_2_27_x86_64.manylinux_2_28_x86_64")
    index = json.loads(index_json(wheels.convert(wheel, wheel.name, tmp_path / "out", {}, "3.13")))
    assert index["subdir"] == "linux-64"
    assert index["depends"] == ["__glibc >=2.27", "python >=3.13,<3.14"]


@pytest.mark.parametrize(
    ("requirement", "spec"),
    [
        ("numpy>=1.26", {"numpy >=1.26"}),
        ("tzdata>=2022.7", {"python-tzdata >=2022.7"}),
        ("a<3,>=2", {"a <3,>=2"}),
        ('colorama; sys_platform == "win32"', set()),
        ('pytest>=7; extra == "test"', set()),
        ('numpy>=2; python_version >= "3.13"', {"numpy >=2"}),
        ("bleach[css]!=5.0.0", {"bleach !=5.0.0", "tinycss2 >=1.1"}),
        ("Deep.One[all]", {"deep-one", "bleach", "tinycss2 >=1.1"}),
        ('bleach[css]; sys_platform == "win32"', set()),
    ],
)
def test_a_wheels_requirements_in_condas_words(requirement, spec):
    known = {
        "bleach": ['tinycss2>=1.1; extra == "css"', 'mypy; extra == "dev"'],
        "deep-one": ['bleach[css]; extra == "all"'],
    }
    assert wheels.dependencies([requirement], known, "3.13") == spec


def test_an_extra_of_a_wheel_that_is_not_there_cannot_be_given():
    with pytest.raises(Problem, match="no wheel of bleach, of which the extra css"):
        wheels.dependencies(["bleach[css]"], {}, "3.13")


BASES = {"debian": "http://mirror/debian", "debian-security": "http://mirror/debian-security"}


def test_pins_come_from_what_apt_would_download():
    lines = (
        "'http://mirror/debian-security/pool/main/o/openssl/libssl3t64_3.5.1-1%2bdeb13u1_amd64.deb' "
        f"libssl3t64_3.5.1-1+deb13u1_amd64.deb 2450000 SHA256:{'a' * 64}\n"
        f"'http://mirror/debian/pool/main/z/zlib/zlib1g_1%253a1.3-1_amd64.deb' x 88 SHA256:{'b' * 64}\n"
    )
    ssl, zlib = refresh.parse(lines, BASES)
    assert (ssl.archive, ssl.version) == ("debian-security", "3.5.1-1+deb13u1")
    assert ssl.path == "pool/main/o/openssl/libssl3t64_3.5.1-1+deb13u1_amd64.deb"
    assert (zlib.archive, zlib.version, zlib.size) == ("debian", "1:1.3-1", 88)


def test_apt_names_the_mirror_by_label_or_by_path():
    lines = "|http://other/debian-security\nDebian|http://mirror/debian/\n|file:/debian"
    assert mirrors.pick(lines, "debian") == "http://mirror/debian"
    assert mirrors.pick(lines, "debian-security") == "http://other/debian-security"
    assert mirrors.pick("", "debian") is None


@pytest.mark.parametrize("python", target.TARGETS)
def test_the_committed_pins_are_as_the_tool_writes_them(python):
    from conda_channel.__main__ import PINS

    path = PINS if python == "3.13" else PINS.with_name(f"pins-{python}.json")
    found = pins.load(path)
    assert found.python == python
    assert pins.dump(found) == path.read_text()
    assert {deb.name for deb in found.debian} == set(target.of(python).packages)


def test_a_python_without_a_suite_is_refused():
    with pytest.raises(Problem, match=r"no suite for Python 3\.6") as caught:
        target.of("3.6")
    assert "3.13" in caught.value.hint


def test_a_requirement_of_before_pep_440_counts_by_its_name():
    assert wheels.dependencies(["pytz (>=2011k)", "six (>=1.0)"], {}, "2.7") == {"pytz", "six >=1.0"}


@pytest.mark.parametrize(("python", "asked"), [("2.7", {"futures"}), ("3.13", set())])
def test_markers_are_judged_for_the_channels_python(python, asked):
    assert wheels.dependencies(['futures; python_version < "3.2"'], {}, python) == asked


def pin(data, name="demo"):
    return pins.Wheel(name, "1.0", "demo-1.0-py3-none-any.whl", len(data), hashlib.sha256(data).hexdigest())


def test_a_download_that_is_not_what_was_pinned_leaves_nothing(tmp_path):
    vault, file = Vault(tmp_path / "vault"), tmp_path / "download"
    file.write_bytes(b"swapped")
    with pytest.raises(Problem, match="not what is pinned"):
        vault.take(file, pin(b"genuine"))
    assert not file.exists()
    assert not vault.has(pin(b"genuine"))


def test_a_spoilt_vault_entry_is_not_used(tmp_path):
    vault, file = Vault(tmp_path / "vault"), tmp_path / "download"
    file.write_bytes(b"genuine")
    vault.take(file, pin(b"genuine"))
    assert vault.has(pin(b"genuine"))
    vault.path(pin(b"genuine")).chmod(0o644)
    vault.path(pin(b"genuine")).write_bytes(b"swapped")
    assert not vault.has(pin(b"genuine"))


def test_a_channel_with_a_changed_package_is_not_current(tmp_path):
    (tmp_path / "noarch").mkdir()
    file = tmp_path / "noarch/a.conda"
    file.write_bytes(b"a")
    stamp = {"recipe": "r", "packages": {"noarch/a.conda": hashlib.sha256(b"a").hexdigest()}}
    (tmp_path / channel.STAMP).write_text(json.dumps(stamp))
    assert channel.is_current(tmp_path, "r")
    assert not channel.is_current(tmp_path, "other recipe")
    file.write_bytes(b"b")
    assert not channel.is_current(tmp_path, "r")


def test_a_folder_of_somebody_elses_is_not_replaced(tmp_path):
    (tmp_path / "precious").touch()
    with pytest.raises(Problem, match="something other"):
        channel.make(tmp_path, pins.Pins("3.13", (), ()), Vault(tmp_path / "vault"))
    assert (tmp_path / "precious").exists()


def test_what_a_killed_run_left_goes_and_a_running_ones_stays(tmp_path):
    (tmp_path / ".x-999999999/half").mkdir(parents=True)
    (tmp_path / ".x-1").mkdir()
    with scratch(tmp_path, ".x-") as folder:
        assert sorted(p.name for p in tmp_path.iterdir()) == sorted([".x-1", folder.name])
    assert [p.name for p in tmp_path.iterdir()] == [".x-1"]
