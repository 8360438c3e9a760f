"""kiln-submit's command line, split where spark-submit splits it: pure.

What stands before the program is options; the program and whatever follows it is the job's own and is not
looked at. `-m MODULE` in the program's place runs a module.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from kiln_node import paths
from kiln_node.faults import NodeFault
from kiln_node.jobs import options

WHERE = "kiln-submit"
HELP = "kiln-submit --help"
#: As the interpreter of `python -m` takes it.
MODULE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*\Z")
#: As Hadoop tells a URI from a path.
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
#: As SparkSubmitOptionParser splits them.
WITH_VALUE = re.compile(r"(--[^=]+)=(.+)\Z", re.DOTALL)


class WrongUse(NodeFault):
    """The command line is not one that can be run: exit code 2."""

    def __init__(self, what: str, hint: str = HELP) -> None:
        super().__init__(what, where=WHERE, hint=hint)


@dataclass(frozen=True)
class Option:
    """name: as in options.VALUED or options.SWITCHES; value: None for a switch."""

    name: str
    value: str | None = None

    def words(self) -> list[str]:
        """As spark-submit reads it, whatever is in the value."""
        return [self.name] if self.value is None else [self.name, self.value]


@dataclass(frozen=True)
class Submission:
    """module: exactly one of it and program is set; arguments: the job's own."""

    options: tuple[Option, ...]
    module: str | None
    program: str | None
    arguments: tuple[str, ...]
    detach: bool = False
    as_json: bool = False
    #: Of kiln's own, such as the canary: not listed among people's jobs.
    internal: bool = False

    def values(self, name: str) -> list[str]:
        """Every value of an option, in the order given."""
        return [one.value for one in self.options if one.name == name and one.value is not None]

    def conf(self) -> dict[str, str]:
        """What --conf sets; the last of a key wins."""
        return {key: value for key, _, value in (pair.partition("=") for pair in self.values("--conf"))}

    def resource(self) -> list[str]:
        """The program as spark-submit gets it, with the arguments."""
        if self.module is not None:
            return [str(paths.RUN_MODULE), self.module, *self.arguments]
        return [str(self.program), *self.arguments]


@dataclass(frozen=True)
class Question:
    """A command line that asks something and runs no job."""

    about: str


def parse(given: Sequence[str]) -> Submission | Question:
    """WrongUse where it cannot be run."""
    found: list[Option] = []
    own: set[str] = set()
    words = list(given)
    at = 0
    while at < len(words):
        word = words[at]
        if word == "--":
            return _program(found, own, words[at + 1 :], "after --")
        if word == "-m" or not word.startswith("-"):
            break
        name, value = _split(word)
        at += 1
        if name in options.OWN and value is None:
            own.add(name)
        elif name in options.VALUED:
            if value is None:
                if at == len(words):
                    raise WrongUse(f"{name} needs a value")
                value = words[at]
                at += 1
            found.append(_checked(Option(name, value)))
        elif name in ("--help", "--version") and value is None:
            return Question(name)
        elif name in options.SWITCHES and name != "--usage-error" and value is None:
            found.append(_checked(Option(name)))
        else:
            raise WrongUse(
                f"{word} is not an option of spark-submit",
                "options of the job itself stand after its program: kiln-submit [OPTIONS] job.py --its-own",
            )
    if at < len(words) and words[at] == "-m":
        return _module(found, own, words[at + 1 :])
    return _program(found, own, words[at:], "")


def _split(word: str) -> tuple[str, str | None]:
    matched = WITH_VALUE.match(word)
    if matched is None:
        return options.SHORT.get(word, word), None
    return matched[1], matched[2]


def _checked(option: Option) -> Option:
    if option.name in options.REFUSED:
        why, hint = options.REFUSED[option.name]
        raise WrongUse(f"{option.name} {why}", hint)
    value = option.value or ""
    if option.name == "--conf" and not re.match(r"[^=\s]+=", value):
        raise WrongUse(f"--conf takes KEY=VALUE, not {value!r}")
    return option


def _module(found: list[Option], own: set[str], rest: list[str]) -> Submission:
    if not rest:
        raise WrongUse("-m needs a module")
    name, *arguments = rest
    if MODULE.match(name) is None or name.endswith(".py"):
        raise WrongUse(
            f"-m takes the name of a module, such as flights.etl, not {name!r}",
            "a file is given without -m: kiln-submit [OPTIONS] job.py",
        )
    return _submission(found, own, name, None, arguments)


def _program(found: list[Option], own: set[str], rest: list[str], where: str) -> Submission:
    if not rest or rest[0] == "":
        raise WrongUse(f"no program is given {where}".rstrip())
    program, *arguments = rest
    return _submission(found, own, None, program, arguments)


def _submission(
    found: list[Option], own: set[str], module: str | None, program: str | None, arguments: list[str]
) -> Submission:
    if "--json" in own and "--detach" not in own:
        raise WrongUse("--json goes with --detach: else standard output is the job's own")
    for word in (*(one.value or "" for one in found), program or "", *arguments):
        _passable(word)
    return Submission(
        tuple(found),
        module,
        program,
        tuple(arguments),
        detach="--detach" in own,
        as_json="--json" in own,
        internal="--internal" in own,
    )


def _passable(word: str) -> None:
    """What Spark's own scripts would change on the way is refused, rather than changed."""
    if "\r" in word:
        raise WrongUse(
            f"a carriage return in {word!r} would be removed by Spark's spark-class",
            "hand such text over in a file",
        )
    if any("\udc80" <= letter <= "\udcff" for letter in word):
        raise WrongUse(
            f"{word!r} is not UTF-8: the JVM would replace its bytes", "hand such text over in a file"
        )
