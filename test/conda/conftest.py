"""The packages under test lie where they are used, not on Python's path."""

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
for folder in (
    "factory/conda",
    "tools/conda-channel",
    "images/layers/conda",
    "images/layers/code",
    "images/layers/spark",
    "images/layers/hadoop",
):
    sys.path.insert(0, str(ROOT / folder))
