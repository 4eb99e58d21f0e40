"""Settings become a runtime: the only file that picks real things or their twins."""

from __future__ import annotations

from collections.abc import Mapping

from redis import Redis

from app.connectors import CONNECTORS
from app.kernel.clock import Clock, FastClock, SystemClock
from app.kernel.config import Settings
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.http import Http
from app.kernel.runtime import Runtime, hold


def read_settings(environ: Mapping[str, str]) -> Settings:
    """`BadSettings` with every problem at once."""
    return Settings.from_env(environ, [name for connector in CONNECTORS.values() for name in connector.setting_names])


def start(environ: Mapping[str, str], *, connections: int, statement_timeout: int) -> Runtime:
    """Build and hold this process's runtime. Nothing is connected yet: pools open on first use.

    `connections` is the size of the database pool, `statement_timeout` in milliseconds.
    """
    settings = read_settings(environ)
    runtime = Runtime(
        settings=settings,
        db=Database(settings.database_url, pool_size=connections, statement_timeout=statement_timeout),
        clock=_clock(settings),
        http=Http(allow_private_addresses=settings.allow_private_addresses),
        keys=Keyring(settings.secret_keys),
        valkey=valkey_from(settings),
    )
    hold(runtime)
    return runtime


def valkey_from(settings: Settings) -> Redis:
    options = {} if settings.valkey_checks_certificate else {"ssl_cert_reqs": "none"}
    is_tls = settings.valkey_url.startswith("rediss://")
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        settings.valkey_url,
        socket_timeout=30,
        socket_connect_timeout=3,
        health_check_interval=30,
        **(options if is_tls else {}),
    )


def _clock(settings: Settings) -> Clock:
    if settings.clock_origin and settings.clock_rate != 1.0:
        return FastClock(settings.clock_origin, settings.clock_rate)
    return SystemClock()
