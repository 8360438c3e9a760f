"""One JSON request on stdin, one JSON answer on stdout; exit code 3 with faults as the answer.

{"op": "lock", "environment": NAME OF THE FILE, "channels": {NAME: ADDRESS, in the order of priority},
 "dependencies": [{"spec": MATCH SPECIFICATION, "where": PLACE, "channel": NAME or null}],
 "python": {"spec": MATCH SPECIFICATION, "words": TEXT}, "shadows": {PACKAGE: WHY IT IS REFUSED},
 "glibc": "2.41", "platform": "linux-64", "cache": FOLDER,
 "code": {"file": NAME, "requires": [PEP 508], "requires_python": PEP 440 or null, "spark": VERSION}}
-> {"packages": [{name, version, build, channel, subdir, file, size, sha256}],
    "unknown": [requirements of the code package whose names no package of the environment has]}
-> {"faults": [{"where", "what", "hint"}]}
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from .faults import Fault, Faults, fault
from .lock import Dependency, Python, Request, lock
from .needs import Needs

_TEXTS = ("environment", "glibc", "platform", "cache")


def request(text: str) -> Request:
    """Raises Faults with everything that is wrong with the request."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise fault("request", f"is not JSON: {error}", "see python -m kiln_conda --help") from error
    if not isinstance(data, dict) or data.get("op") != "lock":
        raise fault("request: op", "must be lock", "see python -m kiln_conda --help")
    hint = "see python -m kiln_conda --help"
    faults = [
        Fault(f"request: {key}", "must be text", hint) for key in _TEXTS if not isinstance(data.get(key), str)
    ]
    known = {"op", "channels", "shadows", "code", "python", "dependencies", *_TEXTS}
    faults += [Fault(f"request: {key}", "is not known", hint) for key in data if key not in known]
    for key in ("channels", "shadows"):
        if not isinstance(data.get(key), dict) or not all(isinstance(v, str) for v in data[key].values()):
            faults.append(Fault(f"request: {key}", "must give a text by name", hint))
    code = data.get("code")
    try:
        needs = None if code is None else Needs(**code)
        python = Python(**data.get("python", {}))
        dependencies = tuple(Dependency(**each) for each in data.get("dependencies", []))
    except TypeError as error:
        faults.append(Fault("request: code, python or dependencies", f"does not fit: {error}", hint))
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


def main() -> int:
    if sys.argv[1:]:
        print(__doc__)
        return 0 if sys.argv[1:] == ["--help"] else 2
    try:
        answer = asyncio.run(lock(request(sys.stdin.read())))
    except Faults as faults:
        answer = faults.answer()
    print(json.dumps(answer))
    return 3 if "faults" in answer else 0


def leave(code: int) -> NoReturn:
    """Ends without Python's tear-down: rattler's threads may outlive the interpreter they call into, and
    the process then dies by SIGSEGV or SIGABRT with its work already done (one run in some dozens)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
