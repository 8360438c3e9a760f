"""The canary: a job that must run an executor on every worker."""

from __future__ import annotations

import json
from typing import Any

import pytest
from documents import document
from programs import Programs

from kiln_node import paths
from kiln_node.boot import ready
from kiln_node.duties import canary
from kiln_node.faults import NodeFault
from kiln_node.host.commands import Result
from kiln_node.nodejson import config
from kiln_node.status import status

SUBMIT = "/usr/bin/kiln-submit"
MASTER = config.parse(document(role="master"))
WAREHOUSE = "s3a://flights/warehouse"
WITH_TABLES = config.parse(document(role="master", spark={"conf": {}, "warehouse": WAREHOUSE}))


def answer(*hosts: str, table: dict[str, Any] | None = None) -> str:
    return canary.ANSWER + json.dumps({"hosts": hosts, "table": table})


def worker(number: int, **change: Any) -> dict[str, Any]:
    return {
        "id": f"worker-{number}",
        "host": f"10.213.0.{19 + number}",
        "state": "ALIVE",
        "coresfree": 1,
        "memoryfree": 1024,
        **change,
    }


def answering(*workers: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ALIVE", "workers": list(workers)}


def test_asks_for_one_core_of_every_worker_and_for_nothing_of_the_store_without_a_warehouse() -> None:
    words = canary.arguments(3, 120, None)
    settings = dict(word.split("=", 1) for word in words if word.startswith("spark."))
    assert settings["spark.cores.max"] == "3"
    assert settings["spark.executor.cores"] == "1"
    assert settings["spark.scheduler.minRegisteredResourcesRatio"] == "1.0"
    assert settings["spark.scheduler.maxRegisteredResourcesWaitingTime"] == "120s"
    assert settings["spark.eventLog.enabled"] == "false"
    assert words[-2:] == [str(paths.CANARY_JOB), "3"]
    assert canary.arguments(3, 120, WAREHOUSE)[-3:] == [str(paths.CANARY_JOB), "3", WAREHOUSE]


@pytest.mark.parametrize(
    ("ran", "proved", "missing"),
    [
        (["10.213.0.20", "10.213.0.21"], ["10.213.0.20", "10.213.0.21"], []),
        (["10.213.0.21"], ["10.213.0.21"], ["10.213.0.20"]),
    ],
)
def test_says_which_workers_ran_an_executor(ran: list[str], proved: list[str], missing: list[str]) -> None:
    commands = Programs({SUBMIT: f"something of the job's own\n{answer(*ran)}\n"})
    workers = [worker(1), worker(2), worker(3, state="DEAD")]
    times = iter([1000.0, 1007.25])
    found = canary.run(MASTER, commands, 60, ask=lambda: answering(*workers), clock=lambda: next(times))
    assert found == {
        "at": 1000,
        "seconds": 7.2,
        "ids": ["worker-1", "worker-2"],
        "proved": proved,
        "missing": missing,
        "table": "no table: node.json has no spark.warehouse, and who writes one is refused",
    }


@pytest.mark.parametrize(
    ("role", "workers", "said", "match"),
    [
        ("worker", [worker(1)], "", "this node is a worker"),
        ("master", [], "", "no living worker"),
        ("master", [worker(1, coresfree=0), worker(2)], "", "no free core or memory .* 10.213.0.20: jobs"),
        ("master", [worker(1, memoryfree=100)], "", "no free core or memory"),
        ("master", [worker(1)], "nothing of use", "did not answer"),
        (
            "master",
            [worker(1)],
            Result(1, "", "x\n26/11 ERROR no space\n at y\n"),
            "with 1: 26/11 ERROR no space",
        ),
    ],
)
def test_says_why_none_ran(role: str, workers: list[dict[str, Any]], said: str | Result, match: str) -> None:
    node = config.parse(document(role=role))
    with pytest.raises(NodeFault, match=match):
        canary.run(node, Programs({SUBMIT: said}), 60, ask=lambda: answering(*workers))


def test_says_that_a_table_kept_its_rows() -> None:
    commands = Programs({SUBMIT: answer("10.213.0.20", table={"written": 100, "read": 100})})
    found = canary.run(WITH_TABLES, commands, 60, ask=lambda: answering(worker(1)))
    assert found["table"] == "a table of 100 rows kept them"
    assert "; a table of 100 rows kept them" in status.canary_sentence(found)


S3A = "software.amazon.awssdk.services.s3.model.S3Exception: null (Service: S3, Status Code: 403)"


@pytest.mark.parametrize(
    ("table", "what", "hint"),
    [
        ({"written": 200, "read": 0}, "wrote 200 rows, and 0 were read back", "run no job that writes"),
        ({"written": 200, "read": 199}, "199 were read back", "same store"),
        ({"fault": f"{S3A}"}, "no table can be written to s3a://flights/warehouse", "keys or role"),
        ({"fault": "x: getFileStatus on s3a://b/w: AccessDenied"}, "AccessDenied", "keys or role"),
        ({"fault": "UnknownStoreException: `s3a://b/`: Bucket does not exist"}, "Unknown", "make the bucket"),
        ({"fault": "SdkClientException: Unable to execute HTTP request: refused"}, "refused", "it runs"),
        ({"fault": "java.net.UnknownHostException: store"}, "UnknownHost", "reach the store"),
        ({"fault": "javax.net.ssl.SSLHandshakeException: PKIX"}, "PKIX", "ca in node.json"),
        ({"fault": "something else"}, "something else", "by hand"),
    ],
)
def test_names_the_cause_when_a_table_does_not_keep_its_rows(
    table: dict[str, Any], what: str, hint: str
) -> None:
    commands = Programs({SUBMIT: answer("10.213.0.20", table=table)})
    with pytest.raises(NodeFault) as caught:
        canary.run(WITH_TABLES, commands, 60, ask=lambda: answering(worker(1)))
    assert what in caught.value.what
    assert hint in caught.value.hint


def test_is_run_once_for_the_same_workers_and_anew_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    states = [status.initial()]
    monkeypatch.setattr(status, "read", lambda: states[-1])
    monkeypatch.setattr(status, "publish", states.append)
    workers = [worker(1)]
    monkeypatch.setattr(ready, "ask_master", lambda _: answering(*workers))
    commands = Programs({SUBMIT: answer("10.213.0.20", "10.213.0.21")})
    ran = [canary.ensure(MASTER, commands, 60, again=again)[1] for again in (False, False, True)]
    workers.append(worker(2))
    ran.append(canary.ensure(MASTER, commands, 60, again=False)[1])
    assert ran == [True, False, True, True]
    assert states[-1]["canary"]["proved"] == ["10.213.0.20", "10.213.0.21"]
    assert "ran on 2 of 2 workers" in status.describe({**states[-1], "role": "master"})
