"""The trust store, read back by Java's own keytool."""

from __future__ import annotations

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

from kiln_node.faults import NodeFault
from kiln_node.spark import truststore

SYSTEM = Path("/etc/ssl/certs/ca-certificates.crt")


def test_keytool_reads_every_certificate(tmp_path: Path) -> None:
    keytool = shutil.which("keytool")
    if keytool is None:
        pytest.skip("needs default-jre-headless")
    if not SYSTEM.exists():
        pytest.skip("needs ca-certificates")
    ders = truststore.certificates(SYSTEM.read_text(encoding="ascii"), where="system")[:5]
    path = tmp_path / "trust.jks"
    path.write_bytes(truststore.jks([*ders, ders[0]]))
    done = subprocess.run(
        [keytool, "-list", "-rfc", "-keystore", path, "-storepass", truststore.PASSWORD],
        capture_output=True,
        text=True,
        check=True,
    )
    listed = truststore.certificates(done.stdout, where="keytool")
    assert sorted(listed) == sorted(ders)


def test_the_same_certificates_give_the_same_bytes() -> None:
    assert truststore.jks([b"\x30a", b"\x30b"]) == truststore.jks([b"\x30b", b"\x30a", b"\x30b"])


@pytest.mark.parametrize(
    "pem",
    [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----",
        ssl.DER_cert_to_PEM_cert(b"not a certificate"),
    ],
)
def test_refuses_what_is_no_certificate(pem: str) -> None:
    with pytest.raises(NodeFault):
        truststore.certificates(pem, where="test")
