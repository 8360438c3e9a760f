"""The instance's metadata and Spark's user."""

from __future__ import annotations

import json
import pwd
from collections.abc import Sequence
from types import SimpleNamespace

import pytest
from documents import document

from kiln_node.aws import metadata
from kiln_node.host.commands import Result
from kiln_node.nodejson import config


class Ip:
    def __init__(self, *priorities: int) -> None:
        self.rules = [{"priority": priority} for priority in priorities]
        self.asked: list[str] = []

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:
        if "show" in argv:
            return Result(0, json.dumps(self.rules), "")
        self.asked.append(" ".join(argv[1:]))
        return Result(0, "", "")


@pytest.fixture(autouse=True)
def spark(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pwd, "getpwnam", lambda _: SimpleNamespace(pw_uid=990))


def own_keys() -> config.NodeConfig:
    made = document()
    made["stores"] = made["stores"][:1]
    return config.parse(made)


def test_is_closed_where_every_store_has_keys_of_its_own() -> None:
    ip = Ip(0, 32766)
    assert metadata.close(own_keys(), ip, ipv6=True) == "closed"
    assert ip.asked == [
        "-4 rule add priority 100 uidrange 990-990 to 169.254.169.254 prohibit",
        "-6 rule add priority 100 uidrange 990-990 to fd00:ec2::254 prohibit",
    ]


def test_stays_one_rule_however_often_it_is_closed() -> None:
    ip = Ip(0, 100, 32766)
    metadata.close(own_keys(), ip, ipv6=False)
    assert [words.split()[2] for words in ip.asked] == ["del", "add"]


def test_is_open_where_a_store_is_reached_by_the_instances_role() -> None:
    ip = Ip(0, 100)
    assert metadata.close(config.parse(document()), ip, ipv6=False) == "open"
    assert ip.asked == ["-4 rule del priority 100"]
