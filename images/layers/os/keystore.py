#!/usr/bin/env python3
"""Gives the entries of Java's trust store one date and one order.

Usage: keystore.py CACERTS EPOCH

The store is in the JKS format with certificate entries only and the customary password `changeit`: it
holds public certificates, the password only guards its checksum.
"""

import hashlib
import struct
import sys
from pathlib import Path

PASSWORD = "changeit"
TRUSTED_CERTIFICATE = 2


def checksum(body: bytes) -> bytes:
    """SHA-1 as JKS wants it: keyed with the password and a phrase of its authors."""
    return hashlib.sha1(PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite" + body).digest()


def normalised(store: bytes, epoch: int) -> bytes:
    """The same certificates, sorted by alias, all dated `epoch` (seconds)."""
    body, digest = store[:-20], store[-20:]
    if body[:4] != b"\xfe\xed\xfe\xed" or checksum(body) != digest:
        raise ValueError("not a JKS trust store with the customary password")
    (count,) = struct.unpack(">I", body[8:12])
    at = 12
    entries: list[tuple[bytes, bytes, bytes]] = []
    for _ in range(count):
        tag, length = struct.unpack(">IH", body[at : at + 6])
        if tag != TRUSTED_CERTIFICATE:
            raise ValueError("the trust store holds something else than certificates")
        at += 6
        alias = body[at : at + length]
        at += length + 8
        (length,) = struct.unpack(">H", body[at : at + 2])
        kind = body[at : at + 2 + length]
        at += 2 + length
        (length,) = struct.unpack(">I", body[at : at + 4])
        certificate = body[at : at + 4 + length]
        at += 4 + length
        entries.append((alias, kind, certificate))
    if at != len(body):
        raise ValueError("the trust store has bytes after its last entry")
    out = body[:12]
    for alias, kind, certificate in sorted(entries):
        out += struct.pack(">IH", TRUSTED_CERTIFICATE, len(alias)) + alias
        out += struct.pack(">Q", epoch * 1000) + kind + certificate
    return out + checksum(out)


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_bytes(normalised(path.read_bytes(), int(sys.argv[2])))
