"""Copies of the image's notebooks."""

from __future__ import annotations

from pathlib import Path

from kiln_node.roles import notebooks


def image(folder: Path) -> Path:
    code = folder / "image"
    (code / "reports" / "q1").mkdir(parents=True)
    (code / "reports" / "q1" / "flights.ipynb").write_text("first")
    (code / "etl.py").write_text("import helpers")
    (code / "latest").symlink_to("reports")
    for path in [*code.rglob("*"), code]:
        if not path.is_symlink():
            path.chmod(0o555 if path.is_dir() else 0o444)
    return code


def test_they_are_there_and_can_be_changed(tmp_path: Path) -> None:
    target = tmp_path / "notebooks" / "code"
    notebooks.copy(image(tmp_path), target)
    made = target / "reports" / "q1" / "flights.ipynb"
    assert made.read_text() == "first"
    assert (target / "latest").readlink() == Path("reports")
    assert made.stat().st_mode & 0o200
    assert made.parent.stat().st_mode & 0o200


def test_what_somebody_changed_stays_and_what_is_missing_comes_back(tmp_path: Path) -> None:
    target, code = tmp_path / "code", image(tmp_path)
    notebooks.copy(code, target)
    (target / "reports" / "q1" / "flights.ipynb").write_text("mine")
    (target / "etl.py").unlink()
    (target / "etl.py.kiln-copy").write_text("half of it")
    notebooks.copy(code, target)
    assert (target / "reports" / "q1" / "flights.ipynb").read_text() == "mine"
    assert (target / "etl.py").read_text() == "import helpers"
    assert not list(target.rglob("*.kiln-copy"))


def test_an_image_without_scripts_has_none(tmp_path: Path) -> None:
    notebooks.copy(tmp_path / "none", tmp_path / "target")
    assert not (tmp_path / "target").exists()
