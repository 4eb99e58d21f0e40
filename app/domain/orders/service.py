"""Orders written from facts, in batches, never backwards; and read for decisions and pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from operator import attrgetter
from typing import Any

import orjson
from sqlalchemy import Row, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.orm import Session

from app.domain.orders.models import Order, OrderLine, Refund
from app.domain.orders.rules import COUNTED, OrderFacts
from app.events import (
    Address,
    Channel,
    Event,
    Gone,
    Line,
    OrderCancelled,
    OrderFact,
    OrderPlaced,
    OrderRefunded,
    OrderStatus,
    RefundFact,
)
from app.kernel import batch
from app.kernel.crypto import fingerprint

ORDER = (
    *("ref", "number", "status", "channel", "channel_name", "discount_codes", "placed_at", "updated_at"),
    *("cancelled_at", "language", "currency", "total", "subtotal", "shipping", "discount", "tax", "customer_ref"),
    *("email", "phone", "first_name", "last_name", "address", "content"),
)
FROZEN = frozenset({"ref", "language"})
"""Written once: the language is the one of the purchase."""
LINE = (
    *("order_id", "ref", "position", "title", "variant", "sku", "quantity", "total", "product_ref", "variant_ref"),
    *("image_url", "requires_shipping"),
)
SAID_OF_ORDER = attrgetter(*(field.name for field in fields(OrderFact) if field.name != "lines"))
SAID_OF_LINE = attrgetter(*(field.name for field in fields(Line) if field.name != "image_url"))


def _upsert(*, is_authoritative: bool) -> Insert:
    """Newer facts win. Authoritative ones also win over one of the same moment that says something else, and over a row that was
    taken for deleted: what the platform shows again is there, however long ago it was changed."""
    statement = batch.insert(Order, ORDER)
    is_newer = Order.updated_at < statement.excluded.updated_at
    if is_authoritative:
        is_newer |= (Order.updated_at == statement.excluded.updated_at) & (Order.content != statement.excluded.content)
        is_newer |= Order.status == OrderStatus.DELETED.value
    return statement.on_conflict_do_update(
        index_elements=["shop_id", "ref"],
        set_={name: statement.excluded[name] for name in ORDER if name not in FROZEN},
        where=is_newer,
    )


UPSERT = {
    is_authoritative: _upsert(is_authoritative=is_authoritative).returning(Order.ref, Order.id)
    for is_authoritative in (False, True)
}
INSERT_LINES = batch.insert(OrderLine, LINE)
KEEP_REFUNDS = (
    batch.insert(Refund, ("order_id", "ref", "refunded_at", "amount", "items"))
    .on_conflict_do_nothing()
    .returning(Refund.order_id, Refund.ref)
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a batch did: the ids of all orders it speaks of by their refs, the refs of those whose rows it changed, events with
    their keys, refs to pull again."""

    ids: Mapping[str, int] = field(default_factory=dict[str, int])
    changed: frozenset[str] = frozenset()
    events: tuple[tuple[str, Event], ...] = ()
    disputed: frozenset[str] = frozenset()


def write(
    session: Session, shop_id: int, shop_language: str, facts: Sequence[OrderFact], *, is_authoritative: bool
) -> Written:
    """Upsert a batch. A fact older than its row is ignored. One of the same moment but with other content wins only when it is
    authoritative (pulled, so it is the present state); otherwise its ref comes back as disputed."""
    newest = _newest(facts)
    if not newest:
        return Written()
    contents = {ref: _content(fact) for ref, fact in newest.items()}
    known = ids_of(session, newest)
    rows = [_row(shop_language, fact, contents[ref]) for ref, fact in newest.items()]
    written = session.execute(UPSERT[is_authoritative], batch.given(shop_id, rows))
    changed = {row.ref: row.id for row in written}
    _rewrite_lines(session, shop_id, {row_id: newest[ref] for ref, row_id in changed.items()})
    if is_authoritative:
        _fill_pictures(session, [fact for ref, fact in newest.items() if ref not in changed])
    standing = _standing_rows(session, newest)
    return Written(
        ids={row.ref: row.id for row in standing},
        changed=frozenset(changed),
        events=tuple(event for row in standing for event in _events(row, is_new=row.ref not in known)),
        disputed=frozenset(
            row.ref
            for row in standing
            if row.updated_at == newest[row.ref].updated_at and row.content != contents[row.ref]
        ),
    )


def hold(session: Session, refs: Iterable[str], ids: Iterable[int]) -> None:
    """Lock these orders, as far as they are known, until the transaction ends. All of a batch at once and by id, so that two
    batches wait for each other and never in a ring; whoever waited sees what the other one wrote."""
    is_named = or_(batch.among(Order.ref, set(refs)), batch.among(Order.id, set(ids)))
    session.execute(select(Order.id).where(is_named).order_by(Order.id).with_for_update()).all()


def ids_of(session: Session, refs: Iterable[str]) -> dict[str, int]:
    """The ids of known orders."""
    named = set(refs)
    if not named:
        return {}
    return {
        row.ref: row.id for row in session.execute(select(Order.ref, Order.id).where(batch.among(Order.ref, named)))
    }


def mark_gone(session: Session, facts: Sequence[Gone], *, is_authoritative: bool) -> dict[str, int]:
    """The platform no longer shows these orders; those known, by ref. What was looked for and not found is gone whatever the
    clocks say; what was only told must be newer than the row."""
    gone: dict[str, int] = {}
    for fact in facts:
        statement = update(Order).where(Order.ref == fact.ref)
        if not is_authoritative:
            statement = statement.where(Order.updated_at <= fact.updated_at)
        row = session.execute(
            statement.values(
                status=OrderStatus.DELETED.value, updated_at=func.greatest(Order.updated_at, fact.updated_at)
            ).returning(Order.id)
        ).one_or_none()
        if row:
            gone[fact.ref] = row.id
    return gone


def write_refunds(
    session: Session, shop_id: int, order_ids: Mapping[str, int], facts: Sequence[RefundFact]
) -> tuple[tuple[str, Event], ...]:
    """Keep refunds of known orders (`order_ids` by ref), each once, and say which were new. A platform never changes one."""
    new = {(order_ids[fact.order_ref], fact.ref): fact for fact in facts if fact.order_ref in order_ids}
    if not new:
        return ()
    rows = [
        {"order_id": order_id, "ref": ref, "refunded_at": fact.refunded_at, "amount": fact.amount, "items": fact.items}
        for (order_id, ref), fact in sorted(new.items())
    ]
    events: list[tuple[str, Event]] = []
    for row in session.execute(KEEP_REFUNDS, batch.given(shop_id, rows)):
        fact = new[row.order_id, row.ref]
        refunded = OrderRefunded(order_id=row.order_id, occurred_at=fact.refunded_at, amount=fact.amount)
        events.append((f"refunded:{row.order_id}:{row.ref}", refunded))
    return tuple(events)


def facts_for(session: Session, ids: Sequence[int]) -> dict[int, OrderFacts]:
    """Orders with their lines and refunds, in three queries whatever the number."""
    lines: dict[int, list[Line]] = defaultdict(list)
    found = select(OrderLine.__table__).where(batch.among(OrderLine.order_id, ids))
    for line in session.execute(found.order_by(OrderLine.order_id, OrderLine.position)):
        lines[line.order_id].append(_line(line))
    refunded = _refunded(session, ids)
    orders = session.execute(select(Order.__table__).where(batch.among(Order.id, ids)))
    return {order.id: _facts(order, tuple(lines[order.id]), refunded.get(order.id, 0)) for order in orders}


def _refunded(session: Session, ids: Sequence[int]) -> dict[int, int]:
    """What went back for each of these orders, in minor units; those without a refund are left out."""
    sums = select(Refund.order_id, func.sum(Refund.amount).label("amount")).where(batch.among(Refund.order_id, ids))
    return {row.order_id: int(row.amount) for row in session.execute(sums.group_by(Refund.order_id))}


def number_search(session: Session, number: str) -> list[int]:
    """Ids of the orders with this number, with or without its sign."""
    wanted = number.strip().removeprefix("#")
    return list(session.scalars(select(Order.id).where(Order.number.in_([wanted, f"#{wanted}"])).order_by(Order.id)))


def refs_behind(session: Session, last: str, limit: int, since: datetime) -> list[str]:
    """The first refs behind one, of the orders placed since a moment that the platform showed when we last heard of them."""
    known = select(Order.ref).where(
        Order.ref > last, Order.placed_at > since, Order.status != OrderStatus.DELETED.value
    )
    return list(session.scalars(known.order_by(Order.ref).limit(limit)))


def list_recent(session: Session, limit: int, before: tuple[datetime, int] | None = None) -> list[int]:
    """Ids of the newest orders, newest first; `before` is (placed_at, id) of the last one of the page before."""
    statement = select(Order.id).order_by(Order.placed_at.desc(), Order.id.desc()).limit(limit)
    if before:
        statement = statement.where(tuple_(Order.placed_at, Order.id) < before)
    return list(session.scalars(statement))


def _newest(facts: Iterable[OrderFact]) -> dict[str, OrderFact]:
    """One fact an order, sorted by ref so that two batches lock rows in the same order."""
    newest: dict[str, OrderFact] = {}
    for fact in sorted(facts, key=lambda fact: (fact.ref, fact.updated_at)):
        newest[fact.ref] = fact
    return newest


def _row(shop_language: str, fact: OrderFact, content: bytes) -> dict[str, Any]:
    return {
        "ref": fact.ref,
        "number": fact.number,
        "status": fact.status,
        "channel": fact.channel,
        "channel_name": fact.channel_name,
        "discount_codes": fact.discount_codes,
        "placed_at": fact.placed_at,
        "updated_at": fact.updated_at,
        "cancelled_at": fact.cancelled_at,
        "language": fact.language or shop_language,
        "currency": fact.currency,
        "total": fact.total,
        "subtotal": fact.subtotal,
        "shipping": fact.shipping,
        "discount": fact.discount,
        "tax": fact.tax,
        "customer_ref": fact.customer_ref,
        "email": fact.email,
        "phone": fact.phone,
        "first_name": fact.first_name,
        "last_name": fact.last_name,
        "address": fact.address,
        "content": content,
    }


def _content(fact: OrderFact) -> bytes:
    """The hash of what a platform says everywhere it speaks of the order. Pictures are told by some of its mouths only."""
    return fingerprint(orjson.dumps([SAID_OF_ORDER(fact), [SAID_OF_LINE(line) for line in fact.lines]]))


def _rewrite_lines(session: Session, shop_id: int, changed: Mapping[int, OrderFact]) -> None:
    """Lines go and come anew, but pictures that were known stay: a webhook without them must not take them away."""
    if not changed:
        return
    dropped = session.execute(
        delete(OrderLine)
        .where(batch.among(OrderLine.order_id, changed))
        .returning(OrderLine.order_id, OrderLine.ref, OrderLine.image_url)
    )
    pictures = {(row.order_id, row.ref): row.image_url for row in dropped}
    rows = [
        {
            "order_id": order_id,
            "ref": line.ref,
            "position": position,
            "title": line.title,
            "variant": line.variant,
            "sku": line.sku,
            "quantity": line.quantity,
            "total": line.total,
            "product_ref": line.product_ref,
            "variant_ref": line.variant_ref,
            "image_url": line.image_url or pictures.get((order_id, line.ref), ""),
            "requires_shipping": line.requires_shipping,
        }
        for order_id, fact in changed.items()
        for position, line in enumerate(fact.lines)
    ]
    session.execute(INSERT_LINES, batch.given(shop_id, rows))


def _fill_pictures(session: Session, facts: Sequence[OrderFact]) -> None:
    """Pictures that a webhook could not tell and a pull can, though the order says nothing else that is new."""
    told = {(fact.ref, line.ref): line.image_url for fact in facts for line in fact.lines if line.image_url}
    if not told:
        return
    rows = session.execute(
        select(Order.ref, OrderLine.order_id, OrderLine.ref.label("line_ref"))
        .join(OrderLine, (OrderLine.shop_id == Order.shop_id) & (OrderLine.order_id == Order.id))
        .where(batch.among(Order.ref, {ref for ref, _ in told}), OrderLine.image_url == "")
    ).all()
    for row in rows:
        if (row.ref, row.line_ref) in told:
            session.execute(
                update(OrderLine)
                .where(OrderLine.order_id == row.order_id, OrderLine.ref == row.line_ref)
                .values(image_url=told[row.ref, row.line_ref])
            )


def _standing_rows(session: Session, newest: Mapping[str, OrderFact]) -> Sequence[Row[*tuple[Any, ...]]]:
    """What the rows say now. Each of them is locked: ON CONFLICT DO UPDATE locks a row also where it leaves it as it is."""
    return session.execute(
        select(Order.id, Order.ref, Order.status, Order.placed_at, Order.updated_at, Order.cancelled_at, Order.content)
        .where(batch.among(Order.ref, newest))
        .order_by(Order.ref)
    ).all()


def _events(row: Row[*tuple[Any, ...]], *, is_new: bool) -> Iterable[tuple[str, Event]]:
    """What a row's present state says has happened; history keeps each key once. An order that was known before it counted (a
    bank transfer that took days) counts from its change on, not from the day it was placed."""
    status = OrderStatus(row.status)
    if status in COUNTED:
        yield f"placed:{row.id}", OrderPlaced(order_id=row.id, occurred_at=row.placed_at if is_new else row.updated_at)
    if status is OrderStatus.CANCELLED:
        yield f"cancelled:{row.id}", OrderCancelled(order_id=row.id, occurred_at=row.cancelled_at or row.updated_at)


def _line(row: Row[*tuple[Any, ...]]) -> Line:
    return Line(
        ref=row.ref,
        title=row.title,
        variant=row.variant,
        sku=row.sku,
        quantity=row.quantity,
        total=row.total,
        product_ref=row.product_ref,
        variant_ref=row.variant_ref,
        image_url=row.image_url,
        requires_shipping=row.requires_shipping,
    )


def _facts(order: Row[*tuple[Any, ...]], lines: tuple[Line, ...], refunded: int) -> OrderFacts:
    return OrderFacts(
        id=order.id,
        public_id=str(order.public_id),
        ref=order.ref,
        number=order.number,
        status=OrderStatus(order.status),
        channel=Channel(order.channel),
        channel_name=order.channel_name,
        customer_ref=order.customer_ref,
        discount_codes=tuple(order.discount_codes),
        placed_at=order.placed_at,
        language=order.language,
        currency=order.currency,
        total=order.total,
        subtotal=order.subtotal,
        shipping=order.shipping,
        discount=order.discount,
        tax=order.tax,
        refunded=refunded,
        email=order.email,
        first_name=order.first_name,
        last_name=order.last_name,
        address=_address(order.address),
        lines=lines,
    )


def _address(stored: dict[str, Any] | None) -> Address | None:
    if stored is None:
        return None
    street: list[str] = stored["street"]
    rest: dict[str, str] = {name: value for name, value in stored.items() if name != "street"}
    return Address(**rest, street=tuple(street))
