"""A machine with disks, as the scratch steps see one: answers as mdadm, wipefs and the rest do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kiln_node.host.commands import Result
from kiln_node.scratch.inventory import Array, Disk, Inventory, MdMember


class Machine:
    """Disks and arrays that change by the commands run; log: the commands that write."""

    def __init__(self, *disks: Disk) -> None:
        self.disks = {disk.path: disk for disk in disks}
        self.arrays: dict[str, Array] = {}
        self.log: list[str] = []
        self.die_before: str | None = None

    def gather(self) -> Inventory:
        return Inventory(tuple(self.disks.values()), tuple(self.arrays.values()))

    def reboot(self) -> None:
        """Arrays are not assembled by anybody but kiln-scratch."""
        self.arrays = {}
        self.disks = {path: replace(disk, holders=()) for path, disk in self.disks.items()}

    def erase(self, path: str) -> None:
        self._write(f"erase {path}")
        assert not self.disks[path].holders
        self.disks[path] = replace(self.disks[path], signatures=(), md=None)

    def run(self, argv: Sequence[str], *, timeout: float = 60) -> Result:  # noqa: PLR0911 - one a program
        words = list(argv)
        if words[:2] == ["udevadm", "lock"]:
            words = [word for word in words[2:] if not word.startswith("--device=")]
        match words:
            case ["blockdev", "--getsize64", _]:
                return Result(0, f"{1024**3}\n", "")
            case ["wipefs", "--no-act", "--json", path]:
                types = ",".join(f'{{"type":"{one}"}}' for one in self.disks[path].signatures)
                return Result(0, f'{{"signatures":[{types}]}}' if types else "", "")
            case ["mdadm", "--examine", "--export", path]:
                md = self.disks[path].md
                if md is None:
                    return Result(1, "", f"mdadm: No md superblock detected on {path}.")
                return Result(
                    0,
                    f"MD_LEVEL={md.level}\nMD_DEVICES={md.devices}\nMD_NAME=any:{md.name}\nMD_UUID={md.uuid}\n",
                    "",
                )
            case ["mdadm", "--create", *rest]:
                return self._create(rest)
            case ["mdadm", "--assemble", *rest]:
                self._write("assemble")
                return self._assembled([word for word in rest[1:] if word.startswith("/dev/")])
            case ["mdadm", "--stop", path]:
                self._write("stop")
                gone = self.arrays.pop(path)
                for disk in self.disks.values():
                    if disk.name in gone.members:
                        self.disks[disk.path] = replace(disk, holders=())
                return Result(0, "", "")
            case ["mkfs.xfs", *_, path]:
                self._write("mkfs")
                self.arrays[path] = replace(
                    self.arrays[path], filesystem="xfs", label=words[words.index("-L") + 1]
                )
                return Result(0, "", "")
            case ["mount", *_, path, target]:
                self._write("mount")
                self.arrays[path] = replace(self.arrays[path], mounted_at=(target,))
                return Result(0, "", "")
        return Result(0, "", "")

    def _create(self, rest: list[str]) -> Result:
        self._write("create")
        options = dict(word[2:].split("=", 1) for word in rest if word.startswith("--") and "=" in word)
        members = [word for word in rest[1:] if word.startswith("/dev/")]
        md = MdMember(options["uuid"], options["name"], "raid0", int(options["raid-devices"]), "")
        for path in members:
            self.disks[path] = replace(self.disks[path], signatures=("linux_raid_member",), md=md)
        return self._assembled(members)

    def _assembled(self, members: list[str]) -> Result:
        md = self.disks[members[0]].md
        assert md is not None
        names = tuple(sorted(self.disks[path].name for path in members))
        self.arrays["/dev/md127"] = Array("md127", "/dev/md127", md.uuid, md.level, "clean", names)
        for path in members:
            self.disks[path] = replace(self.disks[path], holders=("md127",))
        return Result(0, "", "")

    def _write(self, what: str) -> None:
        if self.die_before == what.split()[0]:
            raise KeyboardInterrupt
        self.log.append(what)
