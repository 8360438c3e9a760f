"""Which image a node is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from documents import document

from kiln_node.boot import identity
from kiln_node.faults import NodeFault
from kiln_node.nodejson import config


def test_the_right_image(tmp_path: Path) -> None:
    path = tmp_path / "image.json"
    path.write_text(json.dumps({"image": "spark-node", "contentId": "sha256:" + "a" * 64}), encoding="utf-8")
    identity.check(config.parse(document()), identity.read(path), path)


def test_another_image_stops_the_node(tmp_path: Path) -> None:
    other = identity.ImageIdentity("spark-node", "sha256:" + "c" * 64)
    with pytest.raises(NodeFault, match="not the image that the cluster was deployed with"):
        identity.check(config.parse(document()), other, tmp_path)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"image": "x"}'])
def test_an_image_without_identity(tmp_path: Path, text: str) -> None:
    path = tmp_path / "image.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(NodeFault, match="does not say which one it is"):
        identity.read(path)
