"""Files that are whole or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiln_node.host import files


def test_writes_with_its_mode_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    files.write(path, "old", mode=0o644)
    files.write(path, b"new", mode=0o640)
    assert path.read_bytes() == b"new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_a_write_that_fails_leaves_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    files.write(path, "old", mode=0o600)
    with pytest.raises(LookupError):
        files.write(path, "new", mode=0o640, group="no-such-group")
    assert path.read_text(encoding="ascii") == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_a_folder_gets_its_mode_again(tmp_path: Path) -> None:
    path = tmp_path / "folder"
    path.mkdir(mode=0o777)
    files.folder(path, mode=0o750)
    assert path.stat().st_mode & 0o777 == 0o750
