"""Files of Spark's settings as java.util.Properties reads them: pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


@dataclass(frozen=True)
class Property:
    """line: where it begins in its file, from 1."""

    key: str
    value: str
    line: int


def parse(text: str) -> list[Property]:
    """In the order of the file. ValueError, with the line, for an escape that Java refuses."""
    return [_property(line, number) for number, line in _logical(text)]


def values(text: str) -> dict[str, str]:
    """The last of a key wins; Spark cuts the blanks around a value."""
    return {one.key: one.value for one in parse(text)}


def _logical(text: str) -> Iterator[tuple[int, str]]:
    """Lines that are neither blank nor a comment, with those that continue them."""
    lines = re.split(r"\r\n|\n|\r", text)
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].lstrip(" \t\f")
        at += 1
        if line == "" or line[0] in "#!":
            continue
        while _continues(line):
            following = lines[at].lstrip(" \t\f") if at < len(lines) else ""
            line = line[:-1] + following
            at += 1
        yield number, line


def _continues(line: str) -> bool:
    return (len(line) - len(line.rstrip("\\"))) % 2 == 1


def _property(line: str, number: int) -> Property:
    end = 0
    while end < len(line) and line[end] not in "=: \t\f":
        end += 2 if line[end] == "\\" else 1
    rest = line[end:].lstrip(" \t\f")
    value = rest[1:].lstrip(" \t\f") if rest[:1] in ("=", ":") else rest
    return Property(_plain(line[:end], number), _plain(value, number).strip(" \t\f"), number)


def _plain(text: str, number: int) -> str:
    def one(found: re.Match[str]) -> str:
        escape = found[1]
        if escape.startswith("u"):
            if len(escape) != len("u0000"):
                raise ValueError(f"line {number}: \\u needs four hexadecimal digits")
            return chr(int(escape[1:], 16))
        return ESCAPES.get(escape, escape)

    plain = re.sub(r"\\(u[0-9A-Fa-f]{0,4}|.|\Z)", one, text, flags=re.DOTALL)
    # a pair of \u escapes is one letter
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
