"""Java options: what every JVM needs is there in each line of Spark, whatever a stack or a job adds."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln_node.jobs import settings
from kiln_node.jobs.conf import Setting
from kiln_node.spark import javaoptions
from kiln_node.spark.sizing import Offer

OURS = "-Djavax.net.ssl.trustStore=/run/kiln/trust"
RELEASES = ["2.2.3", "2.4.8", "3.0.3", "3.5.9", "4.1.4"]
OPTIONS = st.sampled_from([None, "", "-Xss4m", "-Da=b -Dc=d"])


def seen(properties: Mapping[str, str], release: str, process: str) -> str:
    """The options that Spark of a release starts a process with."""
    extra = properties.get(f"spark.{process}.extraJavaOptions", "")
    default = properties.get(f"spark.{process}.defaultJavaOptions", "")
    return f"{default} {extra}" if release >= "3.0" else extra


@pytest.mark.parametrize("release", RELEASES)
@pytest.mark.parametrize("process", javaoptions.PROCESSES)
@given(stack=OPTIONS, job=OPTIONS, default=OPTIONS)
def test_what_every_jvm_needs_comes_first_and_a_jobs_own_last(
    release: str, process: str, stack: str | None, job: str | None, default: str | None
) -> None:
    extra = f"spark.{process}.extraJavaOptions"
    conf = {extra: stack, f"spark.{process}.defaultJavaOptions": default}
    node = {key: value for key, value in conf.items() if value is not None}
    cluster = javaoptions.of_node(OURS, release, node)
    own = {} if job is None else {extra: Setting(job, "--conf")}
    offers = [Offer(cores=2, memory_mib=4096)]
    found = seen(settings.prepare("id", cluster, own, offers, "UTC").properties, release, process).split()
    assert found[0] == OURS
    assert found[len(found) - len((job or "").split()) :] == (job or "").split()
    if release < "3.0":
        assert found == [OURS, *(default or "").split(), *(stack or "").split(), *(job or "").split()]


def test_an_option_of_spark_submit_does_not_replace_them() -> None:
    assert settings.WRITTEN.issuperset(javaoptions.EXTRA)
