"""What does not go on by itself: one reading for the console's list and for the mails to the merchant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.insight import service as insight
from app.domain.insight.service import Parked, ResourceSync
from app.domain.messages.models import Message
from app.domain.messages.rules import State
from app.domain.messages.service import DELIVER
from app.domain.outbox.models import Job
from app.domain.shops.models import Shop

ORDERS, WEBHOOKS = "orders", "webhooks"
READING = frozenset({"pull", "fetch", "check"})
KEYS_REFUSED = frozenset(
    {
        *("bad_key", "bad_secret", "keys_refused", "unauthorized", "key_cannot_read"),
        *("token_revoked", "token_not_expiring", "scope_missing", "forbidden", "data_not_approved"),
    }
)
"""Only a person can mend these, so nobody waits before he is told."""
UNREAD_FOR = timedelta(minutes=30)
FAILURES_OF_AN_IMPORT = 9
"""About half an hour of tries (jobs/queue.py): a first import has no last success to measure from."""
UNSUBSCRIBED_FOR = timedelta(hours=2)
A_DAY = timedelta(days=1)
MOST_REFUSED = 2
"""Letters a day: addresses that do not exist are no trouble of the shop's; more of them are."""
TRIES = 3
"""Of a letter, before the mail server counts as away."""


class Kind(StrEnum):
    KEYS_REFUSED = "keys_refused"
    UNREADABLE = "unreadable"
    WEBHOOKS = "webhooks"
    STOPPED = "stopped"
    LETTERS = "letters"
    MAIL_SERVER = "mail_server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that is wrong now, by the database's clock since `since`; `codes` say why, `count` how much of it there is."""

    kind: Kind
    since: datetime
    codes: tuple[str, ...]
    count: int = 1


def troubles(session: Session, shop_id: int) -> tuple[Trouble, ...]:
    """Everything that is wrong with the entered shop, what matters most first."""
    now = session.scalars(select(func.now())).one()
    connected_at = session.get_one(Shop, shop_id).connected_at
    read = {one.resource: one for one in insight.sync(session)}
    parked = insight.parked_work(session, shop_id)
    found = [*_of_reading(session, shop_id, read.get(ORDERS), min(connected_at, now), now)]
    is_shut_out = any(trouble.kind is Kind.KEYS_REFUSED for trouble in found)
    if not is_shut_out:
        found += _of_webhooks(read.get(WEBHOOKS), parked, min(connected_at, now), now)
    found += _of_work(parked, now, known={*(("check",) if found else ()), *(READING if is_shut_out else ())})
    found += _of_letters(session, now)
    found += _of_mail_server(session, shop_id)
    return tuple(found)


def _of_reading(
    session: Session, shop_id: int, orders: ResourceSync | None, connected_at: datetime, now: datetime
) -> Iterator[Trouble]:
    if orders is None or not orders.error:
        return
    since = orders.last_success_at or connected_at
    if orders.error in KEYS_REFUSED:
        yield Trouble(kind=Kind.KEYS_REFUSED, since=since, codes=(orders.error,))
    elif now - since > UNREAD_FOR and (orders.is_backfilled or _tries(session, shop_id) >= FAILURES_OF_AN_IMPORT):
        yield Trouble(kind=Kind.UNREADABLE, since=since, codes=(orders.error,))


def _tries(session: Session, shop_id: int) -> int:
    failures = select(func.max(Job.failures)).where(Job.shop_id == shop_id, Job.kind == "pull", Job.ref == ORDERS)
    return session.scalar(failures) or 0


def _of_webhooks(
    webhooks: ResourceSync | None, parked: Sequence[Parked], connected_at: datetime, now: datetime
) -> Iterator[Trouble]:
    """At once when the check has given up; a store that is only away for a while is the reading's trouble."""
    if webhooks is None or not webhooks.error:
        return
    since = webhooks.last_success_at or connected_at
    if any(work.kind == "check" for work in parked) or now - since > UNSUBSCRIBED_FOR:
        yield Trouble(kind=Kind.WEBHOOKS, since=since, codes=(webhooks.error,))


def _of_work(parked: Sequence[Parked], now: datetime, *, known: set[str]) -> Iterator[Trouble]:
    """Parked work, but not what another trouble tells of already."""
    stopped = [work for work in parked if work.kind not in known]
    if stopped:
        codes = tuple(sorted({work.error for work in stopped}))
        yield Trouble(kind=Kind.STOPPED, since=now, codes=codes, count=sum(work.count for work in stopped))


def _of_letters(session: Session, now: datetime) -> Iterator[Trouble]:
    rows = session.execute(
        select(Message.state, Message.reason, func.count().label("rows"), func.min(Message.changed_at).label("since"))
        .where(Message.state.in_([State.FAILED, State.UNCERTAIN]), Message.changed_at > now - A_DAY)
        .group_by(Message.state, Message.reason)
    ).all()
    refused = sum(row.rows for row in rows if row.state == State.FAILED)
    doubtful = sum(row.rows for row in rows if row.state == State.UNCERTAIN)
    if doubtful or refused > MOST_REFUSED:
        codes = tuple(sorted({row.reason for row in rows}))
        yield Trouble(kind=Kind.LETTERS, since=min(row.since for row in rows), codes=codes, count=refused + doubtful)


def _of_mail_server(session: Session, shop_id: int) -> Iterator[Trouble]:
    """No mail can tell of this one."""
    row = session.execute(
        select(
            func.count().label("rows"), func.min(Job.created_at).label("since"), func.max(Job.last_error).label("code")
        ).where(Job.shop_id == shop_id, Job.kind == DELIVER, Job.parked_at.is_(None), Job.failures >= TRIES)
    ).one()
    if row.rows:
        yield Trouble(kind=Kind.MAIL_SERVER, since=row.since, codes=(row.code,), count=row.rows)
