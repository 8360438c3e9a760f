"""A Java trust store from PEM certificates, without starting a JVM.

keytool would need a start of its own for each certificate, seconds each on a slow machine. The JKS
format of certificates is small and fixed: magic, version 2, entries, and a SHA-1 over password and
content (sun.security.provider.JavaKeyStore). It holds public certificates only; the
password is the JDK's well-known one and guards nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct

from kiln_node.faults import NodeFault

PASSWORD = "changeit"  # noqa: S105 - guards nothing

_PEM = re.compile(
    r"-----BEGIN (?:TRUSTED )?CERTIFICATE-----\s+(.*?)-----END (?:TRUSTED )?CERTIFICATE-----", re.DOTALL
)


def certificates(pem: str, *, where: str) -> list[bytes]:
    """The DER form of every certificate in a PEM text; NodeFault when there is none."""
    try:
        found = [base64.b64decode("".join(body.split()), validate=True) for body in _PEM.findall(pem)]
    except binascii.Error as error:
        raise NodeFault(
            f"a certificate is not base64: {error}", where=where, hint="give the authority as PEM"
        ) from error
    if not found or any(not der.startswith(b"\x30") for der in found):
        raise NodeFault("no certificate found", where=where, hint="give the authority as a PEM certificate")
    return found


def jks(ders: list[bytes]) -> bytes:
    """A JKS file that trusts these certificates; each one once, in a stable order."""
    unique = sorted(set(ders), key=lambda der: hashlib.sha256(der).digest())
    body = struct.pack(">IIi", 0xFEEDFEED, 2, len(unique))
    for der in unique:
        alias = hashlib.sha256(der).hexdigest()
        body += struct.pack(">i", 2) + _utf(alias) + struct.pack(">q", 0)
        body += _utf("X.509") + struct.pack(">i", len(der)) + der
    # the format's own checksum, not a guard: SHA-1 is part of JKS
    digest = hashlib.sha1(  # noqa: S324
        PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body
    )
    return body + digest.digest()


def _utf(text: str) -> bytes:
    encoded = text.encode("ascii")
    return struct.pack(">H", len(encoded)) + encoded
