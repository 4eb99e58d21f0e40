"""Every setting of the house, read once from the environment, all problems told together."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

Value = TypeVar("Value")

HEROKU_HOSTS = (".amazonaws.com", ".heroku.com", ".herokuapp.com")


class BadSettings(Exception):
    """The environment does not hold what Encore needs. The text lists every problem, one a line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Encore cannot start:\n" + "\n".join(f"  * {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment said. docs/operations.md lists each variable; .env.example shows them."""

    database_url: str
    valkey_url: str
    valkey_checks_certificate: bool
    public_url: str
    secret_keys: tuple[tuple[str, bytes], ...] = field(repr=False)  # (key id, 32 bytes), the active one first
    smtp_url: str | None = field(repr=False, default=None)  # None: letters are printed, not sent
    mail_from: str = "encore@localhost"
    allow_private_addresses: bool = False  # development only: stores, carriers and mail servers on this machine
    clock_origin: datetime | None = None  # demo only, with clock_rate: business time runs faster
    clock_rate: float = 1.0
    poll_seconds: int = 300
    web_threads: int = 16
    platform: Mapping[str, str] = field(repr=False, default_factory=dict[str, str])  # what the connectors asked for

    @classmethod
    def from_env(cls, environ: Mapping[str, str], platform_names: Iterable[str] = ()) -> Settings:
        """Read everything; `BadSettings` lists all problems at once. Any variable may come as NAME_FILE instead."""
        read = _Reader(environ)
        settings = cls(
            database_url=read.needed("DATABASE_URL", _postgres_url),
            valkey_url=read.needed("REDIS_URL", _valkey_url),
            valkey_checks_certificate=read.optional("REDIS_VERIFY_CERTIFICATE", _flag, _has_public_certificate(read.raw("REDIS_URL") or "")),
            public_url=read.needed("PUBLIC_URL", _http_url),
            secret_keys=read.needed("SECRET_KEYS", _keys),
            smtp_url=read.optional("SMTP_URL", _smtp_url, None),
            mail_from=read.optional("MAIL_FROM", _mail_address, "encore@localhost"),
            allow_private_addresses=read.optional("ALLOW_PRIVATE_ADDRESSES", _flag, False),
            clock_origin=read.optional("CLOCK_ORIGIN", _moment, None),
            clock_rate=read.optional("CLOCK_RATE", _positive, 1.0),
            poll_seconds=read.optional("POLL_SECONDS", _whole, 300),
            web_threads=read.optional("WEB_THREADS", _whole, 16),
            platform={name: value for name in platform_names if (value := read.raw(name))},
        )
        if read.problems:
            raise BadSettings(read.problems)
        return settings


class _Reader:
    """Reads one variable after the other and remembers what was wrong instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def raw(self, name: str) -> str | None:
        path = self.environ.get(f"{name}_FILE")
        if path:
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                self.problems.append(f"{name}_FILE: cannot read {path} ({error.strerror})")
                return None
        return self.environ.get(name, "").strip() or None

    def optional(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        value = self.raw(name)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self.problems.append(f"{name}: {error}")
            return default

    def needed(self, name: str, parse: Callable[[str], Value]) -> Value:
        value = self.raw(name)
        if value is None:
            if f"{name}_FILE" not in self.environ:
                self.problems.append(f"{name} is not set (docs/operations.md says what it holds)")
            value = ""
        try:
            return parse(value)
        except ValueError as error:
            if value:
                self.problems.append(f"{name}: {error}")
            return None  # type: ignore[return-value]  # never seen: from_env raises when there are problems


def _postgres_url(value: str) -> str:
    """Heroku says postgres://, SQLAlchemy wants the driver's name."""
    for prefix in ("postgres://", "postgresql://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    if value.startswith("postgresql+psycopg://"):
        return value
    raise ValueError("must begin with postgres://")


def _valkey_url(value: str) -> str:
    if urlsplit(value).scheme not in ("redis", "rediss"):
        raise ValueError("must begin with redis:// or rediss://")
    return value


def _has_public_certificate(url: str) -> bool:
    """Heroku's Key-Value Store speaks TLS with a certificate it signed itself (its documentation, 2024-12): there, and only
    there, the default is not to check it."""
    host = urlsplit(url).hostname or ""
    return not host.endswith(HEROKU_HOSTS)


def _http_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be the address shoppers reach Encore at, like https://encore.example.com")
    return value.rstrip("/")


def _smtp_url(value: str) -> str:
    if urlsplit(value).scheme not in ("smtp", "smtps"):
        raise ValueError("must look like smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465")
    return value


def _mail_address(value: str) -> str:
    if value.count("@") != 1 or any(sign in value for sign in "\r\n<>, "):
        raise ValueError("must be one plain e-mail address")
    return value


def _keys(value: str) -> tuple[tuple[str, bytes], ...]:
    """ "id:base64 of 32 bytes", several separated by commas; the first one seals, all of them open."""
    keys: list[tuple[str, bytes]] = []
    for part in value.split(","):
        key_id, _, encoded = part.strip().partition(":")
        try:
            key = base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except (binascii.Error, ValueError):
            key = b""
        if not key_id.isalnum() or len(key) != 32:
            raise ValueError("must look like k1:BASE64 with 32 bytes behind the colon; make one with `python -m app.cli make-key`")
        keys.append((key_id, key))
    return tuple(keys)


def _flag(value: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("must be true or false")


def _whole(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ValueError("must be a whole number above zero")
    return int(value)


def _positive(value: str) -> float:
    number = float(value)
    if not 0 < number < 1e6:
        raise ValueError("must be a number above zero")
    return number


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("must carry an offset, like 2026-12-01T08:00:00+00:00")
    return moment
