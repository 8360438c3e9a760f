"""Reads environment.yml strictly: what kiln would not honour is a fault, never silently dropped."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from rattler import MatchSpec

from .faults import Fault, Faults, fault

_KEYS = ("name", "channels", "dependencies")
_PIP_HINT = "name the conda packages instead, or put the wheel's project on a channel of your own"


@dataclass(frozen=True)
class Environment:
    """`channels` in the order of priority, `dependencies` as conda match specs."""

    channels: tuple[str, ...]
    dependencies: tuple[str, ...]


class _StrictLoader(yaml.SafeLoader):
    """YAML takes the last of two equal keys; here that is an error."""


def _mapping(loader: _StrictLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    keys = [key.value for key, _ in node.value]
    for key in keys:
        if keys.count(key) > 1:
            raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice", node.start_mark)
    return dict(loader.construct_mapping(node, deep=True))


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _channels(where: str, value: object, faults: list[Fault]) -> list[str]:
    if not isinstance(value, list) or not value:
        hint = "list the channels to take packages from, such as conda-forge"
        faults.append(Fault(f"{where}: channels", "must be a list of at least one channel", hint))
        return []
    channels = []
    for at, channel in enumerate(value):
        if not isinstance(channel, str) or not channel.strip():
            faults.append(Fault(f"{where}: channels[{at}]", "must be a name or an address", "remove it"))
        elif channel == "defaults":
            # What it means is up to each conda installation's configuration.
            what = "`defaults` means something else on every machine"
            faults.append(Fault(f"{where}: channels[{at}]", what, "name the channel itself"))
        elif channel != "nodefaults":  # there are none here anyway
            channels.append(channel.strip())
    return channels


def _dependencies(where: str, value: object, faults: list[Fault]) -> list[str]:
    if not isinstance(value, list) or not value:
        hint = "list the packages, such as python=3.13"
        faults.append(Fault(f"{where}: dependencies", "must be a list of at least one package", hint))
        return []
    specs = []
    for at, spec in enumerate(value):
        place = f"{where}: dependencies[{at}]"
        if isinstance(spec, dict) and set(spec) == {"pip"}:
            faults.append(Fault(f"{place}.pip", "kiln does not lock a pip part yet", _PIP_HINT))
        elif not isinstance(spec, str):
            faults.append(Fault(place, "must be a conda package specification", "write it as name=version"))
        else:
            try:
                MatchSpec(spec)
                specs.append(spec)
            except Exception as error:
                hint = "write it as name, name=version or name>=version,<version"
                faults.append(Fault(place, f"{spec!r} is no conda package specification: {error}", hint))
    return specs


def read(path: Path) -> Environment:
    """Raises Faults with every fault of the file."""
    where = path.name
    try:
        data = yaml.load(path.read_text("utf-8"), Loader=_StrictLoader)  # noqa: S506 (a SafeLoader)
    except OSError as error:
        raise fault(
            where, f"cannot be read: {error.strerror}", "name it in factory.yaml: conda.environment"
        ) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise fault(where, f"is not YAML: {' '.join(str(error).split())}", "mend it at that place") from error
    if not isinstance(data, dict):
        raise fault(
            where, "must have channels and dependencies", "see conda's documentation of environment.yml"
        )
    faults = [
        Fault(f"{where}: {key}", "is not a key that kiln honours", f"keys are {', '.join(_KEYS)}: remove it")
        for key in data
        if key not in _KEYS
    ]
    if "name" in data and not isinstance(data["name"], str):
        faults.append(Fault(f"{where}: name", "must be text", "put it in quotes, or remove it"))
    channels = _channels(where, data.get("channels"), faults)
    dependencies = _dependencies(where, data.get("dependencies"), faults)
    if faults:
        raise Faults(faults)
    return Environment(tuple(channels), tuple(dependencies))
