"""Writing the ledger: planned once, moved from state to state by whoever holds its work, never written twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.messages.models import Message
from app.domain.messages.rules import State, is_stale, message_key
from app.domain.outbox import service as outbox
from app.kernel import batch

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


def look_up(session: Session, message_ids: Collection[int]) -> dict[int, Message]:
    """Messages by id, as they stand now; locked by nobody."""
    found = session.scalars(select(Message).where(batch.among(Message.id, message_ids)))
    return {message.id: message for message in found}


def written_lately(session: Session, recipient_hashes: Collection[bytes]) -> Counter[bytes]:
    """How often each of these recipients was written to within a day of the database's clock."""
    rows = session.execute(WRITTEN_LATELY, {"recipients": list(recipient_hashes), "states": WRITTEN})
    return Counter({bytes(row.recipient_hash): row.times for row in rows})


WRITTEN = [State.SENT.value, State.UNCERTAIN.value, State.SENDING.value]
WRITTEN_LATELY = text(
    "SELECT recipient_hash, count(*) AS times FROM message WHERE recipient_hash = ANY(:recipients) AND state = ANY(:states)"
    " AND changed_at > now() - interval '1 day' GROUP BY recipient_hash"
)
MOVE = text(
    "UPDATE message SET state = :after, changed_at = now(), template = coalesce(:template, template),"
    " language = coalesce(:language, language), reason = coalesce(:reason, reason), reply = coalesce(:reply, reply),"
    " sent_at = coalesce(:sent_at, sent_at) WHERE id = :id AND state = ANY(:before)"
)
"""One text, whatever is written with the state: put together anew for each letter, it took three times as long."""


def move(
    session: Session,
    message_id: int,
    before: Sequence[State],
    after: State,
    *,
    template: str | None = None,
    language: str | None = None,
    reason: str | None = None,
    reply: str | None = None,
    sent_at: datetime | None = None,
) -> bool:
    """Compare and set: whether the message was in one of the states `before` and now is in `after`. What is not given stays."""
    told = {"template": template, "language": language, "reason": reason, "reply": reply, "sent_at": sent_at}
    states = {"before": [state.value for state in before], "after": after.value}
    moved = session.execute(MOVE, {"id": message_id, **states, **told})
    return moved.rowcount > 0  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnknownVariableType]
