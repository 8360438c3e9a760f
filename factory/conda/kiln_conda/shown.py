"""What of a library's message a person may see: channels by their names, never an address or a credential."""

from __future__ import annotations

import re

# user:password@ of an address, conda's /t/TOKEN/, and queries.
_SECRETS = (
    (re.compile(r"(://)[^/@\s]+@"), r"\1"),
    (re.compile(r"/t/[^/\s]+"), "/t/…"),
    (re.compile(r"(://[^\s?]+)\?[^\s)]*"), r"\1"),
)


class Shown:
    """Called with an error, gives its text on one line."""

    def __init__(self, channels: dict[str, str]) -> None:
        # The longest first: one address may begin another.
        self.names = sorted(((url.rstrip("/"), name) for name, url in channels.items()), reverse=True)

    def __call__(self, error: object) -> str:
        text = " ".join(str(error).split())
        for address, name in self.names:
            text = text.replace(address, f"channel {name}")
        for pattern, instead in _SECRETS:
            text = pattern.sub(instead, text)
        return text
