"""The files of a container against the manifest of its image."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kiln_node.boot import filecheck


@pytest.fixture
def image(tmp_path: Path) -> tuple[Path, Path]:
    """A tree and the manifest of it, in the lines that kiln writes."""
    root = tmp_path / "root"
    (root / "opt/a b").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "opt/a b/x=#1").write_bytes(b"content")
    (root / "opt/a b/x=#1").chmod(0o644)
    (root / "opt/link").symlink_to("a b/x=#1")
    (root / "etc/issue").write_text("other than in the image")
    for folder in ("opt", "opt/a b", "etc"):
        (root / folder).chmod(0o755)
    own = f"uid={os.getuid()} gid={os.getgid()} time=0.0"
    digest = hashlib.sha256(b"content").hexdigest()
    manifest = tmp_path / "files.mtree"
    manifest.write_text(
        "#mtree\n# layer os\n"
        f". type=dir mode=0755 {own}\n"
        f"./etc type=dir mode=0755 {own}\n"
        f"./etc/issue type=file mode=0644 {own} size=1 sha256digest={'0' * 64}\n"
        f"./opt type=dir mode=0755 {own}\n"
        f"./opt/a\\040b type=dir mode=0755 {own}\n"
        f"./opt/a\\040b/x\\075\\0431 type=file mode=0644 {own} size=7 sha256digest={digest}\n"
        f"./opt/link type=link mode=0777 {own} link=a\\040b/x\\075\\0431\n"
    )
    return root, manifest


def test_an_image_as_it_was_baked_has_no_damage_and_what_lies_over_it_does_not_count(
    image: tuple[Path, Path],
) -> None:
    root, manifest = image
    assert filecheck.check(manifest, root) == {"files": 4, "damaged": 0, "first": []}


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CHANGES: list[tuple[str, Callable[[Path], object], str]] = [
    ("opt/a b/x=#1", lambda path: path.write_bytes(b"CONTENT"), "has other content"),
    ("opt/a b/x=#1", lambda path: path.write_bytes(b"more content"), "has 12 bytes, not 7"),
    ("opt/a b/x=#1", lambda path: path.unlink(), "cannot be read: No such file or directory"),
    ("opt/a b/x=#1", lambda path: path.chmod(0o755), "has mode 0755, not 0644"),
    ("opt/a b/x=#1", _replace_by_folder, "is a dir, not a file"),
    ("opt/a b", lambda path: path.chmod(0o777), "has mode 0777, not 0755"),
]


@pytest.mark.parametrize(("path", "change", "what"), CHANGES, ids=[what for _, _, what in CHANGES])
def test_names_every_file_that_differs_and_how(
    image: tuple[Path, Path], path: str, change: Callable[[Path], object], what: str
) -> None:
    root, manifest = image
    change(root / path)
    assert filecheck.check(manifest, root) == {
        "files": 4,
        "damaged": 1,
        "first": [{"path": f"/{path}", "what": what}],
    }


def test_a_link_that_leads_elsewhere_is_damage(image: tuple[Path, Path]) -> None:
    root, manifest = image
    (root / "opt/link").unlink()
    (root / "opt/link").symlink_to("/etc/shadow")
    assert filecheck.check(manifest, root)["first"] == [{"path": "/opt/link", "what": "leads elsewhere"}]
