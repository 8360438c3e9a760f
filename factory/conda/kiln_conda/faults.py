"""What is wrong with a request or an environment, in the shape of factory/errors.ts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Fault:
    """`where` is a file and the position in it."""

    where: str
    what: str
    hint: str


class Faults(Exception):
    """Every fault that was found, at least one."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__("; ".join(f"{fault.where}: {fault.what}" for fault in faults))
        self.faults = tuple(faults)

    def answer(self) -> dict[str, object]:
        """As the command answers them."""
        return {"faults": [asdict(fault) for fault in self.faults]}


def fault(where: str, what: str, hint: str) -> Faults:
    """A single one, to raise."""
    return Faults([Fault(where, what, hint)])
