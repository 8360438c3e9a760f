"""Hive's metastore where a job uses one elsewhere."""

from __future__ import annotations

import socket

import pytest

from kiln_node.host import reach
from kiln_node.spark import metastore


@pytest.mark.parametrize("key", ["spark.hadoop.hive.metastore.uris", "spark.hive.metastore.uris"])
def test_every_address_is_tried_with_hives_own_port(key: str) -> None:
    asked: list[tuple[str, int]] = []

    def fault(host: str, port: int) -> str:
        asked.append((host, port))
        return "refused"

    found = metastore.faults({key: "thrift://a, thrift://b:1"}, fault)
    assert found == ["thrift://a: refused", "thrift://b:1: refused"]
    assert sorted(asked) == [("a", 9083), ("b", 1)]
    assert "thrift://b:1: refused" in metastore.note(found)


def test_one_that_answers_is_enough() -> None:
    asked = {"a": "refused", "b": None}
    settings = {"spark.hive.metastore.uris": "thrift://a:1,thrift://b:1"}
    assert metastore.faults(settings, lambda host, _: asked[host]) == []


def test_a_job_with_a_metastore_of_its_own_asks_nobody() -> None:
    assert metastore.faults({"spark.hive.metastore.uris": " "}, lambda *_: "asked") == []
    assert metastore.faults({}, lambda *_: "asked") == []


@pytest.mark.parametrize("uri", ["http://a:1", "a:9083", "thrift://a:port", "thrift://"])
def test_an_address_that_is_none_says_so(uri: str) -> None:
    (found,) = metastore.faults({"spark.hive.metastore.uris": uri}, lambda *_: None)
    assert "it is not thrift://HOST:PORT" in found or "its port is not a number" in found


def test_a_port_answers_or_says_why_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert reach.fault("127.0.0.1", port) is None
    assert "refused" in str(reach.fault("127.0.0.1", port))
