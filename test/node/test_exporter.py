"""A node's metrics and state over HTTP."""

from __future__ import annotations

import json
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln_node.host import clock
from kiln_node.host.server import Server
from kiln_node.status import exporter, live, metrics, status

#: Five of a hundred are kept for root.
SPACE = live.Space(
    size=100 * 2**30, used=55 * 2**30, free=40 * 2**30, files=1000, files_free=900, read_only=False
)
CLOCK = clock.Clock(synchronised=True, offset=-0.0001, estimated_error=0.0, greatest_error=0.02)


def state(**change: Any) -> status.State:
    return {
        **status.advance(status.initial(), "ready", 5500),
        "cluster": "night",
        "role": "worker",
        "image": {"digest": "sha256:b", "contentId": "sha256:a", "matches": True},
        **change,
    }


def look(**change: Any) -> live.Live:
    return live.Live(state(**change), SPACE, CLOCK)


def values(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return dict(line.rsplit(" ", 1) for line in lines)


@contextmanager
def serving(found: live.Live) -> Iterator[str]:
    with Server(("127.0.0.1", 0), exporter.handler(lambda: found)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def get(url: str) -> tuple[str, str]:
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=5) as answer:
        return answer.headers["Content-Type"], answer.read().decode()


def test_serves_metrics_as_prometheus_reads_them() -> None:
    with serving(look()) as url:
        kind, text = get(f"{url}/metrics")
    assert kind == "text/plain; version=0.0.4; charset=utf-8"
    found = values(text)
    assert found['kiln_node_phase{phase="ready"}'] == "1"
    assert found['kiln_node_phase{phase="failed"}'] == "0"
    assert found['kiln_node_phase_seconds{phase="ready"}'] == "5.5"
    assert found["kiln_scratch_size_bytes"] == str(100 * 2**30)
    assert found["kiln_scratch_used_bytes"] == str(55 * 2**30)
    assert found["kiln_scratch_free_bytes"] == str(40 * 2**30)
    assert found["kiln_clock_offset_seconds"] == "-0.0001"
    assert (
        'kiln_node_info{cluster="night",role="worker",image="sha256:b",content="sha256:a"} 1'
        in text.splitlines()
    )


def test_serves_the_same_as_json() -> None:
    with serving(look()) as url:
        document = json.loads(get(f"{url}/status.json")[1])
    assert document["status"]["role"] == "worker"
    assert document["scratch"] == {
        "sizeBytes": 100 * 2**30,
        "usedBytes": 55 * 2**30,
        "freeBytes": 40 * 2**30,
        "readOnly": False,
    }
    assert document["clock"]["synchronised"] is True


def test_has_nothing_else() -> None:
    with serving(look()) as url, pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{url}/etc/kiln/node.json")


def test_what_is_not_known_has_no_sample() -> None:
    text = metrics.render(metrics.samples(live.Live(status.initial(), None, None)))
    assert values(text)["kiln_scratch_mounted"] == "0"
    assert not re.search("seal|files|clock|canary|image_matches|scratch_size", text)


def test_seal_files_and_canary_where_there_are_any() -> None:
    found = values(
        metrics.render(
            metrics.samples(
                look(
                    seal={"rootHash": "a", "intact": False, "stops": True},
                    files={"files": 900, "damaged": 2, "first": []},
                    canary={
                        "at": 1_800_000_000,
                        "seconds": 9,
                        "ids": [],
                        "proved": ["a", "b"],
                        "missing": [],
                    },
                )
            )
        )
    )
    assert found["kiln_seal_intact"] == "0"
    assert found["kiln_files_damaged"] == "2"
    assert found['kiln_canary_workers{verdict="proved"}'] == "2"
    assert found['kiln_canary_workers{verdict="missing"}'] == "0"
    assert found["kiln_canary_time_seconds"] == "1800000000"


@given(st.text())
def test_a_label_is_one_line_whatever_is_in_it(name: str) -> None:
    text = metrics.render(metrics.samples(look(cluster=name.replace("\r", "")))).split("\n")
    line = next(one for one in text if one.startswith("kiln_node_info"))
    assert line.endswith('content="sha256:a"} 1')


@pytest.mark.parametrize(("mount", "system", "expected"), [("ro", "rw", False), ("rw", "ro", True)])
def test_scratch_is_read_only_when_its_file_system_is(mount: str, system: str, expected: bool) -> None:
    # ProtectSystem=strict mounts it read-only for the exporter alone
    text = f"40 30 9:127 / /scratch {mount},relatime - xfs /dev/md127 {system},attr2\n"
    assert live.read_only(text) is expected


def test_scratch_is_not_measured_where_nothing_is_mounted(tmp_path: Path) -> None:
    assert live.space(tmp_path) is None
    assert live.space(tmp_path / "gone") is None
    found = live.space(Path("/proc"))
    assert found is not None
