"""sdk_bundle SOURCE TARGET JAR...: writes the slim bundle, with which those other jars must be content."""

from __future__ import annotations

import sys
from pathlib import Path

from slim.closure import dangling, told
from slim.jar import classes, copy

from .services import SDK, SERVICES, wanted


def main() -> int:
    source, target, *others = map(Path, sys.argv[1:])
    copy(source, target, wanted)
    whole, kept = classes(source), classes(target)
    missing = [s for s in SERVICES if not any(name.startswith(f"{SDK}services/{s}/") for name in kept)]
    if missing:
        print(f"hadoop: {source.name} has no service {', '.join(missing)}: "
              "it is not the SDK that sdk_bundle/services.py was written for", file=sys.stderr)  # fmt: skip
        return 3
    references = dangling([target, *others], whole - kept)
    if references:
        print(f"hadoop: the slim SDK bundle lacks classes that are referred to:\n{told(references)}\n"
              "  -> add their service to images/layers/hadoop/sdk_bundle/services.py, "
              "or set jars: full in factory.yaml", file=sys.stderr)  # fmt: skip
        return 3
    print(f"hadoop: {source.name}: {len(kept)} of {len(whole)} classes, "
          f"{source.stat().st_size >> 20} -> {target.stat().st_size >> 20} MiB")  # fmt: skip
    return 0


sys.exit(main())
