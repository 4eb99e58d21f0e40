"""The SMTP server. A letter counts from the moment its DATA is accepted, whether or not the sender hears of it (RFC 1047)."""

from __future__ import annotations

import asyncio
import socket
import threading
import weakref
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from sandbox.faults import Fault, Faults, How, Where
from sandbox.ledger import Ledger, Mail
from sandbox.serving import HOST

AT_THE_DOOR = (How.DROP,)
AFTER_THE_DOT = (How.STATUS, How.DROP_AFTER_DOT, How.HANG, How.DELAY)
LARGEST = 32 * 1024 * 1024


class Letters:
    """The raw letters, one file each; the ledger has their list. `directory` None: in memory."""

    def __init__(self, ledger: Ledger, directory: Path | None = None) -> None:
        self.ledger = ledger
        self._directory = directory
        self._held: dict[int, bytes] = {}
        if directory is not None:
            directory.mkdir(parents=True, exist_ok=True)

    def keep(self, sender: str, to: list[str], raw: bytes) -> Mail:
        message = read(raw)
        mail = self.ledger.accepted(header(message, "Message-ID"), sender, to, header(message, "Subject"), len(raw))
        if self._directory is None:
            self._held[mail.id] = raw
        else:
            (self._directory / f"{mail.id}.eml").write_bytes(raw)
        return mail

    def raw(self, mail_id: int) -> bytes:
        """KeyError when there is no such letter."""
        if self._directory is None:
            return self._held[mail_id]
        path = self._directory / f"{mail_id}.eml"
        if not path.exists():
            raise KeyError(mail_id)
        return path.read_bytes()


def read(raw: bytes) -> EmailMessage:
    return message_from_bytes(raw, policy=default)


def part(message: EmailMessage, kind: str) -> str:
    """The text of a part ("html", "plain"); empty without one."""
    body = message.get_body(preferencelist=(kind,))
    return str(body.get_content()) if body is not None else ""


def header(message: EmailMessage, name: str) -> str:
    """A header as text, decoded; empty without one."""
    return whole(str(message[name] or "").strip())


def whole(text: str) -> str:
    """Bytes beyond ASCII that stood in a header (RFC 6532) as the characters that they are."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


class Handler:
    """What aiosmtpd calls while a client speaks. Faults strike before DATA (drop) or in answer to its final dot."""

    def __init__(self, letters: Letters, faults: Faults) -> None:
        self._letters = letters
        self._faults = faults

    async def handle_RCPT(  # noqa: N802 aiosmtpd's name
        self, server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._faults.take(Where.SMTP, hows=AT_THE_DOOR):
            _hang_up(server)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 aiosmtpd's name
        fault = self._faults.take(Where.SMTP, hows=AFTER_THE_DOT)
        if fault is not None and (refusal := await _suffer(fault)):
            return refusal
        content = envelope.content or b""
        raw = content if isinstance(content, bytes) else content.encode()
        mail = self._letters.keep(envelope.mail_from or "", list(envelope.rcpt_tos), raw)
        if fault is not None and fault.how == How.DROP_AFTER_DOT:
            _hang_up(server)
        return f"250 OK: queued as {mail.id}"


async def _suffer(fault: Fault) -> str:
    """The refusal, or empty when the letter is accepted after all."""
    if fault.how == How.STATUS:
        return f"{fault.status} {'Try again later' if fault.status < 500 else 'Not wanted here'}"
    if fault.how == How.HANG:
        await asyncio.sleep(fault.seconds or 3600)
        return "451 Took too long"
    if fault.how == How.DELAY:
        await asyncio.sleep(fault.seconds)
    return ""


def _hang_up(server: SMTP) -> None:
    if isinstance(server.transport, asyncio.WriteTransport):
        server.transport.abort()


class Sink:
    """The server on its port (0: a free one), with a thread and an event loop of its own."""

    def __init__(self, letters: Letters, faults: Faults, port: int = 0) -> None:
        self._handler = Handler(letters, faults)
        self._socket = socket.create_server((HOST, port))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="smtp")
        self._server: asyncio.Server | None = None
        self._sessions: weakref.WeakSet[SMTP] = weakref.WeakSet()

    @property
    def url(self) -> str:
        return f"smtp://{HOST}:{self._socket.getsockname()[1]}"

    def start(self) -> Sink:
        self._server = self._loop.run_until_complete(self._loop.create_server(self._session, sock=self._socket))
        self._thread.start()
        return self

    def _session(self) -> SMTP:
        session = SMTP(
            self._handler,
            hostname="sandbox",
            data_size_limit=LARGEST,
            enable_SMTPUTF8=True,
            ident="sandbox",
            loop=self._loop,
        )
        self._sessions.add(session)
        return session

    def stop(self) -> None:
        """Letters under way are cut off."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for session in self._sessions:
            _hang_up(session)
        rest = asyncio.all_tasks() - {asyncio.current_task()}
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)
