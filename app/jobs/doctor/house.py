"""Checks of what the house stands on: database, Valkey, clock, its own address, and whether anybody works."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from redis.exceptions import RedisError
from sqlalchemy import func, select, text
from sqlalchemy.exc import OperationalError

from app.jobs.doctor.finding import Finding, broken, fine, look
from app.kernel import migrate
from app.kernel.errors import Failure
from app.kernel.runtime import Runtime

OLDEST_POSTGRES = 15
CLOSE, TOO_FAR = timedelta(seconds=5), timedelta(seconds=60)
"""Between the clocks of this machine and the database: links and leases live by the database's, signatures by this one's."""
UNDONE_SECONDS = 90
"""Longer than a dead worker's rows wait for the next one."""


def is_reachable(runtime: Runtime) -> bool:
    """Whether the database answers at all: without it nothing else of it can be asked."""
    try:
        with runtime.db.house():
            return True
    except OperationalError:
        return False


def is_migrated(runtime: Runtime) -> bool:
    """Whether its tables are those that this version asks."""
    return migrate.present(runtime.db) == migrate.newest()


def database(runtime: Runtime) -> Iterator[Finding]:
    """The database's answer, version, role and schema."""
    if not is_reachable(runtime):
        yield broken(
            "database", "It does not let us in: is it running, and are host, user and password of DATABASE_URL right?"
        )
        return
    with runtime.db.house() as session:
        version = session.scalars(text("SHOW server_version")).one().split()[0]
    if int(version.split(".")[0]) < OLDEST_POSTGRES:
        yield broken("database", f"It is Postgres {version}; Encore needs {OLDEST_POSTGRES} or newer.")
    else:
        yield fine("database", f"Postgres {version} answers.")
    if not runtime.db.is_walled():
        yield broken(
            "wall",
            "The role of DATABASE_URL is a superuser or bypasses row-level security, which is the wall between shops: give"
            " Encore a role of its own (docs/self-hosting.md).",
        )
    else:
        yield fine("wall", "Row-level security binds our role, so no shop can see another's rows.")
    yield _schema(runtime)


def _schema(runtime: Runtime) -> Finding:
    present, newest = migrate.present(runtime.db), migrate.newest()
    if present == newest:
        return fine("schema", f"It is at migration {newest}, as this version needs.")
    if present > newest:
        return look(
            "schema", f"It is at {present}, newer than this code ({newest}): finish the upgrade of this process."
        )
    told = f"It is at migration {present}" if present else "There are no tables yet"
    return broken("schema", f"{told}, and this version needs {newest}: python -m app.cli migrate")


def compression(runtime: Runtime) -> Iterator[Finding]:
    """lz4 halves the CPU of keeping a delivery's bytes; Postgres has it when it was built with it."""
    with runtime.db.house() as session:
        used = session.scalar(
            text("SELECT attcompression FROM pg_attribute WHERE attrelid = 'inbox'::regclass AND attname = 'body'")
        )
    if used == "l":
        yield fine("compression", "Deliveries are kept with lz4.")
    else:
        yield fine("compression", "This Postgres has no lz4: deliveries are kept with pglz, which costs some CPU.")


def valkey(runtime: Runtime) -> Iterator[Finding]:
    """What it allows is judged with the connections (wiring.py)."""
    try:
        runtime.valkey.ping()  # pyright: ignore[reportUnknownMemberType]
        yield fine("valkey", "It answers.")
    except RedisError:
        yield broken(
            "valkey",
            "It does not answer: is it running, and is REDIS_URL right? Webhooks are still taken and nothing is lost, but"
            " nothing is worked on either.",
        )


def clock(runtime: Runtime) -> Iterator[Finding]:
    before = datetime.now(UTC)
    with runtime.db.house() as session:
        theirs = session.scalars(select(func.clock_timestamp())).one()
    after = datetime.now(UTC)
    off = max(before - theirs, theirs - after, timedelta())
    if off > TOO_FAR:
        told = (
            f"This machine and the database are {off.total_seconds():.0f} s apart: let both follow a time server (NTP)."
        )
        yield broken("clock", told)
    elif off > CLOSE:
        told = f"This machine and the database are {off.total_seconds():.0f} s apart: does this machine follow a time server?"
        yield look("clock", told)
    else:
        yield fine("clock", "This machine and the database agree on the time.")
    if runtime.settings.clock_rate != 1.0:
        yield look("clock", "Business time runs fast (CLOCK_RATE): right for a demo, wrong for a shop.")


def address(runtime: Runtime) -> Iterator[Finding]:
    """Whether stores and shoppers reach us, tried from here."""
    url, allows_private = runtime.settings.public_url, runtime.settings.allow_private_addresses
    if urlsplit(url).scheme != "https" and not allows_private:
        yield broken("address", "PUBLIC_URL does not begin with https://, and stores deliver webhooks to https only.")
        return
    try:
        answer = runtime.http.call("GET", f"{url}/healthz", read_timeout=10, max_bytes=100_000)
    except Failure as failure:
        yield broken("address", _unreachable(failure, url), failure.code)
        return
    if answer.status == 200:
        yield fine("address", f"{url} leads to Encore.")
    else:
        yield broken(
            "address",
            f"{url}/healthz answers {answer.status}: does PUBLIC_URL lead to the web process, and does that run?",
        )


def _unreachable(failure: Failure, url: str) -> str:
    words = {
        "bad_certificate": f"The certificate of {url} is not valid: stores will not deliver to it. Renew it at your proxy.",
        "forbidden_address": f"{url} leads to an address that is not on the public internet: stores cannot reach it.",
    }
    return words.get(failure.code, f"{url} does not answer from here: is its name right, and does the web process run?")


def workers(runtime: Runtime) -> Iterator[Finding]:
    """Work that was due for a while, and that nobody has taken up."""
    undone = text(
        "SELECT count(*) FROM outbox WHERE parked_at IS NULL AND due_at <= :now AND lease_until IS NULL AND attempts = 0"
        " AND greatest(due_at, created_at) < now() - make_interval(secs => :seconds)"
    )
    with runtime.db.house() as session:
        waiting = session.scalar(undone, {"now": runtime.clock.now(), "seconds": UNDONE_SECONDS}) or 0
    if waiting:
        yield look(
            "worker",
            f"{waiting:,} pieces of work have waited for more than {UNDONE_SECONDS} seconds: does the worker run, and does it"
            " reach Valkey?",
        )
    else:
        yield fine("worker", "No work waits for somebody to take it up.")
