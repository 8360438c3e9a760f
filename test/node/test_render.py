"""What Spark and Hadoop read, from node.json and the machine: sizing, settings, files."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from documents import document
from hypothesis import given
from hypothesis import strategies as st

from kiln_node.faults import NodeFault
from kiln_node.host.facts import Facts, memory_limit, parse_memtotal
from kiln_node.nodejson import config
from kiln_node.spark import environment, executors, hadoopconf, sizing, sparkconf, sparkjudge

GIB = 1024
NODE = config.parse(document())
DATA = Path(__file__).parents[2] / "images/rootfs/usr/lib/kiln/spark"
TABLE = sparkjudge.base(
    sparkjudge.load("settings", DATA), sparkjudge.Image("4.1.4", "3.4.2", "3.4.2", "4.1.2")
)


def facts(memory_mib: int) -> Facts:
    return Facts(cores=8, memory_mib=memory_mib, address="10.213.0.20")


@pytest.mark.parametrize(
    ("ram_gib", "kept_mib"),
    [(4, 1331), (10, 1331), (11, 2 * GIB), (21, 3 * GIB), (41, 6 * GIB), (61, 10 * GIB), (101, 15 * GIB)],
)
def test_the_reserve_table(ram_gib: int, kept_mib: int) -> None:
    assert sizing.reserve_mib(ram_gib * GIB) == kept_mib


@given(st.integers(min_value=3 * GIB, max_value=4096 * GIB))
def test_an_offer_leaves_the_reserve_and_memory_for_python(ram: int) -> None:
    offered = sizing.offer(facts(ram), None)
    rest = ram - sizing.reserve_mib(ram)
    assert sizing.LEAST_MIB <= offered.memory_mib <= rest * 0.8
    assert offered.cores == 8


def test_an_override_stands_unless_the_machine_is_smaller() -> None:
    assert sizing.offer(facts(8 * GIB), config.WorkerOffer(2, 4096)) == sizing.Offer(2, 4096)
    with pytest.raises(NodeFault, match="the machine has 2048"):
        sizing.offer(facts(2048), config.WorkerOffer(2, 4096))


def test_a_machine_too_small_is_refused() -> None:
    with pytest.raises(NodeFault, match="would be left"):
        sizing.offer(facts(1400), None)


def test_memory_is_the_lower_of_ram_and_limit() -> None:
    assert parse_memtotal("MemFree: 1 kB\nMemTotal:       16384000 kB\n") == 16000
    assert memory_limit(16000, "max\n") == 16000
    assert memory_limit(16000, str(8 * 2**30)) == 8192
    assert memory_limit(16000, None) == 16000


def test_spark_authenticates_and_encrypts() -> None:
    found = sparkconf.defaults(NODE, "s3cret", TABLE, "4.1.4")
    assert found["spark.authenticate"] == "true"
    assert found["spark.authenticate.secret"] == "s3cret"
    assert found["spark.network.crypto.cipher"] == "AES/GCM/NoPadding"
    assert found["spark.master.rest.enabled"] == "false"
    assert found["spark.local.dir"] == "/scratch/spark"
    assert found["spark.deploy.recoveryDirectory"] == "/scratch/recovery/4.1.4"
    assert not any(key.startswith("fs.") for key in found)


def test_tables_and_paths_without_a_scheme_are_in_the_store_where_node_json_says_so() -> None:
    node = config.parse(document(spark={"conf": {}, "warehouse": "s3a://flights/a/warehouse"}))
    assert sparkconf.defaults(node, "s", TABLE, "4.1.4")["spark.sql.warehouse.dir"] == (
        "s3a://flights/a/warehouse"
    )
    keys = {"store": ("key", "secret")}
    assert hadoopconf.settings(node.stores, keys, TABLE, node.warehouse)["fs.defaultFS"] == "s3a://flights"
    assert "fs.defaultFS" not in hadoopconf.settings(NODE.stores, keys, TABLE, NODE.warehouse)
    # without one, what executors would write is refused all the same
    assert sparkconf.defaults(NODE, "s", TABLE, "4.1.4")["spark.sql.warehouse.dir"] == "/scratch/warehouse"
    assert hadoopconf.settings(NODE.stores, keys, TABLE)["fs.file.impl"] == "kiln.NodeFiles"


def test_executors_find_a_driver_by_address_unless_node_json_says_otherwise() -> None:
    assert sparkconf.of_node({}, "10.0.0.7") == {"spark.driver.host": "10.0.0.7"}
    told = {"spark.driver.host": "driver.example"}
    assert sparkconf.of_node(told, "10.0.0.7") == told


def test_the_cores_of_an_executor_are_a_setting_of_sparks() -> None:
    def cores(**spark: object) -> str | None:
        node = config.parse(document(spark={"conf": {}, **spark}))
        return sparkconf.defaults(node, "s", TABLE, "4.1.4").get("spark.executor.cores")

    assert cores() is None
    assert cores(executorCores=4) == "4"
    assert cores(executorCores=4, conf={"spark.executor.cores": "2"}) == "2"


def test_overrides_of_node_json_win() -> None:
    made = document(spark={"conf": {"spark.io.encryption.enabled": "false"}})
    assert (
        sparkconf.defaults(config.parse(made), "s", TABLE, "4.1.4")["spark.io.encryption.enabled"] == "false"
    )


def test_the_history_server_has_no_secret_and_reads_where_jobs_write() -> None:
    made = document(spark={"conf": {"spark.eventLog.dir": "s3a://flights/events"}})
    found = sparkconf.history(sparkconf.defaults(config.parse(made), "s3cret", TABLE, "4.1.4"))
    assert found["spark.history.fs.logDirectory"] == "s3a://flights/events"
    assert "s3cret" not in found.values()
    assert "spark.authenticate" not in found


def test_what_came_out_is_told_with_its_reason() -> None:
    machine = facts(16 * GIB)
    offer = sizing.offer(machine, None)
    found = sizing.told(machine, None, offer, executors.share([offer], executors.Wanted(4)))
    assert found["why"].startswith("of 16384 MiB, 2048 stay with the system and the daemon, 2868 with Python")
    assert found["executor"] == {
        "perWorker": 2,
        "cores": 4,
        "memoryMiB": 5734,
        "why": "spark.executor.cores is 4",
    }
    one = sizing.told(
        machine, config.WorkerOffer(2, 4096), sizing.Offer(2, 4096), sizing.Executor(None, 4096, 1, "")
    )
    assert "12288 are left for the system" in one["why"]


def test_properties_are_escaped() -> None:
    assert sparkconf.render({"b": "c:\\x\ny", "a": " z"}) == "a=\\ z\nb=c:\\\\x\\ny\n"


def test_stores_are_bound_per_bucket() -> None:
    found = hadoopconf.settings(NODE.stores, {"store": ("AK", "SK")}, TABLE)
    for bucket in ("flights", "spare"):
        assert found[f"fs.s3a.bucket.{bucket}.endpoint"] == "https://10.213.0.1:7443"
        assert found[f"fs.s3a.bucket.{bucket}.secret.key"] == "SK"
        assert found[f"fs.s3a.bucket.{bucket}.path.style.access"] == "true"
    assert found["fs.s3a.bucket.results.endpoint.region"] == "eu-central-1"
    assert "fs.s3a.bucket.results.access.key" not in found
    assert "fs.s3a.access.key" not in found
    assert found["fs.s3a.committer.name"] == "magic"
    assert int(found["fs.s3a.connection.maximum"]) > int(found["fs.s3a.threads.max"])


@given(st.dictionaries(st.from_regex(r"[a-z.]+", fullmatch=True), st.text("<>&\"'ab ", max_size=8)))
def test_core_site_survives_any_value(properties: dict[str, str]) -> None:
    root = ET.fromstring(hadoopconf.render(properties))  # noqa: S314
    found = {item.findtext("name"): item.findtext("value") or "" for item in root}
    assert found == properties


def test_environment_of_a_worker() -> None:
    made = environment.daemon(NODE, facts(8 * GIB), sizing.Offer(4, 4096))
    assert made["SPARK_WORKER_CORES"] == "4"
    assert made["SPARK_WORKER_MEMORY"] == "4096m"
    assert made["KILN_MASTER_URL"] == "spark://10.213.0.10:7077"
    assert environment.common(facts(1))["SPARK_CONF_DIR"] == "/run/kiln/empty"
    assert environment.common(facts(1))["TMPDIR"] == "/scratch/tmp"
    assert made["KILN_MASTER_PAGE"] == "http://10.213.0.10:8080/json/"


def test_environment_files_quote() -> None:
    assert environment.render({"B": 'a"b $c', "A": "x"}) == 'A="x"\nB="a\\"b \\$c"\n'
    with pytest.raises(ValueError, match="one line"):
        environment.render({"A": "x\ny"})
