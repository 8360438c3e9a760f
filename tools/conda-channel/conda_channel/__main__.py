"""Makes the running example's conda channel in a folder; does nothing when it is already there.

Prints the packages and their sha256 as JSON. Exit code 1: a pinned Debian package is gone from the
mirror (--refresh pins what the suite has now), 2: wrong use, 3: failed.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import sys
from pathlib import Path
from typing import NoReturn

from . import channel, pins, refresh, target
from .problem import Problem
from .vault import Vault

PINS = Path(__file__).parent.parent / "pins.json"


def _cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("KILN_CACHE") or f"{home}/kiln")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="tools/conda-channel/make",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="example: tools/conda-channel/make .kiln/channel",
    )
    parser.add_argument("folder", type=Path, help="where the channel goes, such as .kiln/channel")
    parser.add_argument(
        "--pins", type=Path, default=PINS, help="the list of inputs (default: pins.json here)"
    )
    parser.add_argument(
        "--refresh",
        action="store_true",
        help="first pin the Debian packages that the suite has now, and write them to the list",
    )
    options = parser.parse_args()
    os.umask(0o022)
    try:
        fresh_list = options.refresh and not options.pins.exists()
        wanted = pins.load(PINS if fresh_list else options.pins)
        if options.refresh:
            wanted = dataclasses.replace(wanted, debian=refresh.newest(target.of(wanted.python)))
            temporary = options.pins.with_suffix(".new")
            temporary.write_text(pins.dump(wanted))
            temporary.replace(options.pins)
        made = channel.make(options.folder.absolute(), wanted, Vault(_cache() / "vault"))
    except Problem as problem:
        print(f"conda-channel: {problem.what}\n  -> {problem.hint}", file=sys.stderr)
        return problem.code
    print(f"conda-channel: {'made' if made else 'nothing to do'}: {options.folder}", file=sys.stderr)
    print(json.dumps(json.loads((options.folder / channel.STAMP).read_text())["packages"], indent=2))
    return 0


def leave(code: int) -> NoReturn:
    """Ends without Python's tear-down: rattler's threads may outlive the interpreter they call into, and
    the process then dies by SIGSEGV or SIGABRT with its work already done (one run in some dozens)."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
