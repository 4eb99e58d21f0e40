"""A real SMTP server on loopback that takes letters, or fails in the ways that real ones do."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from app.channels.email import Email, Server


@dataclass
class Sink:
    """`at_recipient` and `at_end` are the replies there; "drop" cuts the line instead, "hang" says nothing, "babble" no SMTP."""

    at_recipient: str = "250 OK"
    at_end: str = "250 2.0.0 Ok: queued as 4F2A"
    password: str = ""
    patience: float = 30.0  # seconds until an idle line is closed
    taken: list[EmailMessage] = field(default_factory=list[EmailMessage])
    envelopes: list[tuple[str, list[str]]] = field(default_factory=list[tuple[str, list[str]]])
    sessions: set[int] = field(default_factory=set[int])
    port: int = 0

    async def handle_RCPT(  # noqa: N802 (aiosmtpd's name)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        self.sessions.add(id(session))
        if self.at_recipient == "drop":
            server.transport.close()
            return "421 gone"
        envelope.rcpt_tos.append(address)
        return self.at_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content or b""
        message = message_from_bytes(content if isinstance(content, bytes) else content.encode(), policy=policy.SMTP)
        self.taken.append(message)
        self.envelopes.append((envelope.mail_from or "", envelope.rcpt_tos))
        if self.at_end == "drop":
            server.transport.close()
        if self.at_end == "hang":
            time.sleep(0.4)
        return "hello?" if self.at_end == "babble" else self.at_end

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        is_right = isinstance(data, LoginPassword) and data.password.decode() == self.password
        return AuthResult(success=is_right, handled=False)


@contextmanager
def running(sink: Sink, tls: ssl.SSLContext | None = None, port: int = 0) -> Generator[Sink]:
    login: dict[str, Any] = (
        {"authenticator": sink.authenticate, "auth_required": True, "auth_require_tls": False} if sink.password else {}
    )
    sink.port = port or free_port()
    controller = Controller(sink, hostname="127.0.0.1", port=sink.port, tls_context=tls, timeout=sink.patience, **login)
    controller.start()
    try:
        yield sink
    finally:
        controller.stop()


def free_port() -> int:
    """aiosmtpd knocks at its own door and so must know it beforehand."""
    with closing(socket.socket()) as door:
        door.bind(("127.0.0.1", 0))
        return door.getsockname()[1]


@contextmanager
def channel(sink: Sink, **options: Any) -> Generator[Email]:
    server = Server(
        host="127.0.0.1", port=sink.port, is_tls=False, user="encore" if sink.password else "", password="right"
    )
    email = Email(server, own_host="encore.example", **options)
    try:
        yield email
    finally:
        email.close()
