"""Writing down what was written to the merchant, so that he is told once and not every few minutes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.orm import Session

from app.domain.notices.models import Notice

TEST = "test"
MOST_TESTS_AN_HOUR = 5
"""Enough to try every message in a language; too few to bother a stranger with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """The last mail about a kind of trouble, and how long ago it was by the database's clock."""

    is_over: bool
    age: timedelta


def last_told(session: Session) -> dict[str, Told]:
    """By kind, of the entered shop."""
    rows = session.execute(
        select(Notice.kind, Notice.is_over, (func.now() - Notice.at).label("age"))
        .ext(distinct_on(Notice.kind))
        .order_by(Notice.kind, Notice.id.desc())
    )
    return {row.kind: Told(is_over=row.is_over, age=row.age) for row in rows}


def note(session: Session, shop_id: int, kind: str, *, is_over: bool = False) -> int:
    """Its number, for taking it back."""
    statement = insert(Notice).values(shop_id=shop_id, kind=kind, is_over=is_over).returning(Notice.id)
    return session.scalars(statement).one()


def take_back(session: Session, notice_id: int) -> None:
    session.execute(delete(Notice).where(Notice.id == notice_id))


def note_test(session: Session, shop_id: int) -> bool:
    """Whether another test mail may leave within this hour; if so, it is written down. One request at a time, so that none slips
    through beside another."""
    session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('encore test mail', :shop_id))"), {"shop_id": shop_id}
    )
    sent = session.scalar(
        select(func.count())
        .select_from(Notice)
        .where(Notice.kind == TEST, Notice.at > text("now() - interval '1 hour'"))
    )
    if (sent or 0) >= MOST_TESTS_AN_HOUR:
        return False
    note(session, shop_id, TEST)
    return True


def forget_old(session: Session) -> None:
    """Trouble that lasts is told of every day, so what was told last is always younger than this."""
    session.execute(delete(Notice).where(Notice.at < text("now() - interval '90 days'")))
