"""Reading what came in and saying what became of it. Writing it is ingest's one statement (web/ingest.py)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from app.domain.inbox.models import Delivery
from app.kernel import batch

KEPT_DAYS = 30
ROWS_KEPT_DAYS = 90
"""Longer than any platform tells the same news again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """A delivery's topic and bytes."""

    id: int
    topic: str
    body: bytes


def load(session: Session, ids: Sequence[int]) -> list[Raw]:
    """In the order of their arrival; a body that is gone with age is left out."""
    rows = session.execute(
        select(Delivery.id, Delivery.topic, Delivery.body).where(batch.among(Delivery.id, ids)).order_by(Delivery.id)
    )
    return [Raw(id=row.id, topic=row.topic, body=row.body) for row in rows if row.body is not None]


def conclude(session: Session, ids: Sequence[int], state: str, note: str = "") -> None:
    """`state`: applied, ignored or refused."""
    if ids:
        change = update(Delivery).where(batch.among(Delivery.id, ids)).values(state=state, note=note)
        session.execute(change, execution_options={"synchronize_session": False})


def replay(session: Session, delivery_id: int) -> bool:
    """Put a delivery back to where it came in, to be read again; False when it or its body is gone."""
    row = session.execute(
        update(Delivery)
        .where(Delivery.id == delivery_id, Delivery.body.is_not(None))
        .values(state="received", note="")
        .returning(Delivery.id)
    )
    return row.first() is not None


def drop_old_rows(session: Session) -> None:
    """What has been read and is older than `ROWS_KEPT_DAYS` is not even counted any more."""
    session.execute(
        text("DELETE FROM inbox WHERE state <> 'received' AND received_at < now() - make_interval(days => :days)"),
        {"days": ROWS_KEPT_DAYS},
    )


def drop_old_bodies(session: Session) -> None:
    """Raw bodies hold personal data: they go after `KEPT_DAYS`, the rows stay."""
    session.execute(
        text(
            "UPDATE inbox SET body = NULL WHERE body IS NOT NULL AND received_at < now() - make_interval(days => :days)"
        ),
        {"days": KEPT_DAYS},
    )
