"""The one way a step of the node fails: a cause with a name, a place and a way out."""

from __future__ import annotations


class NodeFault(Exception):
    """what went wrong, where it was found, and what to do about it."""

    def __init__(self, what: str, *, where: str, hint: str) -> None:
        super().__init__(f"{what} ({where})")
        self.what = what
        self.where = where
        self.hint = hint

    def text(self) -> str:
        """For people: what, where and what to do, a line each."""
        return f"{self.what}\n  where: {self.where}\n  what to do: {self.hint}"
