"""The planner: never a disk that is not proven blank or ours, and a reason for every one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln_node.nodejson.config import DiskPolicy, Selection
from kiln_node.scratch.inventory import Array, Disk, Inventory, MdMember
from kiln_node.scratch.plan import ARRAY_NAME, ARRAY_UUID, LABEL, Plan, make

SIZE = 100 * 2**30
OURS = MdMember(ARRAY_UUID, ARRAY_NAME, "raid0", 2, "x")
POLICY = DiskPolicy(Selection(serial_prefix="kiln-"), disks=2, deadline=30, missing="fail")
MEMBER = ("linux_raid_member",)


def disk(index: int, **changes: Any) -> Disk:
    name = f"nvme{index}n1"
    made = Disk(name, f"/dev/{name}", SIZE, "QEMU NVMe Ctrl", f"kiln-{index}")
    return replace(made, **changes)


def ours(index: int, **changes: Any) -> Disk:
    return disk(index, **{"signatures": MEMBER, "md": OURS, **changes})


def array(**changes: Any) -> Array:
    made = Array("md127", "/dev/md127", ARRAY_UUID, "raid0", "clean", ("nvme0n1", "nvme1n1"))
    return replace(made, **changes)


def plan(
    *disks: Disk, arrays: tuple[Array, ...] = (), policy: DiskPolicy = POLICY, final: bool = True
) -> Plan:
    return make(Inventory(disks, arrays), policy, final=final)


def test_blank_disks_become_the_array() -> None:
    made = plan(disk(1), disk(0), disk(2, serial="root"))
    assert made.action == "create"
    assert made.members == ("/dev/nvme0n1", "/dev/nvme1n1")
    assert [(choice.taken, choice.reason.split(":")[0]) for choice in made.disks] == [
        (True, "blank"),
        (True, "blank"),
        (False, "not selected"),
    ]


ASSEMBLED = (ours(0, holders=("md127",)), ours(1, holders=("md127",)))


@pytest.mark.parametrize(
    ("disks", "arrays", "action"),
    [
        ((ours(0), ours(1)), (), "assemble"),
        (ASSEMBLED, (array(),), "mkfs"),
        (ASSEMBLED, (array(filesystem="xfs", label=LABEL),), "mount"),
        (ASSEMBLED, (array(filesystem="xfs", label=LABEL, mounted_at=("/scratch",)),), "mounted"),
        # incomplete and ours: every present member is ours or blank, what was on it is gone
        ((ours(0), disk(1)), (), "create"),
        ((ours(0, md=replace(OURS, devices=3)), ours(1, md=replace(OURS, devices=3))), (), "create"),
        (
            (ours(0, holders=("md127",)), disk(1)),
            (array(state="inactive", members=("nvme0n1",)),),
            "create",
        ),
        # never by force
        (ASSEMBLED, (array(filesystem="ext4"),), "stop"),
        (ASSEMBLED, (array(filesystem="xfs", label="other"),), "stop"),
        (ASSEMBLED, (array(fault="I/O error"),), "stop"),
        (ASSEMBLED, (array(state="broken"),), "stop"),
        (ASSEMBLED, (array(filesystem="xfs", label=LABEL, mounted_at=("/data",)),), "stop"),
    ],
)
def test_each_state_of_the_disks_has_its_action(
    disks: tuple[Disk, ...], arrays: tuple[Array, ...], action: str
) -> None:
    assert plan(*disks, arrays=arrays).action == action


UNFIT: list[dict[str, Any]] = [
    {"used_for": ("/",)},
    {"used_for": ("/boot",)},
    {"used_for": ("swap",)},
    {"holders": ("dm-0",)},
    {"partitions": ("nvme0n1p1",)},
    {"read_only": True},
    {"removable": True},
    {"rotational": True},
    {"size_bytes": 0},
    {"fault": "wipefs cannot read it"},
    {"signatures": ("ext4",)},
    {"signatures": ("gpt", "PMBR")},
    {"signatures": ("LVM2_member",)},
    {"signatures": MEMBER, "md": replace(OURS, uuid="0:0:0:0")},
    {"signatures": MEMBER, "md": replace(OURS, name="data")},
    {"signatures": MEMBER, "md": OURS, "fault": "wipefs and mdadm disagree"},
    {"signatures": (*MEMBER, "xfs"), "md": OURS},
]


@pytest.mark.parametrize("why", UNFIT, ids=str)
@pytest.mark.parametrize("missing", ["fail", "degrade"])
def test_an_unfit_disk_that_was_selected_stops_the_plan(why: dict[str, Any], missing: Any) -> None:
    made = plan(disk(0, **why), disk(1), policy=replace(POLICY, missing=missing))
    assert made.action == "stop"
    assert made.members == ()
    assert "/dev/nvme0n1" in str(made.fault)


def test_waits_for_late_disks_until_the_deadline() -> None:
    assert plan(disk(0), final=False).action == "wait"
    assert plan(disk(0)).action == "stop"
    assert plan(disk(0), policy=replace(POLICY, missing="degrade")).members == ("/dev/nvme0n1",)
    assert plan(policy=replace(POLICY, missing="degrade")).action == "stop"


def test_more_disks_than_expected_are_not_a_guess() -> None:
    assert "3 disks fit" in str(plan(disk(0), disk(1), disk(2)).fault)


def test_members_are_equal() -> None:
    assert "differ in size" in str(plan(disk(0), disk(1, size_bytes=SIZE // 2)).fault)


def test_selects_by_model_and_by_serial() -> None:
    by_model = replace(POLICY, select=Selection(model="Amazon EC2 NVMe Instance Storage"))
    ebs = disk(2, model="Amazon Elastic Block Store")
    stores = (disk(0, model=by_model.select.model), disk(1, model=by_model.select.model))
    assert plan(*stores, ebs, policy=by_model).members == ("/dev/nvme0n1", "/dev/nvme1n1")
    by_serial = replace(POLICY, select=Selection(serials=("kiln-0", "kiln-2")))
    assert plan(disk(0), disk(1), disk(2), policy=by_serial).members == ("/dev/nvme0n1", "/dev/nvme2n1")


def test_selects_by_wwn_and_by_size() -> None:
    by_wwn = replace(POLICY, select=Selection(wwns=("eui.0", "eui.1")))
    made = plan(disk(0, wwn="eui.0"), disk(1, wwn="eui.1"), disk(2, wwn="eui.2"), disk(3), policy=by_wwn)
    assert made.members == ("/dev/nvme0n1", "/dev/nvme1n1")
    by_size = replace(POLICY, select=Selection(size_gib=(100, 100)))
    made = plan(disk(0), disk(1), disk(2, size_bytes=SIZE - 1), disk(3, size_bytes=SIZE + 1), policy=by_size)
    assert made.members == ("/dev/nvme0n1", "/dev/nvme1n1")


@pytest.mark.parametrize(
    "data",
    [
        {"signatures": ("ext4",)},
        {"signatures": ("gpt", "PMBR"), "partitions": ("nvme0n1p1",)},
        {"signatures": MEMBER, "md": replace(OURS, uuid="0:0:0:0")},
    ],
    ids=str,
)
def test_foreign_data_go_only_where_their_serial_says_so(data: dict[str, Any]) -> None:
    told = replace(POLICY, erase=("kiln-0",))
    made = plan(disk(0, **data), disk(1), policy=told)
    assert (made.action, made.erase) == ("create", ("/dev/nvme0n1",))
    assert "as scratch.erase says" in made.disks[0].reason
    assert plan(disk(0, **data), disk(1, **data), policy=told).action == "stop"
    for use in (
        {"used_for": ("/data",)},
        {"holders": ("dm-0",)},
        {"read_only": True},
        {"fault": "unreadable"},
    ):
        assert plan(disk(0, **{**data, **use}), disk(1), policy=told).action == "stop"


def test_erase_selects_nothing() -> None:
    made = plan(
        disk(0),
        disk(1),
        disk(2, serial="root", signatures=("ext4",)),
        policy=replace(POLICY, erase=("root",)),
    )
    assert made.members == ("/dev/nvme0n1", "/dev/nvme1n1")


def test_a_file_system_that_was_never_finished_is_made_again() -> None:
    half = array(filesystem="xfs", label=LABEL, unfinished=True)
    assert plan(*ASSEMBLED, arrays=(half,)).action == "mkfs"


def member(index: int) -> st.SearchStrategy[Disk]:
    """Any state that a disk may be in."""
    return st.builds(
        disk,
        st.just(index),
        serial=st.sampled_from([f"kiln-{index}", f"other-{index}", ""]),
        size_bytes=st.sampled_from([0, SIZE, SIZE * 2]),
        read_only=st.booleans() if index % 4 == 0 else st.just(False),
        removable=st.just(False) | st.booleans(),
        rotational=st.just(False) | st.booleans(),
        partitions=st.just(()) | st.just((f"nvme{index}n1p1",)),
        holders=st.sampled_from([(), (), ("md127",), ("dm-0",)]),
        used_for=st.sampled_from([(), (), ("/",), ("/boot",), ("swap",), ("/scratch",)]),
        signatures=st.sampled_from([(), (), MEMBER, ("xfs",), ("gpt", "PMBR")]),
        md=st.sampled_from([None, None, OURS, replace(OURS, uuid="1:2:3:4"), replace(OURS, name="data")]),
        fault=st.sampled_from([None, None, None, "unreadable"]),
    )


INVENTORIES = st.integers(0, 4).flatmap(
    lambda count: st.builds(
        Inventory,
        st.tuples(*(member(index) for index in range(count))),
        st.sampled_from([(), (array(),), (array(filesystem="xfs", label=LABEL),), (array(uuid="1:2:3:4"),)]),
    )
)
POLICIES = st.builds(
    DiskPolicy,
    st.sampled_from([Selection(serial_prefix="kiln-"), Selection(model="QEMU NVMe Ctrl")]),
    disks=st.integers(1, 4),
    deadline=st.just(30),
    missing=st.sampled_from(["fail", "degrade"]),
    erase=st.sets(st.integers(0, 3), max_size=2).map(lambda which: tuple(f"kiln-{i}" for i in sorted(which))),
)


@given(INVENTORIES, POLICIES, st.booleans())
def test_only_proven_disks_are_ever_written(inventory: Inventory, policy: DiskPolicy, final: bool) -> None:
    made = make(inventory, policy, final=final)
    by_path = {one.path: one for one in inventory.disks}
    for path in made.members:
        one = by_path[path]
        blank = one.signatures == () and one.md is None
        is_ours = one.md is not None and (one.md.uuid, one.md.name) == (ARRAY_UUID, ARRAY_NAME)
        assert one.fault is None
        proven = blank or (is_ours and one.signatures == MEMBER)
        assert (proven and not one.partitions) or one.serial in policy.erase
        assert (path in made.erase) == (not proven or one.partitions != ())
        assert not (one.read_only or one.removable or one.rotational)
        assert set(one.used_for) <= {"/scratch"}
        assert set(one.holders) <= {two.name for two in inventory.arrays if two.uuid == ARRAY_UUID}
    for path in (*made.release, *((made.array,) if made.array else ())):
        assert next(two for two in inventory.arrays if two.path == path).uuid == ARRAY_UUID
    if made.action == "mkfs":
        array_made = next(two for two in inventory.arrays if two.path == made.array)
        assert array_made.filesystem is None or array_made.unfinished


@given(INVENTORIES, POLICIES, st.booleans(), st.randoms())
def test_the_same_machine_gets_the_same_plan(
    inventory: Inventory, policy: DiskPolicy, final: bool, random: Any
) -> None:
    shuffled = list(inventory.disks)
    random.shuffle(shuffled)
    again = make(replace(inventory, disks=tuple(shuffled)), policy, final=final)
    assert again == make(inventory, policy, final=final)
    assert len(again.disks) == len(inventory.disks)
    assert all(choice.reason for choice in again.disks)
