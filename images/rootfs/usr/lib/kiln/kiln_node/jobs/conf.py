"""What a job sets itself, from where, and what it may not set: pure.

As spark-submit weighs them: an option such as --executor-cores over --conf over --properties-file. The
cluster's own settings come below all of these, so that a job's file adds to them instead of replacing them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kiln_node.jobs.parse import Submission, WrongUse
from kiln_node.spark import properties
from kiln_node.spark.sparkjudge import BUCKET, HADOOP, Refusal

#: Options of spark-submit that are settings (SparkSubmitArguments.loadEnvironmentArguments).
OPTIONS = {
    "--archives": "spark.archives",
    "--deploy-mode": "spark.submit.deployMode",
    "--driver-java-options": "spark.driver.extraJavaOptions",
    "--driver-memory": "spark.driver.memory",
    "--exclude-packages": "spark.jars.excludes",
    "--executor-cores": "spark.executor.cores",
    "--executor-memory": "spark.executor.memory",
    "--files": "spark.files",
    "--jars": "spark.jars",
    "--keytab": "spark.kerberos.keytab",
    "--master": "spark.master",
    "--num-executors": "spark.executor.instances",
    "--name": "spark.app.name",
    "--packages": "spark.jars.packages",
    "--py-files": "spark.submit.pyFiles",
    "--remote": "spark.remote",
    "--repositories": "spark.jars.repositories",
    "--total-executor-cores": "spark.cores.max",
}

#: The cluster's own: the pattern of a key, why, and what to do instead.
GUARDED = (
    (
        re.compile(r"spark\.authenticate(\..*)?"),
        "guards the cluster's secret",
        "leave it out: kiln-submit gives the job what it needs",
    ),
    (
        re.compile(r"spark\.(network\.(crypto|sasl)|ssl\.rpc)\..*"),
        "must be the same in the job and in the master, or they cannot talk",
        "leave it out; for the whole cluster, set it in the stack's conf",
    ),
    (
        re.compile(r"spark\.(driver|executor)\.defaultJavaOptions"),
        "holds what JVMs need here, such as the authorities of the stores",
        "use spark.driver.extraJavaOptions or spark.executor.extraJavaOptions, which are added to it",
    ),
    (
        re.compile(r"spark\.remote"),
        "would lead the job to another server",
        "leave it out: jobs of this node run on its cluster",
    ),
    (
        re.compile(r"spark\.kiln\..*"),
        "is kiln's own",
        "leave it out",
    ),
)


@dataclass(frozen=True)
class Setting:
    """origin: where it stands, in words: `--executor-cores`, or a file and its line."""

    value: str
    origin: str


Settings = Mapping[str, Setting]


def given(submission: Submission, text: str | None) -> dict[str, Setting]:
    """By key; text: of the file of --properties-file. WrongUse where the file cannot be read as one."""
    found: dict[str, Setting] = {}
    if text is not None:
        path = submission.values("--properties-file")[-1]
        try:
            for one in properties.parse(text):
                found[one.key] = Setting(one.value, f"{path}, line {one.line}")
        except ValueError as error:
            raise WrongUse(
                f"{path}: {error}", "see java.util.Properties for what such a file may hold"
            ) from error
    for key, value in submission.conf().items():
        found[key] = Setting(value, "--conf")
    for option, key in OPTIONS.items():
        for value in submission.values(option):
            found[key] = Setting(value, option)
    return found


def values(settings: Settings) -> dict[str, str]:
    return {key: setting.value for key, setting in settings.items()}


def check(settings: Settings, master: str) -> None:
    """WrongUse that names every setting which a job may not have. master: the cluster's, spark://HOST:PORT."""
    faults = [*_guarded(settings), *_elsewhere(settings, master)]
    if faults:
        raise WrongUse(
            "; ".join(what for what, _ in faults), "; ".join(dict.fromkeys(hint for _, hint in faults))
        )


def _guarded(settings: Settings) -> Iterator[tuple[str, str]]:
    for key, setting in settings.items():
        for pattern, why, hint in GUARDED:
            if pattern.fullmatch(key):
                yield f"{key} ({setting.origin}) {why}", hint


def _elsewhere(settings: Settings, master: str) -> Iterator[tuple[str, str]]:
    named = settings.get("spark.master")
    if named is not None and named.value != master:
        yield (
            f"the master is {named.value} ({named.origin}), and jobs of this node run on {master}",
            "leave it out",
        )
    mode = settings.get("spark.submit.deployMode")
    if mode is not None and mode.value.strip().lower() != "client":
        yield (
            f"the deploy mode is {mode.value!r} ({mode.origin}): spark-submit would end while the job goes "
            "on elsewhere",
            "leave it out; --detach returns as soon as the driver has started",
        )


def refuse(settings: Settings, refusals: Sequence[Refusal], rules: Sequence[Mapping[str, Any]]) -> None:
    """WrongUse for what rules.json refuses, which holds for a job as for a stack. refusals: of the cluster's
    settings with the job's; the cluster's alone were judged before its daemons started."""
    if not refusals:
        return
    conditions = {rule["id"]: json.dumps(rule["when"]) for rule in rules}
    whats = [
        f"{one.what} ({_origin(settings, conditions[one.rule], one.bucket)}) [{one.source}]"
        for one in refusals
    ]
    raise WrongUse("; ".join(whats), "; ".join(dict.fromkeys(one.hint for one in refusals)))


def _origin(settings: Settings, condition: str, bucket: str | None) -> str:
    """Where the job sets what a rule asks for."""
    named = []
    for key, setting in settings.items():
        flat = key.removeprefix(HADOOP)
        if bucket is not None:
            flat = flat.replace(f"{BUCKET}{bucket}.", "fs.s3a.")
        if f'"{flat}"' in condition:
            named.append(f"{key}: {setting.origin}")
    return ", ".join(named) or "the job's settings"
