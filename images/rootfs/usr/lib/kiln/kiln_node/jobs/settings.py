"""What spark-submit is given: the cluster's settings, the job's own, and an executor's size. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kiln_node.jobs import conf, inputs, packages, zone
from kiln_node.jobs.conf import Settings
from kiln_node.jobs.parse import Option, Submission
from kiln_node.spark import executors, javaoptions
from kiln_node.spark.sizing import Offer

#: Settings that kiln-submit changes or judges: they stand in the file that it writes, and nowhere else.
WRITTEN = (
    inputs.LISTS
    | inputs.SINGLE
    | {packages.PACKAGES, packages.REPOSITORIES, "spark.master", *javaoptions.EXTRA}
)
#: Options beside those of WRITTEN that say what holds anyway.
DROPPED = frozenset({"--load-spark-defaults", "--properties-file"})


@dataclass(frozen=True)
class Prepared:
    """properties: the file that spark-submit reads; notes: what the submitter should know."""

    properties: dict[str, str]
    notes: tuple[str, ...] = ()


def prepare(
    job: str,
    cluster: Mapping[str, str],
    own: Settings,
    offers: Sequence[Offer],
    zone_name: str,
) -> Prepared:
    """cluster: what the node's Spark reads; own: the job's, checked; offers: of the living workers."""
    mine = conf.values(own)
    merged = {**cluster, **mine, **javaoptions.of_job(cluster, mine)}
    asked = executors.wanted(cluster, mine)
    # in the event log and on the driver's page, which say so whose they are
    made = {**merged, zone.KEY: zone_name, "spark.kiln.job": job}
    if executors.MEMORY in merged and not offers:
        # it may wait for workers that are still to come: nothing depends on them
        return Prepared(made)
    # also where both are set: Spark would wait for ever for a size that fits nowhere
    found = executors.share(offers, asked)
    sized = executors.properties(found)
    if executors.MEMORY in merged:
        del sized[executors.MEMORY]
    return Prepared({**made, **sized}, tuple(_notes(own, offers, asked, found.cores)))


def _notes(
    own: Settings, offers: Sequence[Offer], asked: executors.Wanted, cores: int | None
) -> Iterator[str]:
    if "spark.executor.instances" in own and "spark.dynamicAllocation.enabled" not in own:
        yield (
            f"{own['spark.executor.instances'].origin}: this cluster does not count executors; limit the job "
            "by --total-executor-cores"
        )
    if asked.memory_mib is None:
        return
    unused = [executors.idle(one, cores, asked.memory_mib) for one in offers]
    if any(unused):
        yield (
            f"with {asked.memory_mib} MiB an executor, {sum(unused)} of {sum(one.cores for one in offers)} "
            "cores stay idle for want of memory; leave spark.executor.memory out to have them used"
        )


def command(given: Submission, program: str | None, file: Path) -> list[str]:
    """spark-submit's arguments; program: as the driver sees it; file: the settings that were prepared."""
    chosen = [word for option in given.options if not _in_file(option) for word in option.words()]
    return ["--properties-file", str(file), *chosen, *replace(given, program=program).resource()]


def _in_file(option: Option) -> bool:
    if option.name == "--conf":
        return (option.value or "").partition("=")[0] in WRITTEN
    return option.name in DROPPED or conf.OPTIONS.get(option.name) in WRITTEN


def without_mirrors(properties: Mapping[str, str], ivy_settings: Path) -> dict[str, str]:
    """Ivy is to ask what its settings file names, and nobody else."""
    kept = {key: value for key, value in properties.items() if key != packages.REPOSITORIES}
    return {**kept, packages.IVY_SETTINGS: str(ivy_settings)}


def name_of(given: Submission) -> str:
    """What people call it: as Spark will, else by its program."""
    named = given.values("--name")
    if named:
        return named[-1]
    set_by_conf = given.conf().get("spark.app.name")
    return set_by_conf or given.module or str(given.program).rpartition("/")[2]
