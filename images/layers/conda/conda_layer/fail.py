"""How a recipe ends when it cannot go on."""

from __future__ import annotations

import sys
from typing import NoReturn


def fail(what: str, hint: str) -> NoReturn:
    """Says what happened and the way out on stderr and ends the recipe (exit code 3)."""
    print(f"{what}\n  -> {hint}", file=sys.stderr)
    sys.exit(3)
