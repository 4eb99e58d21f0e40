"""Certificates are checked, always, and against the name even when the connection goes to a checked address."""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.kernel.errors import Permanent
from app.kernel.http import Http
from tests.kernel.loopback import answer, serving


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One file with the key and the certificate of shop.test, which signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.test")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("shop.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("certificate") / "shop.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


@pytest.fixture
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def way_out(certificate: Path | None) -> Http:
    ca_file = str(certificate) if certificate else None
    return Http(allow_private_addresses=True, resolve=lambda _host, _port: ["127.0.0.1"], ca_file=ca_file)


def test_the_name_is_proven_although_the_address_was_fixed(tls: ssl.SSLContext, certificate: Path) -> None:
    names: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    http = way_out(certificate)
    with serving(lambda _: [answer(b"secure")], tls) as server:
        assert http.call("GET", f"https://shop.test:{server.port}/").body == b"secure"
        assert http.call("GET", f"https://shop.test:{server.port}/").body == b"secure"
    assert names == ["shop.test"]
    assert b"Host: shop.test:" in server.requests[0]


def test_another_name_does_not_pass(tls: ssl.SSLContext, certificate: Path) -> None:
    with serving(lambda _: [answer()], tls) as server, pytest.raises(Permanent, match="bad_certificate"):
        way_out(certificate).call("GET", f"https://other.test:{server.port}/")
    assert server.requests == []


def test_a_certificate_that_nobody_vouches_for_does_not_pass(tls: ssl.SSLContext) -> None:
    with serving(lambda _: [answer()], tls) as server, pytest.raises(Permanent, match="bad_certificate"):
        way_out(None).call("GET", f"https://shop.test:{server.port}/")
    assert server.requests == []


def test_an_encrypted_answer_that_drips_is_left_at_the_total_deadline(tls: ssl.SSLContext, certificate: Path) -> None:
    http = Http(
        allow_private_addresses=True, resolve=lambda _h, _p: ["127.0.0.1"], ca_file=str(certificate), total_timeout=0.5
    )
    dripping = [b"HTTP/1.1 200 OK\r\n\r\n", *[said for _ in range(60) for said in (b"x", 0.05)]]
    with serving(lambda _: dripping, tls) as server, pytest.raises(Exception, match="timed_out"):
        http.call("GET", f"https://shop.test:{server.port}/")
