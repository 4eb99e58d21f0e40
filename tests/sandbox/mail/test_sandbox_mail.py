"""The SMTP sink: a letter counts when its DATA is accepted, and each failure happens where it was asked to."""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest
import requests

from sandbox.faults import Fault, How, Where
from sandbox.mail import pages
from sandbox.mail.sink import Letters, Sink
from sandbox.serving import Server
from tests.sandbox.shops import Fair


@pytest.fixture
def fair() -> Fair:
    return Fair()


@pytest.fixture
def letters(fair: Fair, tmp_path: Path) -> Letters:
    return Letters(fair.stage.ledger, tmp_path / "mail")


@pytest.fixture
def sink(fair: Fair, letters: Letters) -> Iterator[Sink]:
    sink = Sink(letters, fair.stage.faults).start()
    yield sink
    sink.stop()


@pytest.fixture
def address(letters: Letters) -> Iterator[str]:
    server = Server().start(pages.application(letters))
    yield server.url
    server.stop()


def a_letter(subject: str = "Dein Kaffee ist unterwegs ☕") -> EmailMessage:
    letter = EmailMessage()
    letter["From"] = "Rösterei Nebelkamp <moin@nebelkamp.example.com>"
    letter["To"] = "greta@example.com"
    letter["Subject"] = subject
    letter["Message-ID"] = "<m1@encore.example>"
    letter.set_content("Hallo Greta")
    letter.add_alternative(
        "<html><head></head><body>Hallo <b>Greta</b><script>x</script></body></html>", subtype="html"
    )
    return letter


def post(sink: Sink, letter: EmailMessage, seconds: float = 5.0) -> None:
    host, _, port = sink.url.removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port), timeout=seconds) as client:
        client.send_message(letter)


def test_an_accepted_letter_is_in_the_ledger_and_on_disk(fair: Fair, sink: Sink, tmp_path: Path) -> None:
    post(sink, a_letter())
    [mail] = fair.stage.ledger.mails()
    assert (mail.message_id, mail.to) == ("<m1@encore.example>", ["greta@example.com"])
    assert mail.subject == "Dein Kaffee ist unterwegs ☕"
    assert b"Hallo Greta" in (tmp_path / f"mail/{mail.id}.eml").read_bytes()


def _ask(fair: Fair, how: How, **fields: float) -> None:
    fair.stage.faults.add([Fault(where=Where.SMTP, how=how, **fields)])  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [451, 550])
def test_a_refused_letter_is_not_counted(fair: Fair, sink: Sink, status: int) -> None:
    _ask(fair, How.STATUS, status=status)
    with pytest.raises(smtplib.SMTPDataError) as caught:
        post(sink, a_letter())
    assert caught.value.smtp_code == status
    assert fair.stage.ledger.mails() == []
    post(sink, a_letter())
    assert len(fair.stage.ledger.mails()) == 1


def test_a_line_cut_before_data_leaves_nothing(fair: Fair, sink: Sink) -> None:
    _ask(fair, How.DROP)
    with pytest.raises((smtplib.SMTPException, OSError)):
        post(sink, a_letter())
    assert fair.stage.ledger.mails() == []


def test_a_line_cut_after_the_final_dot_leaves_the_letter(fair: Fair, sink: Sink) -> None:
    _ask(fair, How.DROP_AFTER_DOT)
    with pytest.raises((smtplib.SMTPException, OSError)):
        post(sink, a_letter())
    assert len(fair.stage.ledger.mails()) == 1


def test_a_server_that_hangs_never_answers(fair: Fair, sink: Sink) -> None:
    _ask(fair, How.HANG)
    with pytest.raises((smtplib.SMTPException, OSError)):
        post(sink, a_letter(), seconds=0.3)
    assert fair.stage.ledger.mails() == []


def test_a_slow_server_accepts_in_the_end(fair: Fair, sink: Sink) -> None:
    _ask(fair, How.DELAY, seconds=0.05)
    post(sink, a_letter())
    assert len(fair.stage.ledger.mails()) == 1


def test_the_mailbox_lists_the_newest_first_and_shows_each_side_of_a_letter(sink: Sink, address: str) -> None:
    post(sink, a_letter("one"))
    post(sink, a_letter("two & <b>three</b>"))
    listed = requests.get(address, timeout=5).text
    assert listed.index("two &amp; &lt;b&gt;three") < listed.index(">one<")
    assert "Hallo Greta" in requests.get(f"{address}/m/1/text", timeout=5).text
    headers = requests.get(f"{address}/m/1/headers", timeout=5).text
    assert "&lt;m1@encore.example&gt;" in headers
    assert "sandbox=" in requests.get(f"{address}/m/1", timeout=5).text
    assert requests.get(f"{address}/m/9", timeout=5).status_code == 404
    assert requests.get(f"{address}/m/2/raw", timeout=5).headers["Content-Type"].startswith("message/rfc822")


def test_a_letters_html_can_run_nothing(sink: Sink, address: str) -> None:
    post(sink, a_letter())
    body = requests.get(f"{address}/m/1/body", timeout=5)
    assert '<base target="_blank">' in body.text
    policy = body.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox ")
    assert "allow-scripts" not in policy


def test_an_unchanged_list_is_not_sent_again(sink: Sink, address: str) -> None:
    tag = requests.get(f"{address}/rows", timeout=5).headers["ETag"]
    assert requests.get(f"{address}/rows", headers={"If-None-Match": tag}, timeout=5).status_code == 304
    post(sink, a_letter())
    assert requests.get(f"{address}/rows", headers={"If-None-Match": tag}, timeout=5).status_code == 200


def test_a_header_in_plain_utf8_is_read(fair: Fair, sink: Sink, address: str) -> None:
    host, _, port = sink.url.removeprefix("smtp://").partition(":")
    with smtplib.SMTP(host, int(port), timeout=5) as client:
        client.sendmail(
            "a@x.example", ["b@x.example"], "Subject: Grüße aus 臺北\r\nFrom: Å <a@x.example>\r\n\r\nHi".encode()
        )
    assert fair.stage.ledger.mails()[0].subject == "Grüße aus 臺北"
    assert "臺北" in requests.get(f"{address}/m/1/headers", timeout=5).text
