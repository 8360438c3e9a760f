"""The master's page: a redirect that the master cut keeps its ID; nothing else changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiln_node.roles.master_page import MasterPage, mended

HOST = "http://tunnel:8080"
APP = "/proxy/app-20261128123456-0001"
IDS = st.from_regex(r"\A(app|worker|driver)-[0-9]{14}-[0-9.]{4,12}\Z")


@pytest.mark.parametrize(
    ("asked", "location", "leads_to"),
    [
        (f"{APP}/", f"{HOST}/proxy/261128123456-0001/jobs/", f"{HOST}{APP}/jobs/"),
        (
            f"{APP}/kill?x=1",
            f"{HOST}/proxy/261128123456-0001/jobs/?id=1#top",
            f"{HOST}{APP}/jobs/?id=1#top",
        ),
        (APP, f"{HOST}/proxy/261128123456-0001", f"{HOST}{APP}"),
        # as it should be
        (f"{APP}/", f"{HOST}{APP}/jobs/", f"{HOST}{APP}/jobs/"),
        # to another page than the one that was asked for
        (f"{APP}/", f"{HOST}/proxy/worker-1/", f"{HOST}/proxy/worker-1/"),
        (f"{APP}/", f"{HOST}/", f"{HOST}/"),
        (f"{APP}/", "/proxy/", "/proxy/"),
        ("/", f"{HOST}/proxy/261128123456-0001/jobs/", f"{HOST}/proxy/261128123456-0001/jobs/"),
        ("/proxy/", f"{HOST}/proxy/261128123456-0001/", f"{HOST}/proxy/261128123456-0001/"),
    ],
)
def test_a_redirect_leads_to_the_page_that_was_asked_for(asked: str, location: str, leads_to: str) -> None:
    assert mended(asked, location) == leads_to


@given(identity=IDS, cut=st.integers(1, 12), rest=st.sampled_from(["", "/", "/jobs/", "/stages/?id=3"]))
def test_however_much_of_an_id_is_cut_the_redirect_has_the_whole(identity: str, cut: int, rest: str) -> None:
    assert (
        mended(f"/proxy/{identity}/", f"{HOST}/proxy/{identity[cut:]}{rest}")
        == f"{HOST}/proxy/{identity}{rest}"
    )


def test_only_the_address_of_a_redirect_is_corrected() -> None:
    page = MasterPage("127.0.0.1:8080")
    cut = f"{HOST}/proxy/261128123456-0001/jobs/"
    assert page.header(f"{APP}/", "location", cut) == f"{HOST}{APP}/jobs/"
    assert page.header(f"{APP}/", "x-other", cut) == cut


def test_a_master_that_does_not_answer_is_named() -> None:
    page = MasterPage("127.0.0.1:8080")
    assert page.instead("/", 404, "Not Found") is None
    shown = page.instead("/", None, "refused")
    assert shown is not None
    assert shown.code == 502
    assert "the master does not answer: refused" in shown.text
