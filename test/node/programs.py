"""Programs that answer what a test says, in place of a machine's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kiln_node.host.commands import Result


class Programs:
    """By program name: its standard output, or its whole result. One that is not named fails the test."""

    def __init__(self, answers: Mapping[str, str | Result]) -> None:
        self.answers = answers
        self.runs: list[list[str]] = []

    def run(self, argv: Sequence[str], *, timeout: float = 120) -> Result:
        self.runs.append(list(argv))
        answer = self.answers[argv[0]]
        return Result(0, answer, "") if isinstance(answer, str) else answer
