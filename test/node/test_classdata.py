"""The class data archive, where the image has one."""

from __future__ import annotations

from pathlib import Path

from documents import document

from kiln_node.host.facts import Facts
from kiln_node.nodejson import config
from kiln_node.spark import classdata, environment, sparkconf


def test_daemons_drivers_and_executors_are_told_of_it(tmp_path: Path) -> None:
    archive = tmp_path / "spark.jsa"
    assert classdata.options(archive) == ""
    archive.touch()
    options = classdata.options(archive)
    node = config.parse(document())
    settings = sparkconf.defaults(node, "s", [], "4.1.4", options)
    daemon = environment.daemon(node, Facts(1, 4096, "10.0.0.1"), None, options)
    for told in (
        settings["spark.driver.defaultJavaOptions"],
        settings["spark.executor.defaultJavaOptions"],
        daemon["SPARK_DAEMON_JAVA_OPTS"],
    ):
        assert f"-XX:SharedArchiveFile={archive}" in told.split()
        assert told.startswith(sparkconf.TRUST_OPTIONS)
    without = sparkconf.defaults(node, "s", [], "4.1.4")
    assert without["spark.driver.defaultJavaOptions"] == sparkconf.TRUST_OPTIONS
