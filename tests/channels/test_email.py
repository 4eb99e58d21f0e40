"""What becomes of a letter when its server takes it, refuses it, or falls silent."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.channels import CHANNELS
from app.channels.base import Letter
from app.channels.console import Console
from app.channels.email import Email, Server, wire_form
from app.kernel.config import Settings
from app.kernel.errors import Permanent, Transient, Uncertain
from tests.channels.smtp_sink import Sink, channel, free_port, running

LETTER = Letter(
    key="0c7a5e0e-1c6f-5d53-9f0e-3a0f6e6f3a51",
    recipient="johannes@shopper.example",
    sender_name="Lena, von der Rösterei Nebelkamp",
    sender_address="post@nebelkamp.example",
    subject="Děkujeme za Vaši objednávku",
    html="<p>Grüße</p>",
    text="Grüße\n.\n..two\nend\n",
    language="de-DE",
)


def agreed() -> None:
    """Nothing stands against the handing over."""


@pytest.fixture
def sink() -> Generator[Sink]:
    with running(Sink()) as sink:
        yield sink


def test_a_letter_arrives_whole(sink: Sink) -> None:
    with channel(sink) as email:
        receipt = email.send(LETTER, agreed)
    assert receipt.reply == "250 2.0.0 Ok: queued as 4F2A"
    (message,) = sink.taken
    assert sink.envelopes == [("post@nebelkamp.example", ["johannes@shopper.example"])]
    assert message["Subject"] == LETTER.subject
    assert message["From"].addresses[0].display_name == LETTER.sender_name
    assert message["Message-ID"] == "<0c7a5e0e-1c6f-5d53-9f0e-3a0f6e6f3a51@nebelkamp.example>"
    assert (message["Auto-Submitted"], message["Content-Language"]) == ("auto-generated", "de-DE")
    assert message["Date"].datetime.tzinfo is not None
    plain, rich = message.iter_parts()
    assert (plain.get_content_type(), rich.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == LETTER.text
    assert rich.get_content().strip() == LETTER.html


@pytest.mark.parametrize(
    ("place", "reply", "failure", "code"),
    [
        ("at_recipient", "450 4.2.1 greylisted", Transient, "smtp_450"),
        ("at_recipient", "550 5.1.1 <johannes@shopper.example> unknown", Permanent, "smtp_550"),
        ("at_recipient", "421 4.3.2 shutting down", Transient, "smtp_421"),
        ("at_recipient", "drop", Transient, "mail_server_dropped"),
        ("at_end", "451 4.3.0 try later", Transient, "smtp_451"),
        ("at_end", "554 5.7.1 spam", Permanent, "smtp_554"),
        ("at_end", "drop", Uncertain, "no_reply_after_handover"),
        ("at_end", "hang", Uncertain, "no_reply_after_handover"),
        ("at_end", "babble", Uncertain, "no_reply_after_handover"),
    ],
)
def test_every_way_of_failing_gets_its_name(
    sink: Sink, place: str, reply: str, failure: type[Exception], code: str
) -> None:
    setattr(sink, place, reply)
    with channel(sink, verdict_timeout=0.2) as email, pytest.raises(failure) as caught:
        email.send(LETTER, agreed)
    assert getattr(caught.value, "code", "") == code
    assert "shopper.example" not in str(caught.value)


def test_after_a_refusal_the_next_letter_goes_out(sink: Sink) -> None:
    with channel(sink) as email:
        sink.at_recipient = "550 5.1.1 unknown"
        with pytest.raises(Permanent):
            email.send(LETTER, agreed)
        sink.at_recipient = "250 OK"
        email.send(LETTER, agreed)
    assert len(sink.taken) == 1


def test_what_stops_the_handing_over_at_the_last_moment_leaves_nothing_behind(sink: Sink) -> None:
    def refused() -> None:
        raise LookupError("somebody else has the work")

    with channel(sink) as email:
        with pytest.raises(LookupError):
            email.send(LETTER, refused)
        email.send(LETTER, agreed)
    assert len(sink.taken) == 1


def test_the_connection_is_kept(sink: Sink) -> None:
    with channel(sink) as email:
        for _ in range(3):
            email.send(LETTER, agreed)
    assert len(sink.taken) == 3
    assert len(sink.sessions) == 1


def test_a_connection_that_the_server_closed_meanwhile_is_replaced() -> None:
    with running(Sink(patience=0.1)) as sink, channel(sink) as email:
        email.send(LETTER, agreed)
        time.sleep(0.4)
        email.send(LETTER, agreed)
    assert len(sink.taken) == 2
    assert len(sink.sessions) == 2


def test_nobody_listening_is_transient() -> None:
    with channel(Sink(port=free_port())) as email, pytest.raises(Transient, match="mail_server_unreachable"):
        email.send(LETTER, agreed)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_wrong_password_says_nothing_about_the_letter() -> None:
    with (
        running(Sink(password="other")) as sink,
        channel(sink) as email,
        pytest.raises(Transient, match="mail_login_refused"),
    ):
        email.send(LETTER, agreed)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_the_right_password_opens() -> None:
    with running(Sink(password="right")) as sink, channel(sink) as email:
        email.send(LETTER, agreed)
        assert len(sink.taken) == 1


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Self-signed, for 127.0.0.1; key and certificate in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sink")])
    now = dt.datetime.now(dt.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "sink.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_starttls_is_used_where_it_is_offered(certificate: Path) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    trust = ssl.create_default_context(cafile=str(certificate))
    with running(Sink(), tls=served) as sink, channel(sink, trust=trust) as email:
        email.send(LETTER, agreed)
        assert len(sink.taken) == 1


def test_a_certificate_that_nobody_vouches_for_is_refused(certificate: Path) -> None:
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    with (
        running(Sink(), tls=served) as sink,
        channel(sink) as email,
        pytest.raises(Transient, match="mail_server_not_trusted"),
    ):
        email.send(LETTER, agreed)


@pytest.mark.parametrize(
    "address", ["", "johannes", "@shopper.example", "a b@shopper.example", "a@b@c.example", "a@\r\nBcc: x@y.example",
                "jürgen@shopper.example", "a" * 250 + "@shopper.example", "a@shopper.example, b@shopper.example",
                "=?utf-8?q?x?=@shopper.example"],
)  # fmt: skip
def test_an_address_that_no_server_could_read_is_refused(address: str) -> None:
    with pytest.raises(Permanent, match="bad_address"):
        wire_form(replace(LETTER, recipient=address))


def test_answers_go_where_somebody_reads_them() -> None:
    assert b"Reply-To" not in wire_form(LETTER).body
    answered = wire_form(replace(LETTER, reply_to="fragen@nebelkamp.example"))
    assert b"Reply-To: fragen@nebelkamp.example\r\n" in answered.body


@pytest.mark.parametrize("local", ["taro..yamada", "taro.", ".taro"])
def test_an_address_with_odd_dots_is_written_to(local: str) -> None:
    """docomo.ne.jp, for one, gave such names out."""
    wire = wire_form(replace(LETTER, recipient=f"{local}@docomo.example"))
    assert wire.recipient == f"{local}@docomo.example"
    assert f"\r\nTo: {local}@docomo.example\r\n".encode() in wire.body


def test_a_domain_in_another_script_is_written_for_the_wire() -> None:
    assert wire_form(replace(LETTER, recipient="anna@rösterei.example")).recipient == "anna@xn--rsterei-90a.example"


@pytest.mark.parametrize("sign", ["\r\n", "\n", "\r", "\x00", "\x0b", "\x0c", "\x85", "\u2028", "\u2029"])
def test_no_sign_in_a_name_or_subject_starts_a_header(sign: str) -> None:
    letter = replace(LETTER, subject=f"Hi{sign}Bcc: x@y.example", sender_name=f"Lena{sign}X-Evil: 1")
    head, _, _ = wire_form(letter).body.partition(b"\r\n\r\n")
    assert b"Subject: Hi Bcc: x@y.example" in head
    assert not [line for line in head.split(b"\r\n") if line.lower().startswith((b"bcc", b"x-evil"))]


def test_a_header_is_capped() -> None:
    head, _, _ = wire_form(replace(LETTER, subject="x" * 5000)).body.partition(b"\r\n\r\n")
    assert len(head) < 1200


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtp://localhost", Server(host="localhost", port=587, is_tls=False)),
        (
            "smtps://u%40x:p%3Aw@mail.example",
            Server(host="mail.example", port=465, is_tls=True, user="u@x", password="p:w"),
        ),
        ("smtp://mail.example:2525", Server(host="mail.example", port=2525, is_tls=False)),
    ],
)
def test_the_setting_is_read(url: str, server: Server) -> None:
    assert Server.parse(url) == server


def test_without_a_mail_server_the_twin_keeps_the_letters() -> None:
    settings = Settings(
        database_url="", valkey_url="", valkey_checks_certificate=True, public_url="https://encore.example",
        secret_keys=(("k1", b"0" * 32),),
    )  # fmt: skip
    twin = CHANNELS["email"](settings)
    assert isinstance(twin, Console)
    twin.send(LETTER, agreed)
    assert twin.letters[-1] == LETTER
    assert CHANNELS["email"](settings) is twin
    real = replace(settings, smtp_url="smtp://localhost:25")
    assert isinstance(CHANNELS["email"](real), Email)
    assert CHANNELS["email"](real) is CHANNELS["email"](real)


@pytest.mark.parametrize(
    "text",
    [
        "Grüße\n.\n..\nFrom here\n",
        "a space at the end \n\n\n" + "long" * 500 + "\n",
        "--=_encore--\n=_encore\n=3D\n",
        "odd\u2028signs\x0b of \x85 line \x0c ends\n",
    ],
)
def test_both_forms_are_read_as_they_were_written(sink: Sink, text: str) -> None:
    with channel(sink) as email:
        email.send(replace(LETTER, text=text, html=f"<pre>{text}</pre>"), agreed)
    (letter,) = sink.taken
    plain, html = (letter.get_body((form,)) for form in ("plain", "html"))
    assert plain
    assert html
    assert not letter.defects
    assert plain.get_content().replace("\r\n", "\n") == text
    assert html.get_content().replace("\r\n", "\n") == f"<pre>{text}</pre>\n"


def test_a_line_of_the_wire_is_never_longer_than_it_may_be() -> None:
    body = wire_form(replace(LETTER, text="ä" * 5000, html="<p>" + "word " * 3000, subject="ü" * 300)).body
    assert max(len(line) for line in body.split(b"\r\n")) <= 78  # RFC 5322, 2.1.1
    assert b"\n" not in body.replace(b"\r\n", b"")
    assert b"\r" not in body.replace(b"\r\n", b"")
