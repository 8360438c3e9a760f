"""What is mounted at /scratch, and whether it can be trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiln_node.faults import NodeFault
from kiln_node.scratch import mountpoint

MOUNTINFO = """22 1 254:2 / / ro,relatime - erofs /dev/vda2 ro
30 22 254:1 /x/scratch /scratch rw,relatime shared:9 - ext4 /dev/vda rw
31 22 9:127 / /scratch rw,noatime - xfs /dev/md127 rw
32 22 9:127 / /with\\040space ro - xfs /dev/md127 rw
"""


def test_finds_the_topmost_mount() -> None:
    assert mountpoint.find_mount(MOUNTINFO, "/scratch") == mountpoint.Mount("/dev/md127", "xfs", False)
    assert mountpoint.find_mount(MOUNTINFO, "/with space") == mountpoint.Mount("/dev/md127", "xfs", True)
    assert mountpoint.find_mount(MOUNTINFO, "/scratch/spark") is None


def test_a_plain_folder_is_no_scratch(tmp_path: Path) -> None:
    with pytest.raises(NodeFault, match="nothing is mounted"):
        mountpoint.require_mount(tmp_path)


def test_proves_and_leaves_nothing(tmp_path: Path) -> None:
    mountpoint.prove(tmp_path)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(NodeFault, match="cannot be written"):
        mountpoint.prove(tmp_path / "missing")
