"""Which configurations of Spark are refused: /usr/lib/kiln/spark/rules.json over one configuration.

The same table is judged by factory/spark/judge.ts when a stack is synthesised; test/fixtures/spark
holds documents that both must judge alike. Pure: files are read by `load`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiln_node import paths
from kiln_node.faults import NodeFault

Condition = Mapping[str, Any]

HADOOP = "spark.hadoop."
BUCKET = "fs.s3a.bucket."


@dataclass(frozen=True)
class Image:
    """What an image runs: releases; None where it has no such jar."""

    spark: str
    hadoop: str | None
    hadoop_aws: str | None
    committer: str | None

    def jar(self, name: str) -> str | None:
        """By the name that the table has for it."""
        return {"hadoop": self.hadoop, "hadoopAws": self.hadoop_aws, "committer": self.committer}[name]


@dataclass(frozen=True)
class Refusal:
    """rule: its id; bucket: whose settings were refused, None for those of all."""

    rule: str
    bucket: str | None
    what: str
    hint: str
    source: str


@dataclass(frozen=True)
class View:
    """What a condition is judged over: settings in force, those of node.json among them, and the image."""

    image: Image
    settings: Mapping[str, str]
    given: frozenset[str]


def load(name: str, folder: Path = paths.SPARK_DATA) -> list[dict[str, Any]]:
    """The list in settings.json or rules.json of the image."""
    path = folder / f"{name}.json"
    try:
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))[name]
    except (OSError, ValueError, KeyError) as error:
        raise NodeFault(
            f"the image's own table cannot be used: {error!r}", where=str(path), hint="bake the image again"
        ) from error
    return found


def flat(conf: Mapping[str, str]) -> dict[str, str]:
    """spark.hadoop.KEY is Hadoop's KEY."""
    return {key.removeprefix(HADOOP): value for key, value in conf.items()}


def base(table: list[dict[str, Any]], image: Image) -> list[dict[str, Any]]:
    """The entries of settings.json that hold for an image."""
    nothing = View(image, {}, frozenset())
    return [entry for entry in table if "when" not in entry or holds(entry["when"], nothing)]


def placed(warehouse: str | None, begins: str = "") -> dict[str, str]:
    """What follows from node.json's spark.warehouse: where tables lie, and whatever path has no scheme.
    begins: of the keys that are wanted."""
    if warehouse is None:
        return {}
    bucket = warehouse.removeprefix("s3a://").partition("/")[0]
    found = {"spark.sql.warehouse.dir": warehouse, "fs.defaultFS": f"s3a://{bucket}"}
    return {key: value for key, value in found.items() if key.startswith(begins)}


def judge(
    rules: list[dict[str, Any]],
    settings: list[dict[str, Any]],
    image: Image,
    role: str,
    conf: Mapping[str, str],
    *,
    warehouse: str | None = None,
) -> list[Refusal]:
    """Every refusal of a configuration; conf, warehouse: of node.json's spark."""
    given = flat(conf)
    table = {entry["key"]: str(entry["value"]) for entry in base(settings, image)}
    in_force = table | placed(warehouse) | given
    everywhere = View(image, in_force, frozenset(given))
    found: list[Refusal] = []
    for rule in rules:
        if role not in rule.get("roles", [role]):
            continue
        if holds(rule["when"], everywhere):
            found.append(_refusal(rule, everywhere, None))
            continue
        if rule.get("perBucket"):
            for bucket in _buckets(in_force):
                view = View(image, _of_bucket(in_force, bucket), frozenset(given))
                if holds(rule["when"], view):
                    found.append(_refusal(rule, view, bucket))
    return found


def holds(condition: Condition, view: View) -> bool:  # noqa: PLR0911 - one return a form
    """One condition. A form that is not known is a ValueError: the table and this file go together."""
    match dict(condition):
        case {"all": parts}:
            return all(holds(part, view) for part in parts)
        case {"any": parts}:
            return any(holds(part, view) for part in parts)
        case {"not": part}:
            return not holds(part, view)
        case {"given": keys}:
            return any(key in view.given for key in keys)
        case {"setting": key, "is": values}:
            return view.settings.get(key, "").strip().lower() in [value.lower() for value in values]
        case {"setting": key, "begins": starts}:
            return view.settings.get(key, "").strip().startswith(tuple(starts))
        case {"setting": key, "above": other}:
            return _above(view.settings.get(key), view.settings.get(other))
        case {"setting": key, "outside": folder}:
            return any(_outside(part, folder) for part in view.settings.get(key, "").split(","))
        case {"setting": key, "onNode": wanted}:
            return _on_node(view.settings.get(key, ""), view.settings.get("fs.defaultFS", "")) is wanted
        case {"spark": bounds}:
            return within(view.image.spark, bounds)
        case {"jar": name, "present": wanted}:
            return (view.image.jar(name) is not None) is wanted
        case {"jar": name, "differs": other}:
            pair = view.image.jar(name), view.image.jar(other)
            return None not in pair and pair[0] != pair[1]
    raise ValueError(f"no such condition: {condition}")


def _above(left: str | None, right: str | None) -> bool:
    """Whole numbers alone; equal counts as above, as it leaves nothing over."""
    if left is None or right is None or not re.fullmatch(r"\d+", left) or not re.fullmatch(r"\d+", right):
        return False
    return int(left) >= int(right)


def _outside(path: str, folder: str) -> bool:
    """A local path that is not below the folder; an address of a store is no local path."""
    local = re.sub(r"^file:(//)?", "", path.strip())
    if local == "" or re.match(r"^[a-z0-9+.-]+:", local):
        return False
    return ".." in local.split("/") or not local.startswith(f"{folder}/")


def _on_node(path: str, default: str) -> bool:
    """A path on a node's own disk: of the scheme file, or of none where the default file system is local."""
    scheme = _scheme(path) or _scheme(default) or "file"
    return path.strip() != "" and scheme == "file"


def _scheme(path: str) -> str:
    found = re.match(r"[a-z][a-z0-9+.-]*(?=:)", path.strip().lower())
    return "" if found is None else found[0]


def within(release: str, bounds: Mapping[str, str]) -> bool:
    """Whether a release is in bounds: {"from": the first, "before": the first that is not}, each optional."""
    version = _version(release)
    return ("from" not in bounds or version >= _version(bounds["from"])) and (
        "before" not in bounds or version < _version(bounds["before"])
    )


def _version(text: str) -> list[int]:
    numbers = [int(part) for part in re.findall(r"\d+", text)[:3]]
    return numbers + [0] * (3 - len(numbers))


def _buckets(settings: Mapping[str, str]) -> list[str]:
    """Those with settings of their own. A name may have dots; what follows it begins with a word of S3A's."""
    found = {
        match[1]
        for key in settings
        if (
            match := re.match(
                r"^fs\.s3a\.bucket\.(.+?)\.(buffer|committer|threads|connection|endpoint)\.?", key
            )
        )
    }
    return sorted(found)


def _of_bucket(settings: Mapping[str, str], bucket: str) -> dict[str, str]:
    own = f"{BUCKET}{bucket}."
    return {
        **settings,
        **{f"fs.s3a.{key[len(own) :]}": value for key, value in settings.items() if key.startswith(own)},
    }


def _refusal(rule: dict[str, Any], view: View, bucket: str | None) -> Refusal:
    jars = {name: view.image.jar(name) or "missing" for name in ("hadoop", "hadoopAws", "committer")}
    texts = {**view.settings, **jars}
    what = re.sub(r"\{([\w.]+)\}", lambda found: texts.get(found[1], "not set"), str(rule["what"]))
    return Refusal(
        rule=rule["id"],
        bucket=bucket,
        what=what if bucket is None else f"bucket {bucket}: {what}",
        hint=rule["hint"],
        source=rule["source"],
    )
