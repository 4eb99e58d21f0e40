"""Writing the ledger: planned once, moved from state to state by whoever holds its work, never written twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.messages.models import Message
from app.domain.messages.rules import MOST_A_DAY, State, is_stale, message_key
from app.domain.outbox import service as outbox

DELIVER = "deliver"
"""The kind of work that a planned message owes."""
UNSAID = (State.SKIPPED, State.FAILED, State.CANCELLED)


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
    """Write a message down once. A second plan for the same thing can only bring a planned one forward, also when the shopper has
    another address by now: letters go to the one that the order has when they leave. A message about an event that is too old is
    written as skipped, so that the merchant sees why nothing was said."""
    stale = is_stale(draft.occurred_at, now)
    if session.scalar(select(exists().where(*_same_thing(draft), Message.state.not_in(UNSAID)))):
        if not stale:
            _bring_forward(session, shop_id, draft)
        return
    key = message_key(draft.follow_up, draft.about_kind, draft.about_id, draft.occurrence, draft.recipient_hash)
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
        _bring_forward(session, shop_id, draft)


def _same_thing(draft: Draft) -> tuple[ColumnElement[bool], ...]:
    """Messages of this follow-up about the same thing, to whomever."""
    return (
        Message.follow_up == draft.follow_up,
        Message.about_kind == draft.about_kind,
        Message.about_id == draft.about_id,
        Message.occurrence == draft.occurrence,
    )


def _bring_forward(session: Session, shop_id: int, draft: Draft) -> None:
    brought = session.execute(
        update(Message)
        .where(*_same_thing(draft), Message.state == State.PLANNED, Message.due_at > draft.due_at)
        .values(due_at=draft.due_at)
        .returning(Message.id)
    )
    for row in brought:
        outbox.bring_forward(session, shop_id, DELIVER, str(row.id), draft.due_at)


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
