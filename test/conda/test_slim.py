"""What is left out of jars: the list, the closure, the jar that is written."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sdk_bundle.services import SERVICES, wanted
from slim.closure import dangling, told
from slim.jar import copy
from slim.listing import plan, rules

LISTS = sorted((Path(__file__).parents[2] / "images/layers/spark").glob("slim-*.list"))


def jar_of(path, **entries):
    """A jar; an entry's name is written with `__` for `/`."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return path


def constant(text):
    """A text as a class file's constant pool has it."""
    return b"\x01" + len(text).to_bytes(2, "big") + text.encode()


@pytest.mark.parametrize(
    "named",
    [
        pytest.param("org/gone/Service", id="a class"),
        pytest.param("(ILorg/gone/Service;)V", id="the type of a parameter"),
        pytest.param("[[Lorg/gone/Service;", id="an array"),
        pytest.param("Ljava/util/List<Lorg/gone/Service;>;", id="a generic signature"),
        # The length before the text is itself a letter.
        pytest.param("org/gone/Service".ljust(ord("a"), ";"), id="behind a byte that reads as a letter"),
    ],
)
def test_a_class_that_refers_to_a_dropped_one_is_named_with_it(tmp_path, named):
    kept = jar_of(tmp_path / "kept.jar", a__User_dot_class=b"\xca\xfe\xba\xbe" + constant(named))
    found = dangling([kept], {"org/gone/Service"})
    assert found == [("kept.jar", "a/User", "org/gone/Service")]
    assert "org/gone/Service is needed by kept.jar: a/User" in told(found)


def test_a_provider_that_went_is_missed_by_its_registration(tmp_path):
    kept = jar_of(tmp_path / "kept.jar", **{"META-INF__services__x_dot_Y": b"# of\norg.gone.Service\n"})
    assert [missing for _, _, missing in dangling([kept], {"org/gone/Service"})] == ["org/gone/Service"]


@pytest.mark.parametrize("named", ["org/gone/ServiceTwo", "org/gone", "org/other/Service"])
def test_a_name_that_only_resembles_a_dropped_one_is_no_reference(tmp_path, named):
    kept = jar_of(tmp_path / "kept.jar", a__User_dot_class=constant(named))
    assert dangling([kept], {"org/gone/Service"}) == []


def test_a_class_that_another_jar_has_as_well_is_not_missed(tmp_path):
    text = constant("org/gone/Service")
    kept = jar_of(tmp_path / "kept.jar", a__User_dot_class=text, org__gone__Service_dot_class=b"")
    assert dangling([kept], {"org/gone/Service"}) == []


NAMES = st.from_regex(r"[a-z]{1,8}/[A-Z][a-z]{0,5}\.class", fullmatch=True)


@given(names=st.lists(NAMES, unique=True, min_size=1), data=st.data())
def test_a_slim_jar_has_what_was_wanted_and_the_same_bytes_from_any_order(tmp_path_factory, names, data):
    folder = tmp_path_factory.mktemp("jars")
    wish = data.draw(st.sets(st.sampled_from(names)))
    written = []
    for number, order in enumerate((names, data.draw(st.permutations(names)))):
        source = folder / f"{number}.jar"
        with zipfile.ZipFile(source, "w") as archive:
            for name in order:
                archive.writestr(name, name)
        copy(source, folder / "slim.jar", lambda name: name in wish)
        written.append((folder / "slim.jar").read_bytes())
    assert written[0] == written[1]
    with zipfile.ZipFile(folder / "slim.jar") as slim:
        assert slim.namelist() == sorted(wish)
        assert all(slim.read(name) == name.encode() for name in wish)


def listed(tmp_path, text):
    path = tmp_path / "slim-9.9.list"
    path.write_text(text)
    return rules(path)


def test_a_line_without_a_reason_is_a_fault(tmp_path):
    found, faults = listed(tmp_path, "# why\n\nyarn-*.jar\nrepl-*.jar  a shell\n")
    assert [rule.file for rule in found] == ["repl-*.jar"]
    assert faults == ["slim-9.9.list:3: yarn-*.jar: no reason (two spaces after the pattern, then why)"]


def test_the_list_is_matched_with_files_and_entries_and_what_matches_nothing_is_named(tmp_path):
    found, _ = listed(
        tmp_path,
        "repl/*  a shell\nyarn-*.jar  no YARN\nnative-*.jar!win/*  Windows\n"
        "native-*.jar!aix/*  AIX\nnone-*.jar!x  nothing\n",
    )
    todo = plan(found, {"repl/a.jar": [], "core.jar": [], "native-1.jar": ["win/a.dll", "linux/a.so"]})
    assert todo.files == {"repl/a.jar"}
    assert todo.entries == {"native-1.jar": {"win/a.dll"}}
    assert todo.stale == [
        "slim-9.9.list:2: yarn-*.jar matches no file",
        "slim-9.9.list:4: native-*.jar!aix/* matches no entry of a jar",
        "slim-9.9.list:5: none-*.jar!x matches no entry of a jar",
    ]


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.name)
def test_every_line_of_the_lists_has_a_reason(path):
    found, faults = rules(path)
    assert faults == []
    assert len({(rule.file, rule.entry) for rule in found}) == len(found) > 0


def test_of_the_sdk_only_other_services_and_unused_parts_go():
    sdk = "software/amazon/awssdk/"
    assert all(wanted(f"{sdk}services/{service}/Client.class") for service in SERVICES)
    assert wanted(f"{sdk}core/SdkClient.class")
    assert wanted("META-INF/LICENSE.txt")
    assert not wanted(f"{sdk}services/s3vectors/Client.class")
    assert not wanted(f"{sdk}enhanced/dynamodb/Table.class")
