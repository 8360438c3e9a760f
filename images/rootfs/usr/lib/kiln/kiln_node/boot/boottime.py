"""Boot to ready, by phase: what systemd measured until it started itself, then the node's own steps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kiln_node.host.commands import Commands
from kiln_node.status.status import PHASES

#: Phases that a boot goes through, and where it may end; what comes later is none of its time.
BOOT = (*PHASES[1 : PHASES.index("ready") + 1], "failed")

#: Properties of the manager, microseconds (org.freedesktop.systemd1(5)). The first two count backwards
#: from the kernel's start, the others forwards from it; 0 where there was no such part.
PROPERTIES = (
    "FirmwareTimestampMonotonic",
    "LoaderTimestampMonotonic",
    "InitRDTimestampMonotonic",
    "UserspaceTimestampMonotonic",
    "FinishTimestampMonotonic",
)


@dataclass(frozen=True)
class Part:
    """One part of a boot, milliseconds: took; at: its end since power-on, or since a container's PID 1."""

    name: str
    took: int
    at: int


def read(commands: Commands) -> dict[str, int]:
    """The manager's times by property, microseconds; what it does not tell is 0."""
    shown = commands.run(["systemctl", "show", *(f"--property={name}" for name in PROPERTIES)])
    pairs = (line.partition("=") for line in shown.stdout.splitlines())
    return {name: int(value) for name, _, value in pairs if name in PROPERTIES and value.isdigit()}


def before(manager: dict[str, int], *, container: bool) -> list[tuple[str, int]]:
    """Parts before the root's systemd and what each took; none of them is a container's."""
    if container:
        return []
    firmware, loader, initrd, userspace, _ = (manager.get(name, 0) // 1000 for name in PROPERTIES)
    parts = [
        ("firmware", firmware - loader if firmware else 0),
        ("loader", loader),
        ("kernel", initrd or userspace),
        ("initrd", userspace - initrd if initrd else 0),
    ]
    return [(name, took) for name, took in parts if took > 0]


def parts(manager: dict[str, int], timings: dict[str, int], *, container: bool) -> list[Part]:
    """
    Every part in order. timings: phase -> milliseconds since PID 1, which an initrd hands over to the root's:
    what the first phase took is counted from the end of the initrd.
    """
    found: list[Part] = []
    at = 0
    for name, took in before(manager, container=container):
        at += took
        found.append(Part(name, took, at))
    first = sum(part.took for part in found if part.name != "initrd")
    for phase in sorted((one for one in timings if one in BOOT), key=lambda one: timings[one]):
        end = max(at, first + timings[phase])
        found.append(Part(phase, end - at, end))
        at = end
    return found


def document(found: list[Part], manager: dict[str, int]) -> dict[str, Any]:
    """{"parts": [{"name", "tookMs", "atMs"}], "userspaceMs"}: what systemd's own boot took, null before."""
    userspace, finish = manager.get(PROPERTIES[3], 0), manager.get(PROPERTIES[4], 0)
    return {
        "parts": [{"name": part.name, "tookMs": part.took, "atMs": part.at} for part in found],
        "userspaceMs": (finish - userspace) // 1000 if finish > userspace else None,
    }


def describe(found: list[Part]) -> str:
    """A line a part: its name, what it took, when it ended."""
    if not found:
        return "nothing is known of this boot yet\n"
    rows = [(part.name, f"{part.took / 1000:.1f} s", f"{part.at / 1000:.1f} s") for part in found]
    head = ("until", "took", "at")
    wide = [max(len(row[column]) for row in [head, *rows]) for column in range(3)]
    return "".join(f"{a:<{wide[0]}}  {b:>{wide[1]}}  {c:>{wide[2]}}\n" for a, b, c in [head, *rows])
