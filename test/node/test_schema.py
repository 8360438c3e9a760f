"""The validator: what a node accepts is what the contract in TypeScript accepts."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from documents import document, schema
from hypothesis import assume, given
from hypothesis import strategies as st

from kiln_node.nodejson.schema import Schema, SchemaError, translate_pattern

CHECK = Schema(schema())


def faults(value: Any) -> list[str]:
    return [str(fault) for fault in CHECK.check(value)]


def changed(path: str, value: Any) -> dict[str, Any]:
    made = copy.deepcopy(document())
    at: Any = made
    *parents, last = path.split(".")
    for name in parents:
        at = at[int(name)] if isinstance(at, list) else at[name]
    at[last] = value
    return made


def test_accepts_a_valid_document() -> None:
    assert faults(document()) == []
    assert faults(document(scratch={"kind": "directory"}, stores=[])) == []
    assert faults(document(spark={"conf": {}, "worker": {"cores": 2, "memoryMiB": 2048}})) == []


@pytest.mark.parametrize(
    ("path", "value", "place", "says"),
    [
        ("version", 2, "version", "must be 1"),
        ("version", True, "version", "must be a number"),
        ("role", "boss", "role", 'one of "master", "worker", "history"'),
        ("cluster", "Night", "cluster", "does not match"),
        ("cluster", "night\n", "cluster", "does not match"),
        ("master.port", 0, "master.port", "at least 1"),
        ("master.port", 70000, "master.port", "at most 65535"),
        ("master.port", 7077.5, "master.port", "must be an integer"),
        ("master.port", "7077", "master.port", "is a string"),
        ("master.prot", 7077, "master.prot", "not a known key (known: host, port)"),
        ("scratch.kind", "disk", "scratch.kind", '"disks", "directory"'),
        ("scratch.disks", 0, "scratch.disks", "at least 1"),
        ("scratch.select", {"serials": []}, "scratch.select.serials", "at least 1 entries"),
        ("scratch.select", {"model": "x", "serialPrefix": "y"}, "scratch.select", "exactly one of"),
        ("scratch.select", {}, "scratch.select", "exactly one of"),
        ("stores.0.endpoint", "http://10.213.0.1:7443", "stores[0].endpoint", "does not match"),
        ("stores.0.kind", "minio", "stores[0].kind", '"rgw", "aws"'),
        ("stores.1.region", "Frankfurt", "stores[1].region", "does not match"),
        ("stores.0.buckets", ["A"], "stores[0].buckets[0]", "does not match"),
        ("secrets.spark", "s3cret", "secrets.spark", "is a string"),
        ("secrets.spark", {"file": "relative"}, "secrets.spark.file", "does not match"),
        ("spark.conf", {"hadoop.x": "1"}, "spark.conf.hadoop.x", "does not match"),
        ("spark.conf", {"spark.x": 1}, "spark.conf.spark.x", "is a number"),
        ("spark.worker", {"cores": 2}, "spark.worker.memoryMiB", "is missing"),
    ],
)
def test_names_the_place_of_a_fault(path: str, value: Any, place: str, says: str) -> None:
    found = faults(changed(path, value))
    assert len(found) == 1, found
    assert found[0].startswith(f"{place}: ")
    assert says in found[0]


def test_reports_all_faults_together() -> None:
    made = document(cluster="", role="x", extra=1)
    del made["secrets"]
    found = faults(made)
    assert [one.split(":")[0] for one in found] == ["secrets", "cluster", "role", "extra"]


@pytest.mark.parametrize("value", [None, [], "text", 1, True])
def test_refuses_what_is_no_object(value: Any) -> None:
    assert len(faults(value)) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"type": "object", "patternProperties": {}},
        {"type": "object", "properties": {"a": {"format": "ipv4"}}},
        {"anyOf": [{"type": "string"}, {"not": {}}]},
        {"type": "array", "items": {"uniqueItems": True}},
        {"type": "text"},
        {"type": "string", "pattern": "("},
        {"additionalProperties": {"$ref": "#"}},
        "string",
    ],
)
def test_a_schema_with_an_unknown_keyword_is_not_loaded(bad: Any) -> None:
    with pytest.raises(SchemaError):
        Schema(bad)


def test_one_of_accepts_exactly_one() -> None:
    check = Schema({"oneOf": [{"type": "integer"}, {"type": "number", "minimum": 5}]})
    assert check.check(3) == []
    assert check.check(5.5) == []
    assert "fits 2 alternatives" in str(check.check(7)[0])


def test_patterns_mean_what_they_mean_in_javascript() -> None:
    assert translate_pattern(r"^\/[^\0]+$").search("/a\0") is None
    assert translate_pattern(r"^\d$").search("٣") is None
    assert translate_pattern("^[$]$").search("$")
    assert translate_pattern("^a$").search("a\n") is None


@given(st.sampled_from(sorted(document())), st.one_of(st.none(), st.floats(), st.booleans()))
def test_no_member_may_be_something_else(name: str, value: Any) -> None:
    # In JSON 1.0 is the number 1, which `version` is; true is another value there, though not in Python.
    assume(isinstance(value, bool) or document()[name] != value)
    assert faults({**document(), name: value}) != []


@given(st.text(min_size=1).filter(lambda name: name not in document()), st.integers())
def test_no_other_member_may_be_there(name: str, value: int) -> None:
    assert len(faults({**document(), name: value})) == 1
