"""kiln-master-page: the master's page, with redirects of jobs' pages that lead where they should.

The master passes /proxy/ID/… on to the page of a job or worker (spark.ui.reverseProxy). When that page
redirects, the master writes the ID into the new address. It reads the ID from a request that may still be
in its handler, and then cuts "app-20" off, so that the browser ends at 403 (Spark 4.1.4,
createProxyLocationHeader; measured: 15 of 120 redirects). So this server listens at the node's address, the
master at loopback with the same port, and a redirect gets the ID that was asked for.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Sequence
from dataclasses import dataclass

from kiln_node.host.server import parser, serve
from kiln_node.roles.page_proxy import Replacement, handler, no_answer

PROXY = "/proxy/"


def mended(path: str, location: str) -> str:
    """The address that a redirect leads to, with the whole ID of the page that was asked for.

    path: what was asked for, /proxy/ID/…; location: as the master has it, http://HOST/proxy/END-OF-ID/…"""
    asked = proxied(path)
    target = urllib.parse.urlsplit(location)
    cut = proxied(target.path)
    if asked in (None, cut) or cut is None or not str(asked).endswith(cut):
        return location
    rest = target.path.removeprefix(PROXY).removeprefix(cut)
    return target._replace(path=f"{PROXY}{asked}{rest}").geturl()


def proxied(path: str) -> str | None:
    """The ID in /proxy/ID/…; None for another path."""
    if not path.startswith(PROXY):
        return None
    return path.removeprefix(PROXY).partition("?")[0].partition("/")[0] or None


@dataclass(frozen=True)
class MasterPage:
    """host:port of the master's own page."""

    master: str
    name: str = "kiln-master-page"

    def origin(self, _path: str) -> str:
        """The master, for every path."""
        return self.master

    def header(self, path: str, name: str, value: str) -> str:
        """Where a redirect leads to, mended; others as they are."""
        return mended(path, value) if name == "location" else value

    def instead(self, _path: str, status: int | None, why: str) -> Replacement | None:
        """A master that does not answer is named."""
        return no_answer("the master", why) if status is None else None


def main(arguments: Sequence[str]) -> int:
    """Serves until it is stopped."""
    options = parser("kiln-master-page", "The master's page.")
    options.add_argument("--master", required=True, help="address of the master's page, http://HOST:PORT/…")
    given = options.parse_args(arguments)
    port = urllib.parse.urlsplit(given.master).port or 80
    return serve(given.address, port, handler(MasterPage(f"127.0.0.1:{port}")))
