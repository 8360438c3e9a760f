"""The notice that a machine goes, from EC2's metadata."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from kiln_node.aws import notice
from kiln_node.faults import NodeFault
from kiln_node.host.http import Answer


class Metadata:
    """Gives a token, and for it what it was made with."""

    def __init__(self, *answers: Answer, token: int = 200) -> None:
        self.answers = list(answers)
        self.token = token

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        if method == "PUT":
            return Answer(self.token, b"secret")
        assert url == "http://169.254.169.254/latest/meta-data/spot/instance-action"
        assert headers == {"X-aws-ec2-metadata-token": "secret"}
        return self.answers.pop(0)


GOES = Answer(200, b'{"action": "terminate", "time": "2026-11-24T16:00:00Z"}')


def test_nothing_is_announced_until_it_is() -> None:
    slept: list[float] = []
    found = notice.wait(Metadata(Answer(404, b""), Answer(404, b""), GOES), sleep=slept.append)
    assert found == "EC2 will terminate this instance at 2026-11-24T16:00:00Z"
    assert slept == [5.0, 5.0]


def test_a_notice_that_cannot_be_read_is_one() -> None:
    assert notice.ask(Metadata(Answer(200, b"soon"))) == "EC2 announces an interruption of this instance"


def test_a_service_that_does_not_answer_is_asked_again(capsys: pytest.CaptureFixture[str]) -> None:
    assert "terminate" in notice.wait(
        Metadata(Answer(503, b""), Answer(503, b""), GOES), sleep=lambda _: None
    )
    assert capsys.readouterr().out.count("asked again") == 1
    with pytest.raises(NodeFault, match="gives no token: 403"):
        notice.ask(Metadata(token=403))
