"""Writing the ledger: planned once, moved from state to state by whoever holds its work, never written twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.messages.models import Message
from app.domain.messages.rules import MOST_A_DAY, State, is_stale, message_key
from app.domain.outbox import service as outbox

DELIVER = "deliver"
"""The kind of work that a planned message owes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message to plan: the follow-up's answer to one event."""

    follow_up: str
    about_kind: str
    about_id: int
    occurrence: int
    recipient_hash: bytes
    order_id: int
    event_id: int
    channel: str
    occurred_at: datetime
    due_at: datetime


def plan(session: Session, shop_id: int, draft: Draft, now: datetime) -> None:
    """Write a message down once. A second plan for the same thing can only bring a planned one forward; one about an event that
    is too old is written as skipped, so that the merchant sees why nothing was said."""
    key = message_key(
        shop_id, draft.follow_up, draft.about_kind, draft.about_id, draft.occurrence, draft.recipient_hash
    )
    stale = is_stale(draft.occurred_at, now)
    statement = insert(Message).values(
        shop_id=shop_id,
        key=key,
        follow_up=draft.follow_up,
        about_kind=draft.about_kind,
        about_id=draft.about_id,
        occurrence=draft.occurrence,
        recipient_hash=draft.recipient_hash,
        order_id=draft.order_id,
        event_id=draft.event_id,
        channel=draft.channel,
        occurred_at=draft.occurred_at,
        planned_at=now,
        due_at=draft.due_at,
        state=State.SKIPPED if stale else State.PLANNED,
        reason="stale" if stale else "",
    )
    row = session.execute(
        statement.on_conflict_do_nothing(constraint="uq_message_once").returning(Message.id)
    ).one_or_none()
    if row and not stale:
        outbox.owe(session, shop_id, DELIVER, [str(row.id)], draft.due_at)
    elif not row and not stale:
        _bring_forward(session, shop_id, key_of=draft)


def _bring_forward(session: Session, shop_id: int, key_of: Draft) -> None:
    row = session.execute(
        update(Message)
        .where(
            Message.follow_up == key_of.follow_up,
            Message.about_kind == key_of.about_kind,
            Message.about_id == key_of.about_id,
            Message.occurrence == key_of.occurrence,
            Message.recipient_hash == key_of.recipient_hash,
            Message.state == State.PLANNED,
            Message.due_at > key_of.due_at,
        )
        .values(due_at=key_of.due_at)
        .returning(Message.id)
    ).one_or_none()
    if row:
        outbox.bring_forward(session, shop_id, DELIVER, str(row.id), key_of.due_at)


def load(session: Session, message_id: int) -> Message | None:
    """The message, locked until the transaction ends."""
    return session.scalars(select(Message).where(Message.id == message_id).with_for_update()).one_or_none()


def is_flooding(session: Session, recipient_hash: bytes) -> bool:
    """Whether this recipient was written to as often as the fuse allows within a day of the database's clock."""
    sent = session.scalar(
        select(func.count())
        .select_from(Message)
        .where(
            Message.recipient_hash == recipient_hash,
            Message.state.in_([State.SENT, State.UNCERTAIN, State.SENDING]),
            Message.changed_at > text("now() - interval '1 day'"),
        )
    )
    return (sent or 0) >= MOST_A_DAY


def move(session: Session, message_id: int, before: Sequence[State], after: State, **values: object) -> bool:
    """Compare and set: whether the message was in one of the states `before` and now is in `after`."""
    moved = session.execute(
        update(Message)
        .where(Message.id == message_id, Message.state.in_(before))
        .values(state=after, changed_at=func.now(), **values)
        .returning(Message.id)
    )
    return moved.first() is not None
