"""What the merchant and the operator want to know: is it running, what happened to an order, what was left unsaid and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.domain.effects import service as effects
from app.domain.effects.service import EffectFacts
from app.domain.history.models import EventRow
from app.domain.inbox.models import Delivery
from app.domain.insight.rules import time_left
from app.domain.messages.models import Message
from app.domain.messages.service import DELIVER
from app.domain.orders import service as orders
from app.domain.orders.models import Order
from app.domain.orders.rules import OrderFacts
from app.domain.outbox.models import Job
from app.domain.shipments import service as shipments
from app.domain.shipments.rules import ShipmentFacts
from app.domain.shops.models import Shop, SyncState
from app.events import Resource

RECENT_DAYS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """Work that nobody will touch again by itself: its kind, the last error and how many rows of it there are."""

    kind: str
    error: str
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceSync:
    """How far one resource of a store has been read. `seen` of `total` things (None: nobody says how many) while it is read for the
    first time, with the time left where that can be said; afterwards `drift` of the `swept` things of the last sweep were not as
    our rows had them. The resource "webhooks" is the check of the subscriptions: `drift` of `swept` topics were mended.
    """

    resource: str
    is_backfilled: bool
    is_under_way: bool
    seen: int
    total: int | None
    time_left: timedelta | None
    swept: int
    drift: int
    last_success_at: datetime | None
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a shop is kept up with; `orders` is how far they have been read, None before anybody began. Moments are the database's;
    counts of deliveries and messages are of the last seven days."""

    is_connected: bool
    last_delivery_at: datetime | None
    orders: ResourceSync | None
    waiting: int
    parked: tuple[Parked, ...]
    read_at: datetime
    deliveries: Mapping[str, int]
    messages: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """An event of an order. `data` holds what its kind adds (app/events.py)."""

    kind: str
    occurred_at: datetime
    recorded_at: datetime
    source: str
    is_historic: bool
    shipment_id: int | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A message of the ledger. `attempts` and `error` are of the work that it still owes."""

    follow_up: str
    about_kind: str
    about_id: int
    channel: str
    template: str
    language: str
    state: str
    reason: str
    reply: str
    occurred_at: datetime
    planned_at: datetime
    due_at: datetime
    sent_at: datetime | None
    changed_at: datetime
    attempts: int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """An order with all that happened, all that was said or left unsaid, and what its platform was asked to do; oldest first."""

    order: OrderFacts
    parcels: tuple[ShipmentFacts, ...]
    events: tuple[Happened, ...]
    messages: tuple[Said, ...]
    effects: tuple[EffectFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """An order in a list, with the standing of its parcels."""

    order: OrderFacts
    parcels: tuple[ShipmentFacts, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A delivery without its body. `state`: received, applied, ignored or refused; `note` says why in one word."""

    id: int
    topic: str
    event_id: str
    received_at: datetime
    state: str
    note: str
    size: int | None


def sync(session: Session) -> tuple[ResourceSync, ...]:
    """Every resource of the entered shop that was ever asked for, by name."""
    now = session.scalars(select(func.now())).one()
    return tuple(
        ResourceSync(
            resource=state.resource,
            is_backfilled=state.is_backfilled,
            is_under_way=state.cursor != "",
            seen=state.seen,
            total=state.total,
            time_left=time_left(state.seen, state.total, now - (state.backfill_started_at or now)),
            swept=state.swept,
            drift=state.drift,
            last_success_at=state.last_success_at,
            error=state.last_error,
        )
        for state in session.scalars(select(SyncState).order_by(SyncState.resource))
    )


def health(session: Session, shop_id: int) -> Health:
    shop = session.get_one(Shop, shop_id)
    return Health(
        is_connected=shop.is_connected,
        last_delivery_at=session.scalar(select(func.max(Delivery.received_at))),
        orders=next((one for one in sync(session) if one.resource == Resource.ORDERS), None),
        waiting=session.scalar(select(func.count()).select_from(Delivery).where(Delivery.state == "received")) or 0,
        parked=parked_work(session, shop_id),
        read_at=session.scalars(select(func.now())).one(),
        deliveries=_counts(session, Delivery.state, Delivery.received_at),
        messages=_counts(session, Message.state, Message.changed_at),
    )


def parked_work(session: Session, shop_id: int) -> tuple[Parked, ...]:
    """By kind and error."""
    rows = session.execute(
        select(Job.kind, Job.last_error, func.count().label("rows"))
        .where(Job.shop_id == shop_id, Job.parked_at.is_not(None))
        .group_by(Job.kind, Job.last_error)
        .order_by(Job.kind, Job.last_error)
    )
    return tuple(Parked(kind=row.kind, error=row.last_error, count=row.rows) for row in rows)


def _counts(session: Session, state: InstrumentedAttribute[str], at: InstrumentedAttribute[datetime]) -> dict[str, int]:
    since = func.now() - timedelta(days=RECENT_DAYS)
    rows = session.execute(select(state, func.count()).where(at > since).group_by(state))
    return {word: number for word, number in rows}  # noqa: C416 (rows are no pairs to dict())


def list_orders(session: Session, limit: int, after: str = "") -> list[Listed] | None:
    """The newest orders, or those before the one with the public id `after`; None when there is no such order."""
    before = None
    if after:
        before = session.execute(select(Order.placed_at, Order.id).where(Order.public_id == after)).one_or_none()
        if before is None:
            return None
    return _listed(session, orders.list_recent(session, limit, before))


def search_orders(session: Session, number: str) -> list[Listed]:
    """Orders with exactly this number, with or without its sign."""
    return _listed(session, orders.number_search(session, number))


def _listed(session: Session, ids: Sequence[int]) -> list[Listed]:
    found = orders.facts_for(session, ids)
    parcels = shipments.facts_for_orders(session, ids)
    return [Listed(order=found[order_id], parcels=parcels[order_id]) for order_id in ids]


def story(session: Session, shop_id: int, order_public_id: str) -> Story | None:
    """None when the entered shop has no such order."""
    order_id = session.scalar(select(Order.id).where(Order.public_id == order_public_id))
    if order_id is None:
        return None
    return Story(
        order=orders.facts_for(session, [order_id])[order_id],
        parcels=shipments.facts_for_orders(session, [order_id])[order_id],
        events=_events(session, order_id),
        messages=_messages(session, shop_id, order_id),
        effects=tuple(effects.of_order(session, order_id)),
    )


def _events(session: Session, order_id: int) -> tuple[Happened, ...]:
    rows = session.scalars(
        select(EventRow).where(EventRow.order_id == order_id).order_by(EventRow.occurred_at, EventRow.id)
    )
    return tuple(
        Happened(
            kind=row.kind,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            source=row.source,
            is_historic=row.is_historic,
            shipment_id=row.shipment_id,
            data=row.data,
        )
        for row in rows
    )


def _messages(session: Session, shop_id: int, order_id: int) -> tuple[Said, ...]:
    rows = session.scalars(
        select(Message).where(Message.order_id == order_id).order_by(Message.planned_at, Message.id)
    ).all()
    work = {
        job.ref: job
        for job in session.scalars(
            select(Job).where(
                Job.shop_id == shop_id, Job.kind == DELIVER, Job.ref.in_([str(message.id) for message in rows])
            )
        )
    }
    return tuple(_said(message, work.get(str(message.id))) for message in rows)


def _said(message: Message, job: Job | None) -> Said:
    return Said(
        follow_up=message.follow_up,
        about_kind=message.about_kind,
        about_id=message.about_id,
        channel=message.channel,
        template=message.template,
        language=message.language,
        state=message.state,
        reason=message.reason,
        reply=message.reply,
        occurred_at=message.occurred_at,
        planned_at=message.planned_at,
        due_at=message.due_at,
        sent_at=message.sent_at,
        changed_at=message.changed_at,
        attempts=job.failures + job.attempts if job else 0,
        error=job.last_error if job else "",
    )


def list_deliveries(session: Session, limit: int, state: str = "", before: int | None = None) -> list[Received]:
    """The newest deliveries, all of them or those of one state; `before` is the id of the last one of the page before."""
    statement = select(
        Delivery.id,
        Delivery.topic,
        Delivery.event_id,
        Delivery.received_at,
        Delivery.state,
        Delivery.note,
        func.octet_length(Delivery.body).label("size"),
    )
    if state:
        statement = statement.where(Delivery.state == state)
    if before is not None:
        statement = statement.where(Delivery.id < before)
    rows = session.execute(statement.order_by(Delivery.id.desc()).limit(limit))
    return [Received(**row._asdict()) for row in rows]
