"""Signatures: the worked example of AWS' own documentation."""

from __future__ import annotations

from datetime import UTC, datetime

from kiln_node.aws.sigv4 import Keys, Request, sign

NOW = datetime(2015, 8, 30, 12, 36, 0, tzinfo=UTC)
KEYS = Keys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
LIST_USERS = Request(
    "GET",
    "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
    {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
)


def test_signs_as_the_worked_example_does() -> None:
    headers = sign(LIST_USERS, KEYS, service="iam", region="us-east-1", now=NOW)
    assert headers["authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
        "SignedHeaders=content-type;host;x-amz-date, "
        "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )
    assert headers["x-amz-date"] == "20150830T123600Z"


def test_a_session_is_signed_with_its_token() -> None:
    headers = sign(LIST_USERS, Keys("A", "B", "token"), service="iam", region="us-east-1", now=NOW)
    assert headers["x-amz-security-token"] == "token"
    assert "x-amz-security-token" in headers["authorization"]
