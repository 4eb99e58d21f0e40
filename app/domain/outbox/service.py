"""Owing work, claiming it, and writing its outcome; every outcome is fenced, so a worker that slept too long changes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import TextClause, select, text
from sqlalchemy.orm import Session

from app.domain.outbox.models import Job

LEASE_SECONDS = 30
"""Longer than a batch may run, shorter than anybody should wait for a dead worker's rows."""
MAX_ATTEMPTS = 3
"""Claims without a recorded outcome (the process died, or the code is wrong) before a row is parked."""


class Fenced(Exception):
    """The lease was lost and somebody else holds the work now: roll back, the outcome is not ours to write."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One row that is ours until its lease ends. `failures` counts the recorded failures so far."""

    id: int
    ref: str
    fence: int
    attempts: int
    failures: int


OWE = text(
    "INSERT INTO outbox (shop_id, kind, ref, due_at) SELECT :shop_id, :kind, ref,"
    " coalesce(CAST(:due_at AS timestamptz), to_timestamp(0)) FROM unnest(CAST(:refs AS text[])) AS ref"
)
OWE_ONCE = text(
    "INSERT INTO outbox (shop_id, kind, ref) SELECT :shop_id, :kind, told.ref FROM unnest(CAST(:refs AS text[])) AS told (ref)"
    " WHERE NOT EXISTS (SELECT 1 FROM outbox WHERE shop_id = :shop_id AND kind = :kind AND ref = told.ref"
    " AND (attempts = 0 OR parked_at IS NOT NULL))"
)


def owe(session: Session, shop_id: int, kind: str, refs: Iterable[str], due_at: datetime | None = None) -> None:
    """Write down work, one row a ref. Due at once when no moment is given."""
    told = list(refs)
    if told:
        session.execute(OWE, {"shop_id": shop_id, "kind": kind, "refs": told, "due_at": due_at})


def owe_once(session: Session, shop_id: int, kind: str, refs: Iterable[str]) -> None:
    """The same, but not where such a row already waits (to be claimed, or for its next try), or is parked: what will not pass by
    itself is not tried anew."""
    told = sorted(set(refs))
    if told:
        session.execute(OWE_ONCE, {"shop_id": shop_id, "kind": kind, "refs": told})


def bring_forward(session: Session, shop_id: int, kind: str, ref: str, due_at: datetime) -> None:
    session.execute(
        text(
            "UPDATE outbox SET due_at = least(due_at, :due_at) WHERE shop_id = :shop_id AND kind = :kind AND ref = :ref"
        ),
        {"shop_id": shop_id, "kind": kind, "ref": ref, "due_at": due_at},
    )


def due(session: Session, now: datetime, limit: int = 500) -> Sequence[tuple[int, str]]:
    """Which work of which shop is due and free: (shop id, kind). Where there is more than the limit, any of it, so that none is
    left out for long. Read across shops; needs no shop entered."""
    rows = session.execute(
        text(
            "SELECT shop_id, kind FROM outbox WHERE parked_at IS NULL AND due_at <= :now"
            " AND (lease_until IS NULL OR lease_until < now()) GROUP BY shop_id, kind ORDER BY random() LIMIT :limit"
        ),
        {"now": now, "limit": limit},
    )
    return [(row.shop_id, row.kind) for row in rows]


PARK_EXHAUSTED = text(
    "UPDATE outbox SET parked_at = now(), last_error = 'no_outcome'"
    " WHERE shop_id = :shop_id AND kind = :kind AND parked_at IS NULL AND attempts >= :max_attempts"
    " AND (lease_until IS NULL OR lease_until < now())"
)
CLAIM = text(
    """
    WITH ready AS (
        SELECT id, attempts FROM outbox
        WHERE shop_id = :shop_id AND kind = :kind AND parked_at IS NULL AND due_at <= :now
          AND (lease_until IS NULL OR lease_until < now())
        ORDER BY attempts DESC, due_at, id LIMIT :limit FOR UPDATE SKIP LOCKED
    ), picked AS (
        (SELECT id FROM ready WHERE attempts > 0 LIMIT 1)
        UNION ALL
        SELECT id FROM ready WHERE NOT EXISTS (SELECT 1 FROM ready WHERE attempts > 0)
    )
    UPDATE outbox SET attempts = attempts + 1, fence = fence + 1,
        lease_until = now() + make_interval(secs => :lease)
    WHERE shop_id = :shop_id AND id = ANY(ARRAY(SELECT id FROM picked))
    RETURNING id, ref, fence, attempts, failures
    """
)


def claim(
    session: Session, shop_id: int, kind: str, now: datetime, limit: int, lease: int = LEASE_SECONDS
) -> list[Claim]:
    """Take up to `limit` due rows. A row that was claimed before without an outcome comes alone, so that what kills a worker
    takes nobody with it; after `MAX_ATTEMPTS` it is parked. Commit before working on them."""
    who = {"shop_id": shop_id, "kind": kind}
    session.execute(PARK_EXHAUSTED, {**who, "max_attempts": MAX_ATTEMPTS})
    rows = session.execute(CLAIM, {**who, "now": now, "limit": limit, "lease": lease})
    return [
        Claim(id=row.id, ref=row.ref, fence=row.fence, attempts=row.attempts, failures=row.failures)
        for row in sorted(rows, key=lambda row: row.id)
    ]


def finish(session: Session, shop_id: int, claims: Sequence[Claim]) -> None:
    """The work is done: its rows go, in the transaction that wrote its outcome. `Fenced` when a lease was lost."""
    _held(
        session,
        "DELETE FROM outbox",
        {"shop_id": shop_id},
        claims,
    )


def hold(session: Session, shop_id: int, claims: Sequence[Claim], lease: int = LEASE_SECONDS) -> None:
    """Prove that the leases are still ours and prolong them. `Fenced` otherwise."""
    _held(
        session,
        "UPDATE outbox SET lease_until = now() + make_interval(secs => :lease)",
        {"shop_id": shop_id, "lease": lease},
        claims,
    )


def release(session: Session, shop_id: int, claims: Sequence[Claim], *, is_progress: bool) -> None:
    """Give rows back at once: with their attempt forgotten when it got somewhere, else counted."""
    _held(
        session,
        "UPDATE outbox SET lease_until = NULL, attempts = CASE WHEN :is_progress THEN 0 ELSE attempts END",
        {"shop_id": shop_id, "is_progress": is_progress},
        claims,
    )


def retry_later(session: Session, shop_id: int, claims: Sequence[Claim], error: str, delay: float) -> None:
    """A recorded failure that may pass: not before `delay` seconds from now."""
    _held(
        session,
        "UPDATE outbox SET lease_until = now() + make_interval(secs => :delay), attempts = 0, failures = failures + 1,"
        " last_error = :error",
        {"shop_id": shop_id, "error": error, "delay": delay},
        claims,
    )


def park(session: Session, shop_id: int, claims: Sequence[Claim], error: str) -> None:
    """A recorded failure that will not pass by itself: shown in the console, touched by nobody."""
    _held(
        session,
        "UPDATE outbox SET parked_at = now(), lease_until = NULL, last_error = :error",
        {"shop_id": shop_id, "error": error},
        claims,
    )


HELD = " WHERE shop_id = :shop_id AND (id, fence) IN (SELECT * FROM unnest(CAST(:ids AS bigint[]), CAST(:fences AS int[])))"
"""One text for any number of claims, so that Postgres plans it once."""


def _held(session: Session, change: str, values: dict[str, object], claims: Sequence[Claim]) -> None:
    """Make a change to exactly the claims that are still ours."""
    if not claims:
        return
    pairs = {"ids": [claim.id for claim in claims], "fences": [claim.fence for claim in claims]}
    result = session.execute(_to_held(change), {**values, **pairs})
    if result.rowcount != len(claims):  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
        raise Fenced(len(claims))


@cache
def _to_held(change: str) -> TextClause:
    """Read once: there are five, and each letter needs two of them."""
    return text(change + HELD)


def unpark(session: Session, shop_id: int, kind: str) -> int:
    """Somebody mended what had stopped this work: it is due again; how many rows of it."""
    taken_up = session.execute(
        text(
            "UPDATE outbox SET parked_at = NULL, attempts = 0, failures = 0, lease_until = NULL, last_error = ''"
            " WHERE shop_id = :shop_id AND kind = :kind AND parked_at IS NOT NULL RETURNING id"
        ),
        {"shop_id": shop_id, "kind": kind},
    )
    return len(taken_up.all())


def try_again(session: Session) -> int:
    """Work that was parked because whoever had begun it died, three times: once more, alone, when it has been parked for ten
    minutes and for as long as it was old then. Mostly it was innocent (a machine without memory, deploys in a row); what does kill
    its worker soon does so only once in weeks. Across shops; needs no shop entered; how many rows."""
    taken_up = session.execute(
        text(
            "UPDATE outbox SET parked_at = NULL, attempts = :last_try, lease_until = NULL WHERE last_error = 'no_outcome'"
            " AND parked_at < now() - greatest(parked_at - created_at, interval '10 minutes') RETURNING id"
        ),
        {"last_try": MAX_ATTEMPTS - 1},
    )
    return len(taken_up.all())


def find(session: Session, shop_id: int, kind: str, ref: str) -> Job | None:
    """The oldest work of this kind about this ref; None when none is owed."""
    found = select(Job).where(Job.shop_id == shop_id, Job.kind == kind, Job.ref == ref).order_by(Job.id).limit(1)
    return session.scalars(found).one_or_none()


def withdraw(session: Session, shop_id: int, kind: str, ref: str) -> None:
    """This work is wanted no more. Who has claimed it meanwhile is `Fenced`."""
    session.execute(
        text("DELETE FROM outbox WHERE shop_id = :shop_id AND kind = :kind AND ref = :ref"),
        {"shop_id": shop_id, "kind": kind, "ref": ref},
    )


def tick(session: Session, name: str, seconds: int) -> list[int]:
    """Strike the present period of `seconds` for every connected shop; the ids of the shops for which we were the first.
    Needs no shop entered."""
    rows = session.execute(
        text(
            "INSERT INTO tick (shop_id, name, period_start)"
            " SELECT id, :name, to_timestamp(floor(extract(epoch FROM now()) / :seconds) * :seconds) FROM shop WHERE is_connected"
            " ON CONFLICT DO NOTHING RETURNING shop_id"
        ),
        {"name": name, "seconds": seconds},
    )
    return [row.shop_id for row in rows]


def forget_ticks(session: Session, shop_id: int) -> None:
    """Drop ticks that are too old to be struck again."""
    session.execute(
        text("DELETE FROM tick WHERE shop_id = :shop_id AND period_start < now() - interval '2 days'"),
        {"shop_id": shop_id},
    )
