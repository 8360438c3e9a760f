"""What the code package's files must not do to the environment."""

from __future__ import annotations

from pathlib import Path

from conda_layer.fail import fail


def refuse_overwriting(out: Path, below: Path) -> None:
    """Layers only add files: the package must not replace a file of the conda environment."""
    clashes = sorted(
        str(path.relative_to(out))
        for path in out.rglob("*")
        if not path.is_dir() and (below / path.relative_to(out)).exists()
    )
    if clashes:
        fail(
            f"the code package has files that the conda environment has too: {', '.join(clashes[:5])}",
            "rename its modules or scripts, or leave the other package out of environment.yml",
        )
