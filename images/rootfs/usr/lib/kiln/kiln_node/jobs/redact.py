"""Command lines without their secrets, as Spark's own pages and logs have them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kiln_node.jobs.parse import Submission

#: Default of spark.redaction.regex, Spark 4.1 (org.apache.spark.internal.config.SECRET_REDACTION_PATTERN).
SECRET = re.compile(r"secret|password|token|access[.]?key", re.IGNORECASE)
#: org.apache.spark.util.Utils.REDACTION_REPLACEMENT_TEXT
HIDDEN = "*********(redacted)"
#: A name and password in an address.
CREDENTIALS = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")


def _pair(word: str) -> str:
    """KEY=VALUE, without the value when either is about a secret."""
    key, equals, value = word.partition("=")
    if equals and (SECRET.search(key) or SECRET.search(value)):
        return f"{key}={HIDDEN}"
    return CREDENTIALS.sub(f"{HIDDEN}@", word)


def arguments(words: Sequence[str]) -> list[str]:
    """Of a job's own arguments: --token VALUE, --token=VALUE and token=VALUE alike."""
    shown: list[str] = []
    hide = False
    for word in words:
        shown.append(HIDDEN if hide and not word.startswith("--") else _pair(word))
        hide = word.startswith("-") and "=" not in word and SECRET.search(word) is not None
    return shown


def command_line(given: Submission) -> list[str]:
    """What was submitted, to be shown and kept."""
    shown: list[str] = []
    for option in given.options:
        if option.value is None:
            shown.append(option.name)
        elif option.name == "--conf":
            shown += [option.name, _pair(option.value)]
        else:
            secret = SECRET.search(option.value) and option.name not in ("--name", "--class")
            shown += [option.name, HIDDEN if secret else CREDENTIALS.sub(f"{HIDDEN}@", option.value)]
    program = ["-m", given.module] if given.module is not None else [str(given.program)]
    return [*shown, *program, *arguments(given.arguments)]
