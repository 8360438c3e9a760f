"""Between the command line and spark-submit: looks up what the cluster, the node and its workers say."""

from __future__ import annotations

import zoneinfo
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kiln_node import paths
from kiln_node.boot import ready
from kiln_node.host import files, reach
from kiln_node.jobs import conf, inputs, packages, settings, wire, zone
from kiln_node.jobs.conf import Settings
from kiln_node.jobs.folder import Folder
from kiln_node.jobs.inputs import Copy, Inputs
from kiln_node.jobs.parse import Submission, WrongUse
from kiln_node.jobs.settings import Prepared
from kiln_node.nodejson.config import NodeConfig
from kiln_node.spark import executors, metastore, properties, sparkconf, sparkimage, sparkjudge

#: What Ivy fetched, for all jobs of the node; Spark's user's (scratch/step.py).
IVY = paths.SCRATCH / "ivy"
#: Variables of the environment that mean something to spark-submit elsewhere.
SPARKS = ("SPARK_", "PYSPARK_", "HADOOP_", "JAVA_", "PYTHONPATH")


@dataclass(frozen=True)
class Given:
    """A submission that may run: its files are there, its settings are allowed and fit the cluster.
    inputs: as the driver sees them, once the copies are made."""

    inputs: Inputs
    copies: tuple[Copy, ...]
    zone: str
    prepared: Prepared
    #: That answer; empty where the job wants no packages, or has Ivy's settings itself.
    repositories: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        return self.prepared.notes


def judged(
    wanted: Submission, config: NodeConfig, environment: Mapping[str, str], job: str, folder: str
) -> Given:
    """NodeFault or WrongUse with what is wrong; writes nothing. folder: where the submitter stands."""
    cluster = properties.values(paths.SPARK_DEFAULTS.read_text(encoding="utf-8"))
    given = inputs.absolute(Inputs(conf.given(wanted, _file(wanted, folder)), wanted.program), folder)
    inputs.check(given)
    own = given.settings
    conf.check(own, config.master_url)
    rules, table = sparkjudge.load("rules"), sparkjudge.load("settings")
    # spark.master of a job is this cluster's, or was refused above
    judged_too = {key: value for key, value in conf.values(own).items() if key != "spark.master"}
    in_force = {**dict(config.spark_conf), **judged_too}
    image = sparkimage.read()
    refusals = sparkjudge.judge(rules, table, image, config.role, in_force, warehouse=config.warehouse)
    conf.refuse(own, refusals, rules)
    merged = {**cluster, **conf.values(own)}
    zone_name = zone.of(merged, environment, zoneinfo.available_timezones())
    workers = ready.alive_workers(ready.ask_master(config))
    prepared = settings.prepare(job, cluster, own, executors.offers(workers), zone_name)
    notes = [*prepared.notes, *_ignored(environment, _unit_environment())]
    made = prepared.properties
    if silent := metastore.faults(merged, reach.fault):
        notes.append(metastore.note(silent))
        made = {**metastore.IMPATIENT, **made}
    placed, copies = inputs.placed(given, Folder(job).input, inputs.readable_by_spark)
    return Given(placed, tuple(copies), zone_name, Prepared(made, tuple(notes)), _repositories(merged))


def written(wanted: Submission, given: Given, job: str, folder: Folder) -> list[str]:
    """spark-submit's arguments, with the files that they name."""
    inputs.copy(given.copies)
    made = {**given.prepared.properties, **_paths(given.inputs.settings)}
    if given.repositories:
        ivy = folder.input / "ivysettings.xml"
        files.folder(folder.input, mode=0o750, group=paths.SPARK_USER)
        files.write(ivy, packages.ivy(given.repositories, IVY), mode=0o640, group=paths.SPARK_USER)
        made = settings.without_mirrors(made, ivy)
    wire.write_settings(job, sparkconf.render(made))
    return settings.command(wanted, given.inputs.program, wire.settings(job))


def _file(wanted: Submission, folder: str) -> str | None:
    """The text of --properties-file; the last one counts, as for spark-submit."""
    named = wanted.values("--properties-file")
    if not named:
        return None
    path = Path(folder) / named[-1]
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise WrongUse(f"--properties-file {path} cannot be read: {error}") from error


def _paths(own: Settings) -> dict[str, str]:
    return {key: own[key].value for key in (*inputs.LISTS, *inputs.SINGLE) if key in own}


def _repositories(merged: Mapping[str, str]) -> tuple[str, ...]:
    if not packages.wanted(merged) or packages.IVY_SETTINGS in merged:
        return ()
    return tuple(packages.check(merged, packages.attempt))


def _unit_environment() -> dict[str, str]:
    """What every driver has (environment.py)."""
    lines = paths.ENVIRONMENT.read_text(encoding="utf-8").splitlines()
    return {name: value.strip('"') for name, _, value in (line.partition("=") for line in lines)}


def _ignored(environment: Mapping[str, str], unit: Mapping[str, str]) -> list[str]:
    """A note on variables whose effect somebody may miss."""
    names = sorted(
        name for name, value in environment.items() if name.startswith(SPARKS) and unit.get(name) != value
    )
    if not names:
        return []
    return [f"{', '.join(names)} of the environment not passed on: use options, or --conf (docs/spark.md)"]
