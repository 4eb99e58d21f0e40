"""Intending an effect once, within what the order allows, and moving it from state to state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.domain.effects.models import Effect
from app.domain.effects.rules import OPEN, Promised, State, effect_key, left_to_refund
from app.domain.orders import service as orders
from app.domain.orders.models import Refund
from app.domain.orders.rules import OrderFacts
from app.domain.outbox import service as outbox
from app.events import EffectKind, OrderStatus
from app.kernel.errors import Permanent

EFFECT = "effect"
"""The kind of work that an intent owes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A refund to intend: `amount` in minor units of the order's currency, greater than zero. `about_kind` and `about_id` name our
    own thing that it comes from (a return, a click of a merchant), `occurrence` counts refunds of one such thing. `items` pairs a
    line's ref with a quantity, and `restock` puts those back on the shelf."""

    about_kind: str
    about_id: int
    order_id: int
    amount: int
    occurrence: int = 1
    items: tuple[tuple[str, int], ...] = ()
    restock: bool = False
    kind: EffectKind = EffectKind.REFUND


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFacts:
    """An effect for pages."""

    id: int
    kind: EffectKind
    state: State
    reason: str
    amount: int
    outcome: str
    planned_at: datetime
    changed_at: datetime


def intend(session: Session, shop_id: int, draft: Draft) -> int:
    """Write an effect down with the work that it owes; its id. A second intent about the same thing changes nothing and gets the
    id of the first. The order is held until the transaction ends, so that intents at the same moment see each other.

    `Permanent`: "order_unknown", "nothing_to_refund", or "more_than_was_paid" when the order's other refunds leave too little.
    """
    orders.hold(session, (), [draft.order_id])
    first = session.scalar(select(Effect.id).where(*_same_thing(draft)))
    if first is not None:
        return first
    order = orders.facts_for(session, [draft.order_id]).get(draft.order_id)
    if order is None:
        raise Permanent("order_unknown")
    if draft.amount <= 0:
        raise Permanent("nothing_to_refund")
    if draft.amount > _left_to_refund(session, order):
        raise Permanent("more_than_was_paid")
    effect_id = session.execute(
        insert(Effect)
        .values(
            shop_id=shop_id,
            key=effect_key(order.public_id, draft.kind, draft.about_kind, draft.about_id, draft.occurrence),
            kind=draft.kind,
            about_kind=draft.about_kind,
            about_id=draft.about_id,
            occurrence=draft.occurrence,
            order_id=draft.order_id,
            amount=draft.amount,
            values={
                "order_ref": order.ref,
                "currency": order.currency,
                "items": [list(item) for item in draft.items],
                "restock": draft.restock,
            },
        )
        .returning(Effect.id)
    ).scalar_one()
    outbox.owe(session, shop_id, EFFECT, [str(effect_id)])
    return effect_id


def _same_thing(draft: Draft) -> tuple[ColumnElement[bool], ...]:
    return (
        Effect.kind == draft.kind,
        Effect.about_kind == draft.about_kind,
        Effect.about_id == draft.about_id,
        Effect.occurrence == draft.occurrence,
    )


def _left_to_refund(session: Session, order: OrderFacts) -> int:
    """What the order's rows say; the platform, which also sees what has not reached us yet, has the last word."""
    given_back = session.execute(select(Refund.ref, Refund.amount).where(Refund.order_id == order.id))
    promised = session.execute(
        select(Effect.amount, Effect.outcome).where(
            Effect.order_id == order.id, Effect.kind == EffectKind.REFUND, Effect.state.in_([*OPEN, State.DONE])
        )
    )
    return left_to_refund(
        0 if order.status is OrderStatus.PENDING else order.total,
        {row.ref: row.amount for row in given_back},
        [Promised(amount=row.amount, outcome=row.outcome) for row in promised],
    )


def load(session: Session, effect_id: int) -> Effect | None:
    """The effect, locked until the transaction ends."""
    return session.scalars(select(Effect).where(Effect.id == effect_id).with_for_update()).one_or_none()


def move(session: Session, effect_id: int, before: Sequence[State], after: State, **values: object) -> bool:
    """Compare and set: whether the effect was in one of the states `before` and now is in `after`."""
    moved = session.execute(
        update(Effect)
        .where(Effect.id == effect_id, Effect.state.in_(before))
        .values(state=after, changed_at=func.now(), **values)
        .returning(Effect.id)
    )
    return moved.first() is not None


def still_fits(session: Session, effect: Effect) -> bool:
    """Whether one that was refused may be asked for again: meanwhile its money may have gone another way."""
    orders.hold(session, (), [effect.order_id])
    order = orders.facts_for(session, [effect.order_id]).get(effect.order_id)
    return order is not None and effect.amount <= _left_to_refund(session, order)


def cancel(session: Session, shop_id: int, effect_id: int) -> bool:
    """A person takes an intent back, or has settled an uncertain one by hand in the store; whether it could be. One that is just
    being asked for, or done, cannot."""
    before = (State.PLANNED, State.UNCERTAIN, State.REFUSED)
    if not move(session, effect_id, before, State.CANCELLED):
        return False
    outbox.withdraw(session, shop_id, EFFECT, str(effect_id))
    return True


def of_order(session: Session, order_id: int) -> list[EffectFacts]:
    """Everything that the platform was or will be asked to do about an order, the oldest first."""
    rows = session.scalars(select(Effect).where(Effect.order_id == order_id).order_by(Effect.id))
    return [
        EffectFacts(
            id=row.id,
            kind=EffectKind(row.kind),
            state=State(row.state),
            reason=row.reason,
            amount=row.amount,
            outcome=row.outcome,
            planned_at=row.planned_at,
            changed_at=row.changed_at,
        )
        for row in rows
    ]
