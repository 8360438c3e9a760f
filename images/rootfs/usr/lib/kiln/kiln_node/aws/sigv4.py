"""AWS Signature Version 4 of a request: pure.

Source: "Create a signed AWS API request" in the AWS General Reference; its worked example is the test.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl, quote, urlsplit


@dataclass(frozen=True)
class Keys:
    """token: of a role's session; empty for the keys of a user."""

    access: str
    secret: str
    token: str = ""


@dataclass(frozen=True)
class Request:
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes = b""


def sign(request: Request, keys: Keys, *, service: str, region: str, now: datetime) -> dict[str, str]:
    """All headers of the request, with host, date and signature. now: in UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    url = urlsplit(request.url)
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    headers |= {"host": url.netloc, "x-amz-date": stamp}
    if keys.token:
        headers["x-amz-security-token"] = keys.token
    names = ";".join(sorted(headers))
    canonical = "\n".join(
        [
            request.method,
            quote(url.path or "/", safe="/-_.~"),
            "&".join(
                f"{_quoted(name)}={_quoted(value)}" for name, value in sorted(parse_qsl(url.query, True))
            ),
            *(f"{name}:{headers[name]}" for name in sorted(headers)),
            "",
            names,
            hashlib.sha256(request.body).hexdigest(),
        ]
    )
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{keys.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{digest}".encode(), "sha256").hex()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={keys.access}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


def _quoted(text: str) -> str:
    return quote(text, safe="-_.~")
