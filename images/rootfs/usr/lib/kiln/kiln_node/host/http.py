"""Asking a service over HTTP, behind an interface so that tests can stand in for one."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from kiln_node.faults import NodeFault


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes


class Http(Protocol):
    """send: one request; any status is an answer, no answer is a NodeFault."""

    def send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> Answer: ...


class HostHttp:
    """The real thing: no proxy, no redirect followed to elsewhere, tried again while nobody answers."""

    #: Seconds for one try, and between the tries: a network that is just coming up.
    TIMEOUT = 5.0
    PAUSES = (1.0, 2.0, 4.0, 8.0)

    def send(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirect())
        for pause in (*self.PAUSES, None):
            request = urllib.request.Request(url, data=body, method=method, headers=dict(headers))  # noqa: S310
            try:
                with opener.open(request, timeout=self.TIMEOUT) as answer:
                    return Answer(answer.status, answer.read())
            except urllib.error.HTTPError as error:
                if error.code not in (429, 500, 502, 503, 504) or pause is None:
                    return Answer(error.code, error.read())
            except OSError as error:
                if pause is None:
                    raise NodeFault(
                        f"no answer from {url}: {error}",
                        where=url,
                        hint="see the routes, security groups and VPC endpoints of this machine",
                    ) from error
            time.sleep(pause)
        raise AssertionError("the last try answers or raises")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None
