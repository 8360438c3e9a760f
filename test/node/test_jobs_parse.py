"""kiln-submit's command line: what is spark-submit's, and what is the job's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, seed
from hypothesis import strategies as st

from kiln_node.jobs import options, parse
from kiln_node.jobs.parse import Option, Question, Submission, WrongUse

RUN_MODULE = Path(parse.__file__).parents[2] / "submit" / "run_module.py"


def parsed(*words: str) -> Submission:
    found = parse.parse(words)
    assert isinstance(found, Submission)
    return found


@pytest.mark.parametrize(
    ("words", "chosen", "resource"),
    [
        # the module's own -m stays its own
        (
            ["-m", "nycflights.etl", "--bucket", "b", "-m", "x"],
            [],
            ["/usr/lib/kiln/submit/run_module.py", "nycflights.etl", "--bucket", "b", "-m", "x"],
        ),
        (["--name", "n", "job.py", "2013"], ["--name", "n"], ["job.py", "2013"]),
        (["--name=n", "job.py"], ["--name", "n"], ["job.py"]),
        (["-c", "a=b=c", "job.py"], ["--conf", "a=b=c"], ["job.py"]),
        (["--conf=a=b\nc", "job.py"], ["--conf", "a=b\nc"], ["job.py"]),
        (["-v", "job.py", "-v"], ["--verbose"], ["job.py", "-v"]),
        # a value that looks like an option, or like the module's
        (["--name", "-m", "job.py"], ["--name", "-m"], ["job.py"]),
        (["--name", "--detach", "job.py"], ["--name", "--detach"], ["job.py"]),
        # a script's own arguments, whatever they look like
        (["job.py", "-m", "x"], [], ["job.py", "-m", "x"]),
        (["job.py", "--conf"], [], ["job.py", "--conf"]),
        (["job.py", "--help"], [], ["job.py", "--help"]),
        (["job.py", "--detach", "--json"], [], ["job.py", "--detach", "--json"]),
        (["job.py", "--", "x"], [], ["job.py", "--", "x"]),
        (["job.py", "--deploy-mode", "cluster"], [], ["job.py", "--deploy-mode", "cluster"]),
        (["job.py", "spark.executor.memory=1g"], [], ["job.py", "spark.executor.memory=1g"]),
        (["job.py", "", "a b"], [], ["job.py", "", "a b"]),
        # after -- the program may look like anything
        (["--name", "n", "--", "job.py", "--", "-m"], ["--name", "n"], ["job.py", "--", "-m"]),
        (["--", "-job.py"], [], ["-job.py"]),
        (["--class", "a.B", "s3a://jars/b.jar", "x"], ["--class", "a.B"], ["s3a://jars/b.jar", "x"]),
    ],
)
def test_exactly_what_stands_before_the_program_is_spark_submits(
    words: list[str], chosen: list[str], resource: list[str]
) -> None:
    found = parsed(*words)
    assert [word for option in found.options for word in option.words()] == chosen
    assert found.resource() == resource


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ([], "no program is given"),
        (["--name", "n"], "no program is given"),
        (["--"], "no program is given after --"),
        ([""], "no program is given"),
        (["--name"], "--name needs a value"),
        (["--nmae", "n", "job.py"], "--nmae is not an option of spark-submit"),
        (["--verbose=yes", "job.py"], "--verbose=yes is not an option of spark-submit"),
        (["-x", "job.py"], "-x is not an option of spark-submit"),
        (["--usage-error", "job.py"], "--usage-error is not an option"),
        (["-m"], "-m needs a module"),
        (["-m", "job.py"], "-m takes the name of a module"),
        (["-m", "/scratch/job.py"], "-m takes the name of a module"),
        (["-m", "--name", "n"], "-m takes the name of a module"),
        (["--conf", "spark.executor.memory", "job.py"], "--conf takes KEY=VALUE"),
        (["--conf", "=1", "job.py"], "--conf takes KEY=VALUE"),
        (["--kill", "driver-1"], "--kill ends a driver of Spark's cluster mode"),
        (["--status", "driver-1"], "--status asks for a driver of Spark's cluster mode"),
        (["--supervise", "job.jar"], "--supervise restarts a driver"),
        (["--json", "job.py"], "--json goes with --detach"),
        (["--detach=yes", "job.py"], "--detach=yes is not an option"),
        (["job.py", "a\rb"], "a carriage return"),
        (["--name", "a\r", "job.py"], "a carriage return"),
        (["job.py", "\udcff"], "is not UTF-8"),
    ],
)
def test_a_command_line_that_cannot_be_run_is_wrong_use(words: list[str], what: str) -> None:
    with pytest.raises(WrongUse) as caught:
        parse.parse(words)
    assert what in caught.value.what
    assert caught.value.hint


@pytest.mark.parametrize("word", ["--help", "-h", "--version"])
def test_a_question_before_the_program_is_answered(word: str) -> None:
    assert isinstance(parse.parse(["--name", "n", word, "job.py"]), Question)


#: Whatever an argument can be on the way through Spark's scripts and a JVM.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"))
PROGRAM = st.one_of(
    st.sampled_from(["job.py", "/scratch/job.py", "s3a://b/j.py", "a.jar"]).map(lambda one: [one]),
    st.sampled_from(["json.tool", "flights.etl"]).map(lambda one: ["-m", one]),
)
CHOSEN = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(sorted(options.VALUED - options.REFUSED.keys())), TEXT).map(
            lambda pair: Option(pair[0], f"k={pair[1]}" if pair[0] == "--conf" else pair[1])
        ),
        st.sampled_from(["--verbose", "--load-spark-defaults"]).map(Option),
    )
)


@seed(16)
@given(CHOSEN, PROGRAM, st.lists(st.one_of(TEXT, st.sampled_from(sorted(options.VALUED | options.OWN)))))
def test_a_jobs_arguments_arrive_as_they_are_and_change_no_option(
    chosen: list[Option], program: list[str], arguments: list[str]
) -> None:
    if any(one.value is not None and one.value.startswith("spark.submit.") for one in chosen):
        return
    words = [word for option in chosen for word in option.words()]
    found = parsed(*words, *program, *arguments)
    assert found.options == tuple(chosen)
    assert list(found.arguments) == arguments
    assert found.resource()[-len(arguments) :] == arguments or arguments == []
    assert not found.detach


@seed(16)
@given(st.lists(TEXT))
def test_any_command_line_is_run_or_refused_in_words(words: list[str]) -> None:
    try:
        found = parse.parse(words)
    except WrongUse as fault:
        assert fault.what and fault.hint
    else:
        assert isinstance(found, Question) or (found.module is None) != (found.program is None)


def test_runs_a_module_as_python_does() -> None:
    done = subprocess.run(
        [sys.executable, RUN_MODULE, "json.tool", "--help"], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("usage: ")
