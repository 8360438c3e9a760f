"""The one way a step of the node fails: a cause with a name, a place and a way out."""

from __future__ import annotations


class NodeFault(Exception):
    """what went wrong, where it was found, and what to do about it."""

    def __init__(self, what: str, *, where: str, hint: str) -> None:
        super().__init__(f"{what} ({where})")
        self.what = what
        self.where = where
        self.hint = hint
