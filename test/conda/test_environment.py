"""environment.yml: what kiln would not honour is refused, and every fault is told at once."""

import pytest
from kiln_conda import environment
from kiln_conda.faults import Faults


def read(tmp_path, text):
    file = tmp_path / "environment.yml"
    file.write_text(text)
    return environment.read(file)


def faults(tmp_path, text):
    with pytest.raises(Faults) as caught:
        read(tmp_path, text)
    return [(fault.where.removeprefix("environment.yml"), fault.what) for fault in caught.value.faults]


def test_reads_channels_and_dependencies_in_their_order(tmp_path):
    read_ = read(tmp_path, "name: x\nchannels: [b, a]\ndependencies: [python=3.13, 'pandas >=2,<3']\n")
    assert read_ == environment.Environment(("b", "a"), ("python=3.13", "pandas >=2,<3"))


def test_nodefaults_names_no_channel(tmp_path):
    assert read(tmp_path, "channels: [a, nodefaults]\ndependencies: [python]\n").channels == ("a",)


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        (
            "channels: [a]\ndependencies: [{pip: [six]}]\n",
            ": dependencies[0].pip",
            "does not lock a pip part",
        ),
        ("channels: [a]\ndependencies: ['numpy >>=3']\n", ": dependencies[0]", "no conda package"),
        ("channels: [a]\ndependencies: [3]\n", ": dependencies[0]", "no conda package"),
        ("channels: [a]\ndependencies: []\n", ": dependencies", "at least one package"),
        ("dependencies: [python]\n", ": channels", "at least one channel"),
        (
            "channels: [defaults]\ndependencies: [python]\n",
            ": channels[0]",
            "something else on every machine",
        ),
        ("channels: [a]\ndependencies: [python]\nprefix: /x\n", ": prefix", "not a key"),
        ("channels: [a]\nchannels: [b]\ndependencies: [python]\n", "", "is there twice"),
        ("channels: [a\n", "", "is not YAML"),
        ("- python\n", "", "must have channels"),
    ],
)
def test_each_fault_names_its_place(tmp_path, text, where, what):
    found = faults(tmp_path, text)
    assert len(found) == 1
    assert found[0][0] == where
    # 3 is a number, not a specification: told with the way to write one.
    assert what in found[0][1] or "package specification" in found[0][1]


def test_all_faults_come_together(tmp_path):
    text = "channels: [defaults]\nfoo: 1\ndependencies: [{pip: [six]}, 'numpy >>=3']\n"
    assert len(faults(tmp_path, text)) == 4


def test_a_missing_file_is_a_fault(tmp_path):
    with pytest.raises(Faults, match="cannot be read"):
        environment.read(tmp_path / "environment.yml")
