"""One JSON request on stdin, one JSON answer on stdout; exit code 3 with faults as the answer.

{"op": "lock", "environment": NAME OF THE FILE, "channels": {NAME: ADDRESS, in the order of priority},
 "dependencies": [{"spec": MATCH SPECIFICATION, "where": PLACE, "channel": NAME or null}],
 "python": {"spec": MATCH SPECIFICATION, "words": TEXT}, "shadows": {PACKAGE: WHY IT IS REFUSED},
 "glibc": "2.41", "platform": "linux-64", "cache": FOLDER,
 "code": {"file": NAME, "requires": [PEP 508], "requires_python": PEP 440 or null, "spark": VERSION}}
-> {"packages": [{name, version, build, channel, subdir, file, size, sha256}],
    "unknown": [requirements of the code package whose names no package of the environment has]}
{"op": "distributions", "packages": [{"path": FILE, "package": NAME}], "spark": VERSION, "folder": FOLDER}
-> {"distributions": [{name, version, there, package}]}, wheels of metadata in FOLDER
-> {"faults": [{"where", "what", "hint"}]}
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any, NoReturn

from .distributions import Archive, distributions
from .faults import Fault, Faults, fault
from .lock import Dependency, Python, Request, lock
from .needs import Needs

_HINT = "see python -m kiln_conda --help"
_TEXTS = ("environment", "glibc", "platform", "cache")


def parsed(text: str) -> dict[str, Any]:
    """The request, which names something that can be done. Raises Faults."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise fault("request", f"is not JSON: {error}", _HINT) from error
    if not isinstance(data, dict) or data.get("op") not in ("lock", "distributions"):
        raise fault("request: op", "must be lock or distributions", _HINT)
    return data


def lock_request(data: dict[str, Any]) -> Request:
    """Raises Faults with everything that is wrong with the request."""
    faults = [
        Fault(f"request: {key}", "must be text", _HINT)
        for key in _TEXTS
        if not isinstance(data.get(key), str)
    ]
    known = {"op", "channels", "shadows", "code", "python", "dependencies", *_TEXTS}
    faults += [Fault(f"request: {key}", "is not known", _HINT) for key in data if key not in known]
    for key in ("channels", "shadows"):
        if not isinstance(data.get(key), dict) or not all(isinstance(v, str) for v in data[key].values()):
            faults.append(Fault(f"request: {key}", "must give a text by name", _HINT))
    code = data.get("code")
    try:
        needs = None if code is None else Needs(**code)
        python = Python(**data.get("python", {}))
        dependencies = tuple(Dependency(**each) for each in data.get("dependencies", []))
    except TypeError as error:
        faults.append(Fault("request: code, python or dependencies", f"does not fit: {error}", _HINT))
    if faults:
        raise Faults(faults)
    return Request(
        environment=data["environment"],
        channels=data["channels"],
        dependencies=dependencies,
        python=python,
        shadows=data["shadows"],
        glibc=data["glibc"],
        platform=data["platform"],
        cache=Path(data["cache"]),
        needs=needs,
    )


def answer(data: dict[str, Any]) -> dict[str, object]:
    """Raises Faults."""
    if data["op"] == "lock":
        return asyncio.run(lock(lock_request(data)))
    try:
        archives = [Archive(Path(each["path"]), each["package"]) for each in data["packages"]]
        return distributions(archives, data["spark"], Path(data["folder"]))
    except (KeyError, TypeError) as error:
        raise fault("request", f"does not fit: {error!r}", _HINT) from error


def main() -> int:
    if sys.argv[1:]:
        print(__doc__)
        return 0 if sys.argv[1:] == ["--help"] else 2
    try:
        said = answer(parsed(sys.stdin.read()))
    except Faults as faults:
        said = faults.answer()
    print(json.dumps(said))
    return 3 if "faults" in said else 0


def leave(code: int) -> NoReturn:
    """Ends without Python's tear-down: rattler's threads may outlive the interpreter they call into, and
    the process then dies by SIGSEGV or SIGABRT with its work already done (one run in some dozens)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
