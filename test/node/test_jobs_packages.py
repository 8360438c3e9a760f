"""Maven packages of a job."""

from __future__ import annotations

import socket
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from kiln_node.faults import NodeFault
from kiln_node.jobs import packages

WANTED = {"spark.jars.packages": "org.example:a:1, org.example:b:2"}
MIRRORS = {**WANTED, "spark.jars.repositories": "https://one/m2,https://two/m2"}


def test_without_a_repository_they_are_unresolved_at_once() -> None:
    with pytest.raises(NodeFault, match="b:2 unresolved: no Maven repo") as fault:
        packages.check(WANTED, lambda _: "not asked")
    assert "--repositories" in fault.value.hint
    assert "maven: in factory.yaml" in fault.value.hint


def test_repositories_that_do_not_answer_are_left_out() -> None:
    asked = {"https://one/m2": "no route to host", "https://two/m2": None}
    assert packages.check(MIRRORS, asked.__getitem__) == ["https://two/m2"]


def test_where_none_answers_each_is_named_with_its_reason() -> None:
    with pytest.raises(NodeFault) as fault:
        packages.check(MIRRORS, lambda one: f"{one} is off")
    assert "https://one/m2 does not answer: https://one/m2 is off; https://two/m2" in fault.value.what


def test_an_address_is_tried(tmp_path: Path) -> None:
    assert packages.attempt(tmp_path.as_uri()) is None
    assert packages.attempt(f"{tmp_path.as_uri()}/none") == "there is no such folder"
    assert packages.attempt("ftp://x/m2") == "it is no address with http, https or file"
    assert packages.attempt("http://x:port/m2") == "its port is not a number"
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert packages.attempt(f"http://127.0.0.1:{port}/m2") is None
    assert "refused" in str(packages.attempt(f"http://127.0.0.1:{port}/m2"))


def test_ivy_asks_these_repositories_in_this_order_and_no_other() -> None:
    root = ET.fromstring(packages.ivy(["https://one/m2?a&b", "file:///m2"], Path("/scratch/ivy")))  # noqa: S314
    assert [one.get("root") for one in root.iter("ibiblio")] == ["https://one/m2?a&b", "file:///m2"]
    caches = root.find("caches")
    assert caches is not None
    assert caches.get("defaultCacheDir") == "/scratch/ivy/cache"
