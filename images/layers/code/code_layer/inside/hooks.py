"""Runs in the build's root on the image's Python: calls the build backend's hooks, each in its own process.

Arguments: `requires` or `wheel`, and a JSON file with source, backend, backend_path, python and wheels
(a folder).
Writes the answer beside that file, as answer.json.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

from pyproject_hooks import BackendUnavailable, BuildBackendHookCaller, HookMissing


def answer(task: str, request: dict[str, Any]) -> dict[str, Any]:
    hooks = BuildBackendHookCaller(
        request["source"],
        request["backend"],
        request["backend_path"],
        python_executable=request["python"],
    )
    if task == "requires":
        return {
            "requires": hooks.get_requires_for_build_wheel(),
            "compilers": [sysconfig.get_config_var(name) or "" for name in ("CC", "CXX")],
        }
    # As pip does it: what a backend makes first may be what it takes later.
    metadata = Path(request["wheels"]) / "metadata"
    metadata.mkdir()
    try:
        name = hooks.prepare_metadata_for_build_wheel(str(metadata), _allow_fallback=False)
    except HookMissing:
        return {"wheel": hooks.build_wheel(request["wheels"])}
    return {"wheel": hooks.build_wheel(request["wheels"], metadata_directory=str(metadata / name))}


def main() -> int:
    task, file = sys.argv[1], Path(sys.argv[2])
    request = json.loads(file.read_text("utf-8"))
    try:
        result = answer(task, request)
    except BackendUnavailable:
        print(
            f"the build backend {request['backend']} cannot be imported: is it among build-system.requires?",
            file=sys.stderr,
        )
        return 1
    except subprocess.CalledProcessError:
        # The backend said why.
        return 1
    (file.parent / "answer.json").write_text(json.dumps(result), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
