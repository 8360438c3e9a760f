"""A node's own metrics in Prometheus's text format: pure rendering of one look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kiln_node.status.live import Live
from kiln_node.status.status import PHASES


@dataclass(frozen=True)
class Sample:
    """One value; all that have a name have its help too. Every metric is a gauge."""

    name: str
    help: str
    value: float
    labels: Mapping[str, str] = field(default_factory=dict)


def samples(live: Live) -> Iterator[Sample]:
    """What is not known has no sample: a missing seal is no broken one."""
    state = live.state
    image = state["image"] or {}
    yield Sample(
        "kiln_node_info",
        "Which node of which cluster this is, and of which image.",
        1,
        {
            "cluster": state["cluster"] or "",
            "role": state["role"] or "",
            "image": image.get("digest", ""),
            "content": image.get("contentId", ""),
        },
    )
    for phase in PHASES:
        yield Sample(
            "kiln_node_phase",
            "1 for the phase that the node is in.",
            state["phase"] == phase,
            {"phase": phase},
        )
    for phase, at in sorted(state["timings"].items()):
        yield Sample(
            "kiln_node_phase_seconds",
            "When a phase was reached, since PID 1 started.",
            at / 1000,
            {"phase": phase},
        )
    if image:
        yield Sample("kiln_image_matches", "1: the content is that of the image asked for.", image["matches"])
    if state["seal"]:
        yield Sample(
            "kiln_seal_intact", "1: at boot no changed block of the root was met.", state["seal"]["intact"]
        )
        yield Sample("kiln_seal_stops", "1: a changed block stops the kernel.", state["seal"]["stops"])
    if state["files"]:
        yield Sample(
            "kiln_files_checked", "Files compared with the manifest of the image.", state["files"]["files"]
        )
        yield Sample("kiln_files_damaged", "Files that are not the image's.", state["files"]["damaged"])
    yield from _scratch(live)
    yield from _clock(live)
    yield from _canary(live)


def _scratch(live: Live) -> Iterator[Sample]:
    yield Sample("kiln_scratch_mounted", "1: something is mounted at /scratch.", live.space is not None)
    if live.space is None:
        return
    yield Sample("kiln_scratch_size_bytes", "Size of /scratch.", live.space.size)
    yield Sample(
        "kiln_scratch_used_bytes",
        "Bytes of /scratch that are written; df's Use% is this of this and what is free.",
        live.space.used,
    )
    yield Sample("kiln_scratch_free_bytes", "Bytes of /scratch that Spark can still write.", live.space.free)
    yield Sample("kiln_scratch_files", "Files that /scratch has space for.", live.space.files)
    yield Sample("kiln_scratch_files_free", "Files that can still be made.", live.space.files_free)
    yield Sample("kiln_scratch_read_only", "1: the kernel takes no writes.", live.space.read_only)


def _clock(live: Live) -> Iterator[Sample]:
    if live.clock is None:
        return
    yield Sample("kiln_clock_synchronised", "1: somebody keeps the clock right.", live.clock.synchronised)
    yield Sample(
        "kiln_clock_offset_seconds", "What the clock is off by, as the kernel corrects it.", live.clock.offset
    )
    yield Sample(
        "kiln_clock_greatest_error_seconds", "The most that it can be off by.", live.clock.greatest_error
    )


def _canary(live: Live) -> Iterator[Sample]:
    canary = live.state.get("canary")
    if not canary:
        return
    for verdict in ("proved", "missing"):
        yield Sample(
            "kiln_canary_workers",
            "Workers that ran an executor of the canary, and those that did not.",
            len(canary[verdict]),
            {"verdict": verdict},
        )
    yield Sample("kiln_canary_time_seconds", "When the canary ran, since 1970.", canary["at"])


def render(found: Iterator[Sample]) -> str:
    """Help and type once a name, then its samples, in the order that they come."""
    lines: list[str] = []
    known: set[str] = set()
    for sample in found:
        if sample.name not in known:
            known.add(sample.name)
            lines += [f"# HELP {sample.name} {sample.help}", f"# TYPE {sample.name} gauge"]
        labels = ",".join(f'{key}="{_escape(value)}"' for key, value in sample.labels.items())
        braces = f"{{{labels}}}" if labels else ""
        lines.append(f"{sample.name}{braces} {_number(sample.value)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    """Whole numbers as such: bytes and seconds since 1970 to the last digit."""
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')
