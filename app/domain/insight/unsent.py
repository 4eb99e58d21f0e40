"""Messages that were refused or are in doubt, and how many were not sent for which reason."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.orm import Session

from app.domain.insight.service import RECENT_DAYS
from app.domain.messages.models import Message
from app.domain.messages.rules import State
from app.domain.orders.models import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubtful:
    """A message of this week that failed or may have, with the order it is about."""

    follow_up: str
    state: str
    reason: str
    changed_at: datetime
    order_public_id: str
    order_number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many messages of a follow-up came to this end within the week. `reason` is empty for those that were sent."""

    follow_up: str
    state: str
    reason: str
    count: int


def doubtful(session: Session, limit: int) -> list[Doubtful]:
    """The newest first."""
    rows = session.execute(
        select(
            Message.follow_up,
            Message.state,
            Message.reason,
            Message.changed_at,
            cast(Order.public_id, Text).label("order_public_id"),
            Order.number.label("order_number"),
        )
        .join(Order, (Order.shop_id == Message.shop_id) & (Order.id == Message.order_id))
        .where(Message.state.in_([State.FAILED, State.UNCERTAIN]), Message.changed_at > _week_ago())
        .order_by(Message.changed_at.desc(), Message.id.desc())
        .limit(limit)
    )
    return [Doubtful(**row._asdict()) for row in rows]


def tallies(session: Session) -> list[Tally]:
    """Of the last seven days."""
    rows = session.execute(
        select(Message.follow_up, Message.state, Message.reason, func.count().label("count"))
        .where(Message.changed_at > _week_ago())
        .group_by(Message.follow_up, Message.state, Message.reason)
        .order_by(Message.follow_up, func.count().desc(), Message.state, Message.reason)
    )
    return [Tally(**row._asdict()) for row in rows]


def _week_ago() -> ColumnElement[datetime]:
    return func.now() - timedelta(days=RECENT_DAYS)
