"""Settings become a runtime: the only file that picks real things or their twins."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from sqlalchemy.exc import SQLAlchemyError

from app.connectors import CONNECTORS
from app.jobs.queue import Queue
from app.kernel import capacity, faults
from app.kernel.capacity import Demand, Finding
from app.kernel.clock import Clock, FastClock, SharedClock
from app.kernel.config import BadSettings, Settings
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.http import Http
from app.kernel.runtime import Runtime, hold

log = logging.getLogger(__name__)

CHILDREN = 1 + len(Queue)
"""Of the worker: the relay, and one for each queue. Each has one connection to Postgres."""
VALKEY_CONNECTIONS = 1 + 2 * len(Queue)
"""Of a worker process: the relay's one, and for each queue one that works and one that listens for RQ's commands."""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """`BadSettings` with every problem at once."""
    return Settings.from_env(environ, [name for connector in CONNECTORS.values() for name in connector.setting_names])


def start(environ: Mapping[str, str], *, connections: int, statement_timeout: int, plans_anew: bool = False) -> Runtime:
    """Build and hold this process's runtime. Nothing is connected yet: pools open on first use.

    `connections` is the size of the database pool, `statement_timeout` in milliseconds, `plans_anew` as in kernel/db.py.
    """
    settings = read_settings(environ)
    faults.arm(environ, is_development=settings.allow_private_addresses)
    db = Database(
        settings.database_url, pool_size=connections, statement_timeout=statement_timeout, plans_anew=plans_anew
    )
    runtime = Runtime(
        settings=settings,
        db=db,
        clock=_clock(settings, db),
        http=Http(allow_private_addresses=settings.allow_private_addresses),
        keys=Keyring(settings.secret_keys),
        valkey=valkey_from(settings),
    )
    hold(runtime)
    return runtime


def demand(settings: Settings) -> Demand:
    """The connections to Postgres that all processes of this installation may open."""
    return Demand(
        web=settings.web_threads * settings.web_processes,
        worker=CHILDREN * settings.worker_processes,
    )


def findings(runtime: Runtime) -> list[Finding]:
    """What does not fit the database and Valkey. A server that is away now is not judged: the process starts and waits for it."""
    settings = runtime.settings
    found: list[Finding] = []
    try:
        room = capacity.room_for_connections(runtime.db)
        found += capacity.check_connections(demand(settings), room, settings.web_processes)
    except SQLAlchemyError:
        found.append(Finding(code="database_unchecked", sentence="Postgres did not answer: its limits are not known."))
    try:
        told: dict[str, Any] = runtime.valkey.info()  # pyright: ignore[reportUnknownMemberType, reportAssignmentType]
        found += capacity.check_valkey(told, VALKEY_CONNECTIONS * settings.worker_processes + 1)
    except RedisError:
        found.append(Finding(code="valkey_unchecked", sentence="Valkey did not answer: its limits are not known."))
    return found


def judge(found: list[Finding]) -> None:
    """Say what is tight; `BadSettings` with everything that must not start."""
    for finding in found:
        if not finding.is_fatal:
            log.warning(finding.sentence, extra={"code": finding.code})
    if fatal := [finding.sentence for finding in found if finding.is_fatal]:
        raise BadSettings(fatal)


def valkey_from(settings: Settings) -> Redis:
    options = {} if settings.valkey_checks_certificate else {"ssl_cert_reqs": "none"}
    is_tls = settings.valkey_url.startswith("rediss://")
    return Redis.from_url(  # pyright: ignore[reportUnknownMemberType]
        settings.valkey_url,
        socket_timeout=30,
        socket_connect_timeout=3,
        health_check_interval=30,
        retry=Retry(ExponentialWithJitterBackoff(base=0.05, cap=0.5), retries=3),
        **(options if is_tls else {}),
    )


def _clock(settings: Settings, db: Database) -> Clock:
    if settings.clock_origin and settings.clock_rate != 1.0:
        return FastClock(settings.clock_origin, settings.clock_rate)
    return SharedClock(lambda: db.heard)
