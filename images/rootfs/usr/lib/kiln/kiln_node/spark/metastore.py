"""Hive's metastore where a job uses one elsewhere: whether it answers, and how long Hive may wait for it.

Without hive.metastore.uris every driver has a metastore of its own, in its working directory, which ends with
the job. Hive waits ten minutes for one that does not answer, three times, and Spark does so again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

#: Spark gives both to Hive.
URIS = ("spark.hadoop.hive.metastore.uris", "spark.hive.metastore.uris")
#: Hive's own port.
PORT = 9083

#: What Hive is told where none answers. Seconds.
IMPATIENT = {
    "spark.hadoop.hive.metastore.client.socket.timeout": "10",
    "spark.hadoop.hive.metastore.connect.retries": "1",
}

#: Why a host's port does not answer; None where it does.
Fault = Callable[[str, int], str | None]


def uris(settings: Mapping[str, str]) -> list[str]:
    """In the order in which Hive tries them."""
    named = next((settings[key] for key in URIS if settings.get(key, "").strip()), "")
    return [one.strip() for one in named.split(",") if one.strip()]


def faults(settings: Mapping[str, str], fault: Fault) -> list[str]:
    """Why each does not answer; empty where one does, and where there is none."""
    wanted = uris(settings)
    if not wanted:
        return []
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = list(pool.map(lambda uri: _fault(uri, fault), wanted))
    return [] if None in found else [f"{uri}: {why}" for uri, why in zip(wanted, found, strict=True)]


def note(found: list[str]) -> str:
    return (
        f"Hive's metastore does not answer ({'; '.join(found)}): whatever asks for its tables will fail; "
        "see hive.metastore.uris in the job's settings and in the stack's conf"
    )


def _fault(uri: str, fault: Fault) -> str | None:
    parts = urlsplit(uri)
    try:
        port = parts.port or PORT
    except ValueError:
        return "its port is not a number"
    if parts.scheme != "thrift" or parts.hostname is None:
        return "it is not thrift://HOST:PORT"
    return fault(parts.hostname, port)
