"""A job's time zone."""

from __future__ import annotations

import pytest

from kiln_node.jobs import zone
from kiln_node.jobs.parse import WrongUse

KNOWN = {"UTC", "Europe/Berlin", "Asia/Tokyo"}


@pytest.mark.parametrize(
    ("settings", "environment", "expected"),
    [
        ({}, {}, "UTC"),
        ({}, {"TZ": ""}, "UTC"),
        ({}, {"TZ": "Asia/Tokyo"}, "Asia/Tokyo"),
        ({"spark.executorEnv.TZ": "Europe/Berlin"}, {"TZ": "Asia/Tokyo"}, "Europe/Berlin"),
    ],
)
def test_settings_come_before_the_environment(
    settings: dict[str, str], environment: dict[str, str], expected: str
) -> None:
    assert zone.of(settings, environment, KNOWN) == expected


@pytest.mark.parametrize("name", ["CET-1CEST,M3.5.0", ":Europe/Berlin", "Nowhere", "../../etc/passwd"])
def test_a_zone_that_java_and_python_read_differently_is_refused(name: str) -> None:
    with pytest.raises(WrongUse, match="TZ of the environment"):
        zone.of({}, {"TZ": name}, KNOWN)
    with pytest.raises(WrongUse, match=r"spark\.executorEnv\.TZ"):
        zone.of({"spark.executorEnv.TZ": name}, {}, KNOWN)
