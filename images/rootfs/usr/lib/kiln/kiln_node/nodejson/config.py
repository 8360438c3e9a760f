"""node.json as typed values. Reading is strict: the schema decides, nothing here has a default."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kiln_node.faults import NodeFault
from kiln_node.nodejson import rules
from kiln_node.nodejson.schema import Fault, Schema, SchemaError

Role = Literal["master", "worker", "history", "notebook", "driver", "standby"]


@dataclass(frozen=True)
class SecretRef:
    """Exactly one is set: a file's absolute path, the name of a system credential, or of an SSM parameter
    (with its region)."""

    file: str | None = None
    credential: str | None = None
    ssm: str | None = None
    region: str | None = None

    def __str__(self) -> str:
        if self.ssm is not None:
            return f"SSM parameter {self.ssm} in {self.region}"
        return f"credential {self.credential}" if self.credential else f"file {self.file}"


@dataclass(frozen=True)
class Selection:
    """Which disks may be scratch; exactly one is set. size_gib: smallest and largest, both included."""

    model: str | None = None
    serial_prefix: str | None = None
    serials: tuple[str, ...] | None = None
    wwns: tuple[str, ...] | None = None
    size_gib: tuple[int, int] | None = None

    def __str__(self) -> str:
        if self.model is not None:
            return f'model "{self.model}"'
        if self.serial_prefix is not None:
            return f'serial starting with "{self.serial_prefix}"'
        if self.size_gib is not None:
            return f"size from {self.size_gib[0]} to {self.size_gib[1]} GiB"
        if self.wwns is not None:
            return f"WWN one of {', '.join(self.wwns)}"
        return f"serial one of {', '.join(self.serials or ())}"


@dataclass(frozen=True)
class DiskPolicy:
    """disks: how many there must be; deadline: seconds to wait for them; erase: serials of selected disks
    whose foreign data may be overwritten."""

    select: Selection
    disks: int
    deadline: int
    missing: Literal["fail", "degrade"]
    erase: tuple[str, ...] = ()


@dataclass(frozen=True)
class DirectoryPolicy:
    """/scratch was mounted by whoever started the machine."""


ScratchPolicy = DiskPolicy | DirectoryPolicy


@dataclass(frozen=True)
class RgwStore:
    name: str
    endpoint: str
    buckets: tuple[str, ...]
    access_key: SecretRef
    secret_key: SecretRef
    ca: SecretRef | None


@dataclass(frozen=True)
class AwsStore:
    name: str
    region: str
    buckets: tuple[str, ...]


Store = RgwStore | AwsStore


@dataclass(frozen=True)
class WorkerOffer:
    cores: int
    memory_mib: int


@dataclass(frozen=True)
class Hook:
    """Of an auto-scaling group, which waits for a machine that is to go."""

    group: str
    name: str
    region: str


@dataclass(frozen=True)
class Leave:
    """notice: who tells a worker that its machine goes; seconds: until it is stopped at the latest; hook: who
    waits for that."""

    notice: Literal["none", "ec2"] = "none"
    seconds: int = 110
    hook: Hook | None = None


@dataclass(frozen=True)
class Notebook:
    """When a notebook's executors go: seconds without work, and with cached or shuffled data; None:
    kernel.py's own."""

    idle_seconds: int | None = None
    idle_with_data_seconds: int | None = None


@dataclass(frozen=True)
class NodeConfig:
    cluster: str
    role: Role
    master_host: str
    master_port: int
    image_digest: str
    image_content_id: str
    scratch: ScratchPolicy
    stores: tuple[Store, ...]
    spark_secret: SecretRef
    spark_conf: tuple[tuple[str, str], ...]
    worker: WorkerOffer | None
    notebook_secret: SecretRef | None = None
    executor_cores: int | None = None
    least_free_mib: int | None = None
    leave: Leave = Leave()
    notebook: Notebook = Notebook()
    warehouse: str | None = None

    @property
    def master_url(self) -> str:
        return f"spark://{self.master_host}:{self.master_port}"


def load(path: Path, schema_path: Path) -> NodeConfig:
    """Read, check and convert node.json. Raises NodeFault naming every fault of the file."""
    schema = _schema(schema_path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise NodeFault(
            f"no node.json: {path} does not exist",
            where=str(path),
            hint="give this machine user data made by kiln (cloud-init writes the file); "
            "see `cloud-init status --long`",
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise NodeFault(
            f"node.json cannot be read: {error}", where=str(path), hint="see its owner and encoding"
        ) from error
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant)
    except ValueError as error:
        raise NodeFault(
            f"node.json is not JSON: {error}", where=str(path), hint="let kiln write the user data"
        ) from error
    faults = check(document, schema)
    if faults:
        raise NodeFault(
            "node.json is not valid: " + "; ".join(map(str, faults)),
            where=str(path),
            hint="correct the configuration that made the user data and start the machine anew",
        )
    return parse(document)


def check(document: dict[str, Any], schema: Schema) -> list[Fault]:
    """Every fault of a document: of its shape first, and only of a right one what a shape cannot say."""
    return schema.check(document) or rules.check(document)


def parse(document: dict[str, Any]) -> NodeConfig:
    """A document that the schema has accepted, as typed values."""
    spark = document["spark"]
    worker = spark.get("worker")
    return NodeConfig(
        cluster=document["cluster"],
        role=document["role"],
        master_host=document["master"]["host"],
        master_port=int(document["master"]["port"]),
        image_digest=document["image"]["digest"],
        image_content_id=document["image"]["contentId"],
        scratch=_scratch(document["scratch"]),
        stores=tuple(_store(store) for store in document["stores"]),
        spark_secret=_secret(document["secrets"]["spark"]),
        spark_conf=tuple(sorted(spark["conf"].items())),
        worker=WorkerOffer(int(worker["cores"]), int(worker["memoryMiB"])) if worker else None,
        notebook_secret=_secret(document["secrets"]["notebook"])
        if "notebook" in document["secrets"]
        else None,
        executor_cores=int(spark["executorCores"]) if "executorCores" in spark else None,
        least_free_mib=int(spark["leastFreeMiB"]) if "leastFreeMiB" in spark else None,
        leave=_leave(spark["leave"]) if "leave" in spark else Leave(),
        notebook=_notebook(spark.get("notebook", {})),
        warehouse=spark.get("warehouse"),
    )


def _notebook(document: dict[str, Any]) -> Notebook:
    def whole(name: str) -> int | None:
        return int(document[name]) if name in document else None

    return Notebook(whole("idleSeconds"), whole("idleWithDataSeconds"))


def _leave(document: dict[str, Any]) -> Leave:
    hook = document.get("hook")
    return Leave(
        notice=document["notice"],
        seconds=int(document["seconds"]),
        hook=Hook(hook["group"], hook["name"], hook["region"]) if hook is not None else None,
    )


def _schema(path: Path) -> Schema:
    try:
        return Schema(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, SchemaError) as error:
        raise NodeFault(
            f"the image's own schema of node.json cannot be used: {error}",
            where=str(path),
            hint="the image is broken: bake it again",
        ) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """json.loads keeps the last of two equal keys; here two are an error."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f'key "{key}" appears twice')
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    """Python alone reads NaN and Infinity."""
    raise ValueError(f"{name} is no JSON")


def _scratch(document: dict[str, Any]) -> ScratchPolicy:
    if document["kind"] == "directory":
        return DirectoryPolicy()
    select = document["select"]
    return DiskPolicy(
        select=Selection(
            model=select.get("model"),
            serial_prefix=select.get("serialPrefix"),
            serials=tuple(select["serials"]) if "serials" in select else None,
            wwns=tuple(select["wwns"]) if "wwns" in select else None,
            size_gib=(int(select["minGiB"]), int(select["maxGiB"])) if "minGiB" in select else None,
        ),
        disks=int(document["disks"]),
        deadline=int(document["deadline"]),
        missing=document["missing"],
        erase=tuple(document.get("erase", ())),
    )


def _store(document: dict[str, Any]) -> Store:
    buckets = tuple(document["buckets"])
    if document["kind"] == "aws":
        return AwsStore(name=document["name"], region=document["region"], buckets=buckets)
    return RgwStore(
        name=document["name"],
        endpoint=document["endpoint"],
        buckets=buckets,
        access_key=_secret(document["accessKey"]),
        secret_key=_secret(document["secretKey"]),
        ca=_secret(document["ca"]) if "ca" in document else None,
    )


def _secret(document: dict[str, str]) -> SecretRef:
    return SecretRef(
        file=document.get("file"),
        credential=document.get("credential"),
        ssm=document.get("ssm"),
        region=document.get("region"),
    )
