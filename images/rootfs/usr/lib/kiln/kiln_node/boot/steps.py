"""The steps of a boot: run one, and publish what came of it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable
from typing import Any

from kiln_node import paths
from kiln_node.boot import configure, filecheck, ready, role, seal, validate
from kiln_node.duties import leave
from kiln_node.faults import NodeFault
from kiln_node.host import facts
from kiln_node.host.commands import HostCommands
from kiln_node.nodejson import config
from kiln_node.scratch import step as scratch
from kiln_node.spark import eventlog
from kiln_node.status import status


def _validate() -> dict[str, Any]:
    sealed = seal.read(HostCommands())
    return {**validate.run(), "seal": None if sealed is None else sealed.facts()}


def _scratch() -> dict[str, Any]:
    return {"scratch": scratch.run(_config(), HostCommands())}


def _configure() -> dict[str, Any]:
    return configure.run(_config(), HostCommands())


def _role() -> dict[str, Any]:
    role.run(_config(), HostCommands(), _guarded)
    return {"leaving": None}


def _guarded(unit: str) -> NodeFault | None:
    """What the guard of a unit has published of why it does not start."""
    fault = status.read()["fault"]
    if fault is None or fault["unit"] != unit:
        return None
    return NodeFault(fault["what"], where=fault["where"], hint=fault["hint"])


def _ready() -> dict[str, Any]:
    node = _config()
    address = facts.address_towards(node.master_host, node.master_port)
    eventlog.prepare(node, HostCommands())
    ready.wait(node, lambda: ready.judge(node, address, lambda: ready.ask_master(node)))
    return {}


#: step: the phase that it reaches, and what it does.
STEPS: dict[str, tuple[str, Callable[[], dict[str, Any]]]] = {
    "validate": ("validated", _validate),
    "scratch": ("scratch", _scratch),
    "configure": ("configured", _configure),
    "role": ("started", _role),
    "ready": ("ready", _ready),
}


def run(name: str) -> int:
    """0, or 1 after the fault was published. A fault of the program itself is published as well."""
    phase, do = STEPS[name]
    unit = f"kiln-{name}.service"
    try:
        found = do()
    except NodeFault as fault:
        return _failed(unit, fault)
    except Exception as error:  # a node must say why it stopped, whatever it was
        traceback.print_exc()
        what = f"{type(error).__name__}: {error}"
        return _failed(unit, NodeFault(what, where=unit, hint=f"see `journalctl -u {unit}`"))
    state = status.advance(status.read(), phase, status.milliseconds_since_boot(), **found)
    status.publish(state)
    print(status.sentence(state), flush=True)
    return 0


def check_files() -> int:
    """Compare the image's files with its manifest; a node that runs other files stops its part of Spark."""
    found = filecheck.check(filecheck.MANIFEST)
    state = {**status.read(), "files": found}
    if found["damaged"] == 0:
        status.publish(state)
        return 0
    first = found["first"][0]
    fault = NodeFault(
        f"{found['damaged']} of {found['files']} files are not the image's: {first['path']} {first['what']}",
        where=first["path"],
        hint="store the image again (kiln bake, kiln promote) and deploy again",
    )
    status.publish(status.fail(state, "kiln-files.service", fault, status.milliseconds_since_boot()))
    leave.stop_all(HostCommands())
    return 1


def unit_failed(unit: str) -> int:
    """OnFailure= of the units: name a failure that the step itself could not publish."""
    state = status.read()
    if state["fault"] is not None:
        return 0
    shown = HostCommands().run(["systemctl", "show", "-P", "Result", unit])
    result = shown.stdout.strip() or "unknown"
    fault = NodeFault(f"{unit} failed: {result}", where=unit, hint=f"see `journalctl -u {unit}`")
    status.publish(status.fail(state, unit, fault, status.milliseconds_since_boot()))
    return 0


def _failed(unit: str, fault: NodeFault) -> int:
    known = validate.known() if unit == "kiln-validate.service" else {}
    state = {**status.read(), **known}
    status.publish(status.fail(state, unit, fault, status.milliseconds_since_boot()))
    print(fault.text(), file=sys.stderr, flush=True)
    return 1


def _config() -> config.NodeConfig:
    return config.load(paths.NODE_JSON, paths.SCHEMA)
