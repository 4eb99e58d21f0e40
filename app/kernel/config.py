"""Every setting of the house, read once from the environment, all problems told together."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

Value = TypeVar("Value")

SELF_SIGNED_HOSTS = (".compute-1.amazonaws.com", ".compute.amazonaws.com", ".herokuapp.com", ".heroku.com")
"""Where Heroku's Key-Value Store lives: it speaks TLS with a certificate it signed itself (its documentation, 2024-12)."""

URL_SAFE = str.maketrans("-_", "+/")
KEY_BYTES = 32
SHORTEST_TOKEN = 16
GENERATED_LENGTH = 32
"""A secret without a key id must be at least so long: nobody types that, so it came from a generator."""


class BadSettings(Exception):
    """The environment does not hold what Encore needs. The text lists every problem, one a line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Encore cannot start:\n" + "\n".join(f"  * {problem}" for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment said. docs/operations.md lists each variable; .env.example shows them."""

    database_url: str = field(repr=False)
    valkey_url: str = field(repr=False)
    valkey_checks_certificate: bool
    public_url: str
    secret_keys: tuple[tuple[str, bytes], ...] = field(repr=False)  # (key id, 32 bytes), the active one first
    smtp_url: str | None = field(repr=False, default=None)  # None: letters are printed, not sent
    mail_from: str = "encore@localhost"
    allow_private_addresses: bool = False  # development only: stores, carriers and mail servers on this machine
    clock_origin: datetime | None = None  # demo only, with clock_rate: business time runs faster
    clock_rate: float = 1.0
    poll_seconds: int = 300
    web_threads: int = 14
    web_processes: int = 1  # how many run at the same time: for counting connections only
    worker_processes: int = 1
    metrics_token: str | None = field(repr=False, default=None)  # None: there are no metrics
    platform: Mapping[str, str] = field(repr=False, default_factory=dict[str, str])  # what the connectors asked for

    @classmethod
    def from_env(cls, environ: Mapping[str, str], platform_names: Iterable[str] = ()) -> Settings:
        """Read everything; `BadSettings` lists all problems at once. Any variable may come as NAME_FILE instead."""
        read = _Reader(environ)
        valkey_url = read.needed("REDIS_URL", _valkey_url)
        settings = cls(
            database_url=read.needed("DATABASE_URL", _postgres_url),
            valkey_url=valkey_url,
            valkey_checks_certificate=read.optional(
                "REDIS_VERIFY_CERTIFICATE", _flag, _has_public_certificate(valkey_url or "")
            ),
            public_url=read.needed("PUBLIC_URL", _http_url),
            secret_keys=read.needed("SECRET_KEYS", _keys),
            smtp_url=read.optional("SMTP_URL", _smtp_url, None),
            mail_from=read.optional("MAIL_FROM", _mail_address, "encore@localhost"),
            allow_private_addresses=read.optional("ALLOW_PRIVATE_ADDRESSES", _flag, False),
            clock_origin=read.optional("CLOCK_ORIGIN", _moment, None),
            clock_rate=read.optional("CLOCK_RATE", _rate, 1.0),
            poll_seconds=read.optional("POLL_SECONDS", _whole, 300),
            web_threads=read.optional("WEB_THREADS", _whole, 14),
            web_processes=read.optional("WEB_PROCESSES", _whole, 1),
            worker_processes=read.optional("WORKER_PROCESSES", _whole, 1),
            metrics_token=read.optional("METRICS_TOKEN", _token, None),
            platform={name: value for name in platform_names if (value := read.raw(name))},
        )
        if read.problems:
            raise BadSettings([f"{name} {problem}" for name, problem in read.problems.items()])
        return settings


class _Reader:
    """Reads one variable after the other and remembers what was wrong instead of stopping at the first."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: dict[str, str] = {}  # by variable; the first one says why the others are there

    def raw(self, name: str) -> str | None:
        """The value of NAME, or what stands in the file that NAME_FILE names, which goes first; None for neither."""
        path = self.environ.get(f"{name}_FILE", "").strip()
        if not path:
            return self.environ.get(name, "").strip() or None
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            self._complain(name, f"cannot be read from {path} ({error.strerror})")
            return None
        except UnicodeDecodeError:
            self._complain(name, f"cannot be read from {path} (not text)")
            return None
        if not value:
            self._complain(name, f"cannot be read from {path} (empty)")
        return value or None

    def optional(self, name: str, parse: Callable[[str], Value], default: Value) -> Value:
        value = self.raw(name)
        if value is None:
            return default
        try:
            return parse(value)
        except ValueError as error:
            self._complain(name, str(error))
            return default

    def needed(self, name: str, parse: Callable[[str], Value]) -> Value:
        unset: Any = None  # never seen outside: from_env raises when there are problems
        value = self.optional(name, parse, unset)
        if value is None:
            self._complain(name, "is not set (docs/operations.md says what it holds)")
        return value

    def _complain(self, name: str, problem: str) -> None:
        self.problems.setdefault(name, problem)


def _postgres_url(value: str) -> str:
    """Heroku says postgres://, SQLAlchemy wants the driver's name."""
    for prefix in ("postgres://", "postgresql://"):
        if value.startswith(prefix):
            return "postgresql+psycopg://" + value.removeprefix(prefix)
    if value.startswith("postgresql+psycopg://"):
        return value
    raise ValueError("must begin with postgres://")


def _url(value: str) -> SplitResult:
    """What Python says of a URL it cannot read holds pieces of it, of a password too: that must not be shown."""
    try:
        parts = urlsplit(value)
        if parts.port != 0 and parts.hostname:
            return parts
    except ValueError:
        pass
    raise ValueError("cannot be read as a URL (signs like / ? # @ in a password must be percent-encoded)")


def _valkey_url(value: str) -> str:
    if _url(value).scheme not in ("redis", "rediss"):
        raise ValueError("must begin with redis:// or rediss://")
    return value


def _has_public_certificate(url: str) -> bool:
    """Whether to check the certificate unless REDIS_VERIFY_CERTIFICATE says otherwise: everywhere but at hosts known for one
    that nobody vouches for."""
    return not (urlsplit(url).hostname or "").endswith(SELF_SIGNED_HOSTS)


def _http_url(value: str) -> str:
    parts = _url(value)
    if parts.scheme not in ("http", "https") or "@" in parts.netloc or parts.path.strip("/") or parts.query:
        raise ValueError(
            "must be the address shoppers reach Encore at, without a path, like https://encore.example.com"
        )
    return f"{parts.scheme}://{parts.netloc}"


def _smtp_url(value: str) -> str:
    if _url(value).scheme not in ("smtp", "smtps"):
        raise ValueError("must look like smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465")
    return value


def _mail_address(value: str) -> str:
    if value.count("@") != 1 or any(sign in value for sign in "\r\n<>, "):
        raise ValueError("must be one plain e-mail address")
    return value


def _keys(value: str) -> tuple[tuple[str, bytes], ...]:
    """ "id:base64 of 32 bytes", several separated by commas; the first one seals, all of them open. One long secret without
    a colon is a key too, named k1: that is what a host makes by itself (app.json asks Heroku for it)."""
    keys = tuple(_key(part.strip()) for part in value.split(","))
    if len(dict(keys)) < len(keys):
        raise ValueError("names two keys alike: a new key needs a new name, and a secret without a name is k1")
    return keys


def _key(value: str) -> tuple[str, bytes]:
    key_id, colon, encoded = value.partition(":")
    if not colon and len(value) >= GENERATED_LENGTH:
        return "k1", hashlib.sha256(value.encode()).digest()
    try:
        key = base64.b64decode((encoded + "=" * (-len(encoded) % 4)).translate(URL_SAFE), validate=True)
    except ValueError:
        key = b""
    if not (key_id.isascii() and key_id.isalnum()) or len(key) != KEY_BYTES:
        raise ValueError(
            "must look like k1:BASE64 with 32 bytes behind the colon; make one with `python -m app.cli make-key`"
        )
    return key_id, key


def _flag(value: str) -> bool:
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise ValueError("must be true or false")


def _token(value: str) -> str:
    if len(value) < SHORTEST_TOKEN or not (value.isascii() and value.isprintable()):
        raise ValueError(
            f"must be at least {SHORTEST_TOKEN} signs that nobody can guess, like the output of `openssl rand -hex 16`"
        )
    return value


def _whole(value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ValueError("must be a whole number above zero")
    return int(value)


def _rate(value: str) -> float:
    number = float(value)
    if not 1 <= number < 1e6:
        raise ValueError("must be a number from 1 on: business time may run ahead, never behind")
    return number


def _moment(value: str) -> datetime:
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("must carry an offset, like 2026-12-01T08:00:00+00:00")
    return moment.astimezone(UTC)
