"""Files of Spark's settings, as Java reads them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln_node.spark import properties, sparkconf


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("spark.a 1", {"spark.a": "1"}),
        ("spark.a=1\r\nspark.b: 2\rspark.c\t=\t3", {"spark.a": "1", "spark.b": "2", "spark.c": "3"}),
        ("  # spark.a 1\n! spark.b 2\n\n   spark.c 3  ", {"spark.c": "3"}),
        ("spark.a one, \\\n   two\\\n", {"spark.a": "one, two"}),
        ("spark.a=x=y:z", {"spark.a": "x=y:z"}),
        ("spark.a\\ b\\=c=1", {"spark.a b=c": "1"}),
        ("spark.a=C\\:\\\\x\\ty\\u00e9\\q", {"spark.a": "C:\\x\tyéq"}),
        ("spark.a=\\ud83d\\ude00", {"spark.a": "😀"}),
        ("spark.a", {"spark.a": ""}),
        ("spark.a=1\\\\\nspark.b=2", {"spark.a": "1\\", "spark.b": "2"}),
        ("spark.a=1\nspark.a=2", {"spark.a": "2"}),
    ],
)
def test_what_java_reads(text: str, expected: dict[str, str]) -> None:
    assert properties.values(text) == expected


def test_a_line_is_known_by_its_number() -> None:
    found = properties.parse("# settings\nspark.a 1\n\nspark.b \\\n  2\nspark.c 3\n")
    assert [(one.key, one.line) for one in found] == [("spark.a", 2), ("spark.b", 4), ("spark.c", 6)]


def test_an_escape_that_java_refuses_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: "):
        properties.parse("spark.a=1\nspark.b=\\u12")


KEYS = st.from_regex(r"spark\.[A-Za-z0-9._=: #!\\-]*", fullmatch=True)
#: Without blanks at the ends, which Spark cuts.
VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20).map(str.strip)


@given(st.dictionaries(KEYS, VALUES))
def test_what_kiln_writes_is_read_as_it_was(settings: dict[str, str]) -> None:
    assert properties.values(sparkconf.render(settings)) == settings
