"""E-mail over SMTP: one letter, one hand-over, and an honest answer about what became of it.

The moment that matters is the final dot (RFC 5321, 4.1.1.4). What breaks before it was not taken and may be tried again; what
breaks between it and the server's reply may have been taken, and nobody can know (RFC 1047).
"""

from __future__ import annotations

import re
import select
import smtplib
import socket
import ssl
import threading
import time
import unicodedata
from binascii import b2a_qp
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP as WIRE
from email.utils import format_datetime
from functools import lru_cache
from ipaddress import ip_address
from math import inf
from urllib.parse import unquote, urlsplit

from app.channels.base import Channel, Letter, Receipt
from app.channels.console import Console
from app.kernel.config import Settings
from app.kernel.errors import Failure, Permanent, Transient, Uncertain
from app.kernel.faults import faultpoint

CONNECT_TIMEOUT = 10.0
COMMAND_TIMEOUT = 30.0
VERDICT_TIMEOUT = 120.0
"""Seconds. The reply to the final dot may take long: filters read the letter first."""
MOST_PER_CONNECTION = 100
TRUSTED_SECONDS = 1.0
"""A kept connection that took a letter so lately is not asked first whether it still answers: that would be a fifth question for
each letter of a backlog."""
LONGEST_HEADER = 200
LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""

OK, GO_AHEAD, REFUSED = 2, 3, 5
"""First digits of replies."""
ENHANCED_CODE = re.compile(r"\d\.\d{1,3}\.\d{1,3}")
PLAIN_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
"""What the HTML standard lets a form accept: no quoted names, no comments."""
ENCODED_WORD = "=?"
"""Where it begins, a header's reader decodes (RFC 2047): the letter would name another recipient than it has."""
LEADING_DOT = re.compile(rb"(?m)^\.")


def channel_for(settings: Settings) -> Channel:
    """The one of this process: it keeps its connections. Without SMTP_URL its twin, which keeps its letters."""
    if settings.smtp_url is None:
        return _twin()
    own_host = urlsplit(settings.public_url).hostname or socket.gethostname()
    return _email(settings.smtp_url, own_host, settings.allow_private_addresses)


@lru_cache(maxsize=1)
def _twin() -> Console:
    return Console()


@lru_cache(maxsize=4)
def _email(url: str, own_host: str, may_be_plain: bool) -> Email:
    return Email(Server.parse(url), own_host=own_host, may_be_plain=may_be_plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """Where letters are handed over."""

    host: str
    port: int
    is_tls: bool  # from the first byte on (smtps); otherwise STARTTLS
    user: str = ""
    password: str = ""

    @classmethod
    def parse(cls, url: str) -> Server:
        """smtp://user:password@host:587 or smtps://user:password@host:465."""
        parts = urlsplit(url)
        is_tls = parts.scheme == "smtps"
        return cls(
            host=parts.hostname or "localhost",
            port=parts.port or (465 if is_tls else 587),
            is_tls=is_tls,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


class Email:
    """Hands letters to one server. Every thread keeps a connection of its own."""

    slug = "email"

    def __init__(
        self,
        server: Server,
        *,
        own_host: str,
        may_be_plain: bool = False,
        trust: ssl.SSLContext | None = None,
        verdict_timeout: float = VERDICT_TIMEOUT,
    ) -> None:
        self._server = server
        self._own_host = own_host
        self._may_be_plain = may_be_plain
        self._trust = trust or ssl.create_default_context()
        self._verdict_timeout = verdict_timeout
        self._held = threading.local()

    def send(self, letter: Letter, commit: Callable[[], None]) -> Receipt:
        message = wire_form(letter)
        with self._connection() as smtp:
            _expect(smtp.mail(message.sender, [f"size={len(message.body)}"] if smtp.has_extn("size") else []))
            _expect(smtp.rcpt(message.recipient))
            _expect(smtp.docmd("DATA"), GO_AHEAD)
            smtp.send(LEADING_DOT.sub(b"..", message.body))
            commit()
            return self._hand_over(smtp)

    def probe(self) -> None:
        """Greeted, encrypted, logged in, and gone again."""
        with _trouble_of_the_server(), self._connect() as smtp:
            smtp.noop()

    def close(self) -> None:
        """End this thread's connection; the next letter opens another."""
        smtp: smtplib.SMTP | None = getattr(self._held, "smtp", None)
        self._held.smtp = None
        if smtp:
            smtp.close()

    def _hand_over(self, smtp: smtplib.SMTP) -> Receipt:
        """The final dot and its reply."""
        _set_timeout(smtp, self._verdict_timeout)
        try:
            smtp.send(b".\r\n")
            faultpoint("email.after_dot")
            reply = smtp.getreply()
        except (OSError, smtplib.SMTPException) as error:
            raise Uncertain("no_reply_after_handover", type(error).__name__) from error
        if reply[0] < 0:
            raise Uncertain("no_reply_after_handover", "not SMTP")
        _expect(reply)
        self._held.answered_at = time.monotonic()
        faultpoint("email.after_reply")
        _set_timeout(smtp, COMMAND_TIMEOUT)
        return Receipt(reply=f"{reply[0]} {_said(reply[1])}".strip())

    @contextmanager
    def _connection(self) -> Generator[smtplib.SMTP]:
        """This thread's connection; closed when anything went wrong on it. A drop in here is one before the final dot."""
        smtp = self._living()
        is_in_step = False
        try:
            yield smtp
            is_in_step = True
        except (OSError, smtplib.SMTPException) as error:
            raise Transient("mail_server_dropped", type(error).__name__) from error
        finally:
            if not is_in_step:
                self.close()

    def _living(self) -> smtplib.SMTP:
        """The kept connection if it still answers, else a new one."""
        smtp: smtplib.SMTP | None = getattr(self._held, "smtp", None)
        if smtp and self._held.count < MOST_PER_CONNECTION and (self._has_just_answered() or _answers(smtp)):
            self._held.count += 1
            return smtp
        self.close()
        self._held.smtp, self._held.count, self._held.answered_at = self._connect(), 1, -inf
        return self._held.smtp

    def _has_just_answered(self) -> bool:
        """And has said nothing since, not even that it closes: that could be read by now."""
        is_lately = time.monotonic() - self._held.answered_at < TRUSTED_SECONDS
        return is_lately and not select.select([self._held.smtp.sock], [], [], 0)[0]

    def _connect(self) -> smtplib.SMTP:
        """Greeted, encrypted, logged in. Whatever fails here says nothing about the letter, so it is `Transient`, even a wrong
        password: an operator's slip must not end every letter of the hour for good."""
        with _trouble_of_the_server():
            smtp = self._open()
            _send_at_once(smtp)
            try:
                self._prepare(smtp)
            except (Failure, OSError, smtplib.SMTPException):
                smtp.close()
                raise
            return smtp

    def _open(self) -> smtplib.SMTP:
        host, port, name = self._server.host, self._server.port, self._own_host
        if self._server.is_tls:
            return smtplib.SMTP_SSL(host, port, local_hostname=name, timeout=CONNECT_TIMEOUT, context=self._trust)
        return smtplib.SMTP(host, port, local_hostname=name, timeout=CONNECT_TIMEOUT)

    def _prepare(self, smtp: smtplib.SMTP) -> None:
        """STARTTLS wherever it is offered; only a server on this machine or a development set-up may do without."""
        smtp.ehlo_or_helo_if_needed()
        if not self._server.is_tls and smtp.has_extn("starttls"):
            smtp.starttls(context=self._trust)
            smtp.ehlo_or_helo_if_needed()
        elif not self._server.is_tls and not (self._may_be_plain or _is_on_this_machine(smtp)):
            raise Transient("mail_server_not_encrypted")
        if self._server.user:
            smtp.login(self._server.user, self._server.password)
        _set_timeout(smtp, COMMAND_TIMEOUT)


# --- the conversation -------------------------------------------------------------------------------------------------


@contextmanager
def _trouble_of_the_server() -> Generator[None]:
    try:
        yield
    except (smtplib.SMTPAuthenticationError, smtplib.SMTPNotSupportedError) as error:
        raise Transient("mail_login_refused", type(error).__name__) from error
    except ssl.SSLError as error:
        raise Transient("mail_server_not_trusted", type(error).__name__) from error
    except (OSError, smtplib.SMTPException) as error:
        raise Transient("mail_server_unreachable", type(error).__name__) from error


def _expect(reply: tuple[int, bytes], wanted: int = OK) -> None:
    """`Permanent` for a refusal (5xx: RFC 5321, 4.2.1), `Transient` for every other reply that is not of the wanted class."""
    code = reply[0]
    if code // 100 != wanted:
        kind = Permanent if code // 100 == REFUSED else Transient
        raise kind(f"smtp_{code}" if code > 0 else "smtp_unclear", _enhanced(reply[1]))


def _answers(smtp: smtplib.SMTP) -> bool:
    with suppress(OSError, smtplib.SMTPException):
        return smtp.rset()[0] // 100 == OK
    return False


def _is_on_this_machine(smtp: smtplib.SMTP) -> bool:
    return bool(smtp.sock) and ip_address(smtp.sock.getpeername()[0]).is_loopback


def _send_at_once(smtp: smtplib.SMTP) -> None:
    """A letter's last piece must not wait for the answer to the one before it: with Nagle's rule on this side and delayed
    acknowledgements on the other, that costs 40 ms a letter."""
    if smtp.sock:
        smtp.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _set_timeout(smtp: smtplib.SMTP, seconds: float) -> None:
    if smtp.sock:
        smtp.sock.settimeout(seconds)


def _enhanced(reply: bytes) -> str:
    """The enhanced status code (RFC 3463) alone: the words behind it often name the recipient."""
    found = ENHANCED_CODE.match(reply.decode("ascii", "replace"))
    return found.group() if found else ""


def _said(reply: bytes) -> str:
    """A server's own word of success, mostly the letter's name in its queue; without anything that could be an address."""
    words = reply.decode("ascii", "replace").split()
    return " ".join(word for word in words if "@" not in word)[:100]


# --- the letter as bytes ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """Envelope and bytes. The body ends with CRLF and has no dots doubled yet."""

    sender: str
    recipient: str
    body: bytes


def wire_form(letter: Letter) -> Wire:
    """`Permanent("bad_address")` for an address that no mail server could read."""
    sender, recipient = _address(letter.sender_address), _address(letter.recipient)
    fields = [
        _kept_mailbox("From", sender, _header(letter.sender_name)),
        _field("To", _mailbox(recipient)),
        _kept_mailbox("Reply-To", _address(letter.reply_to)) if letter.reply_to else b"",
        _field("Subject", _header(letter.subject)),
        f"Date: {format_datetime(datetime.now(UTC))}\r\n".encode(),
        f"Message-ID: <{letter.key}@{sender.rpartition('@')[2]}>\r\n".encode(),
        b"Auto-Submitted: auto-generated\r\n",
        _field("Content-Language", letter.language),
        *(_field(name, _header(value)) for name, value in letter.headers.items()),
    ]
    parts = (_part("plain", letter.text), _part("html", letter.html))
    return Wire(sender=sender, recipient=recipient, body=b"".join((*fields, MULTIPART, *parts, END)))


def _field(name: str, value: str | Address) -> bytes:
    """One line of the head, or more where it is folded."""
    message = EmailMessage(policy=WIRE)
    message[name] = value
    return message.as_bytes().removesuffix(b"\r\n")


@lru_cache(maxsize=64)
def _kept_mailbox(field: str, address: str, name: str = "") -> bytes:
    """What all letters of a shop have alike: no shopper's name or address is kept."""
    return _field(field, _mailbox(address, name))


BOUNDARY = "=_encore"
"""No line of quoted-printable has these first two signs in a row (RFC 2045, 6.7)."""
MULTIPART = f'MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary="{BOUNDARY}"\r\n\r\n'.encode()
END = f"--{BOUNDARY}--\r\n".encode()
PART = f'--{BOUNDARY}\r\nContent-Type: text/%s; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%s\r\n'


def _part(subtype: str, text: str) -> bytes:
    """One form of the letter. Written here because the standard library takes seven times as long over its own."""
    lines = b"".join(line + b"\n" for line in text.encode().splitlines())
    coded = b2a_qp(lines, istext=True).replace(b"\n", b"\r\n")
    return (PART % (subtype, coded.decode("ascii"))).encode()


def _header(text: str) -> str:
    """One line without control signs: a line break in a name would be a header of its own."""
    signs = (" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") else sign for sign in text)
    return " ".join("".join(signs).split())[:LONGEST_HEADER]


def _mailbox(address: str, name: str = "") -> Address:
    """From its two parts: read from one text, it would be refused for two dots in a row or one at the end of its name, and some
    providers gave out such names."""
    local, _, domain = address.rpartition("@")
    return Address(display_name=name, username=local, domain=domain)


def _address(text: str) -> str:
    """Domains may be written in any script; what stands before the @ must be ASCII, as most servers still demand."""
    local, _, domain = text.strip().rpartition("@")
    try:
        address = f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError as error:
        raise Permanent("bad_address") from error
    if len(address) > LONGEST_ADDRESS or not PLAIN_ADDRESS.fullmatch(address) or ENCODED_WORD in address:
        raise Permanent("bad_address")
    return address
