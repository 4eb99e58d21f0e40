"""The numbers by which a machine watches over a house: of all work at once, and of one shop at a time. Never by shop outside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.insight.audit import COUNTS

WORK = text(
    """
    WITH seen AS (
        SELECT kind, created_at, due_at, greatest(created_at, lease_until) AS free_since, parked_at IS NOT NULL AS is_parked,
               coalesce(lease_until >= now(), false) AS is_taken, due_at <= :now AS is_due
        FROM outbox
    )
    SELECT kind,
           count(*) FILTER (WHERE is_parked) AS parked,
           count(*) FILTER (WHERE NOT is_parked AND is_taken) AS taken,
           count(*) FILTER (WHERE NOT is_parked AND NOT is_taken AND is_due) AS due,
           count(*) FILTER (WHERE NOT is_parked AND NOT is_taken AND NOT is_due) AS later,
           coalesce(extract(epoch FROM max(least(now() - free_since, :now - due_at))
               FILTER (WHERE NOT is_parked AND NOT is_taken AND is_due)), 0)::float AS oldest_due,
           coalesce(extract(epoch FROM max(now() - created_at) FILTER (WHERE NOT is_parked)), 0)::float AS oldest
    FROM seen GROUP BY kind
    """
)
OF_SHOP = {
    "inbox": "SELECT state, count(*) FROM inbox WHERE received_at > now() - interval '1 hour' GROUP BY state",
    "messages": "SELECT state, count(*) FROM message GROUP BY state",
    "duplicated": f"SELECT 'messages', ({COUNTS['duplicated']})",
    "effects": "SELECT state, count(*) FROM effect GROUP BY state",
    "drift": "SELECT resource, drift FROM sync_state",
    "swept": "SELECT resource, swept FROM sync_state",
    "failing": "SELECT resource, count(*) FILTER (WHERE last_error <> '') FROM sync_state GROUP BY resource",
}
LONGEST_MILLISECONDS = 1_000
"""What a shop's numbers may take, so that a shop with millions of rows cannot make all of them late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkState:
    """How much work of a kind there is: due now, taken by a worker (or waiting for its next try), due later, parked. `oldest_due`:
    for how many seconds the longest waiting row could have been worked on; `oldest`: how many seconds ago the oldest was owed."""

    kind: str
    due: int
    taken: int
    later: int
    parked: int
    oldest_due: float
    oldest: float


def work(session: Session, now: datetime) -> list[WorkState]:
    """Of all shops; needs none entered. `now` is business time."""
    rows = session.execute(WORK, {"now": now}).mappings()
    return [WorkState(**row) for row in rows]


def shop_ids(session: Session) -> Sequence[int]:
    return session.scalars(text("SELECT id FROM shop ORDER BY id")).all()


def of_shop(session: Session) -> Counter[tuple[str, str]]:
    """Of the entered shop, by the names of `OF_SHOP` and a state or resource."""
    session.execute(text(f"SET LOCAL statement_timeout = {LONGEST_MILLISECONDS}"))
    found: Counter[tuple[str, str]] = Counter()
    for name, statement in OF_SHOP.items():
        for label, count in session.execute(text(statement)):
            found[name, label] += int(count)
    return found


POSTGRES = text(
    "SELECT count(*) AS connections,"
    " coalesce(extract(epoch FROM max(clock_timestamp() - xact_start) FILTER (WHERE pid <> pg_backend_pid())), 0)::float AS longest"
    " FROM pg_stat_activity WHERE usename = current_user"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DatabaseState:
    """Of our role: its connections, how long the longest transaction lasts, and the server's clock."""

    connections: int
    longest: float
    clock: datetime


def database(session: Session) -> DatabaseState:
    told = session.execute(POSTGRES).one()
    return DatabaseState(
        connections=told.connections,
        longest=told.longest,
        clock=session.scalars(text("SELECT clock_timestamp()")).one(),
    )
