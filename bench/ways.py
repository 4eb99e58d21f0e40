"""The other ways to write orders, for comparison: an ORM object at a time, and COPY of rows that are ready."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain.history.models import EventRow
from app.domain.hub.models import HubRow
from app.domain.orders.models import Order, OrderLine
from app.domain.outbox.models import Job
from app.domain.shops.rules import ShopFacts
from app.events import Fact, OrderFact, OrderPlaced
from app.kernel.db import Database

TABLES = ("orders", "order_line", "event", "hub", "outbox")
"""What `apply` writes for orders, in an order that their keys allow."""
BARE_TABLES = ("orders", "order_line")
BLOCK = 256 * 1024
COLUMNS = (
    *(
        "number",
        "channel",
        "channel_name",
        "placed_at",
        "updated_at",
        "cancelled_at",
        "currency",
        "total",
        "subtotal",
        "shipping",
        "discount",
    ),
    *("tax", "customer_ref", "email", "phone", "first_name", "last_name"),
)


def write_with_orm(db: Database, shop: ShopFacts, facts: Sequence[Fact]) -> None:
    """The same rows as `apply` leaves, the way it is usually written: find, add or change, merge what hangs below, one after the
    other, one commit a batch. It keeps no fence against older news, so it does less than ours."""
    with db.transaction(shop.id) as session:
        for fact in facts:
            if isinstance(fact, OrderFact):
                order = _write_order(session, shop, fact)
                _write_event(session, shop, order)
                session.merge(_hub_row(shop, order, fact))


def _write_order(session: Session, shop: ShopFacts, fact: OrderFact) -> Order:
    order = session.scalar(select(Order).where(Order.ref == fact.ref))
    if order is None:
        order = Order(shop_id=shop.id, ref=fact.ref, language=fact.language or shop.language, content=b"")
        session.add(order)
    for name in COLUMNS:
        setattr(order, name, getattr(fact, name))
    order.status = fact.status.value
    order.discount_codes = list(fact.discount_codes)
    order.address = asdict(fact.address) if fact.address else None
    session.flush()
    for position, line in enumerate(fact.lines):
        session.merge(OrderLine(shop_id=shop.id, order_id=order.id, position=position, **asdict(line)))
    return order


def _write_event(session: Session, shop: ShopFacts, order: Order) -> None:
    key = f"placed:{order.id}"
    if session.scalar(select(EventRow.id).where(EventRow.key == key)):
        return
    event = EventRow(
        shop_id=shop.id,
        kind=OrderPlaced.__name__,
        key=key,
        order_id=order.id,
        occurred_at=order.placed_at,
        source="webhook",
        is_historic=order.placed_at < shop.connected_at,
        data={},
    )
    session.add(event)
    session.flush()
    if not event.is_historic:
        session.add(Job(shop_id=shop.id, kind="plan", ref=str(event.id), due_at=order.placed_at))


def _hub_row(shop: ShopFacts, order: Order, fact: OrderFact) -> HubRow:
    """About as much as the hub's document holds."""
    shown = ("ref", "title", "variant", "quantity", "total", "image_url")
    lines = [{name: getattr(line, name) for name in shown} for line in fact.lines]
    head = {"number": fact.number, "placed_at": fact.placed_at.isoformat(), "status": fact.status.value}
    page: dict[str, Any] = {"order": {**head, "currency": fact.currency, "total": fact.total}, "lines": lines}
    page |= {"parcels": [], "promise": None}
    return HubRow(shop_id=shop.id, order_id=order.id, page=page, version=b"0" * 16, changed_at=fact.updated_at)


def dump(connection: psycopg.Connection, folder: Path) -> None:
    """Each table's rows as a file that COPY reads."""
    for table in TABLES:
        statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(table))
        with (folder / f"{table}.copy").open("wb") as file, connection.cursor().copy(statement) as copy:
            for block in copy:
                file.write(block)


def load(connection: psycopg.Connection, folder: Path, tables: Sequence[str] = TABLES) -> None:
    """The files back into the tables, one COPY a table, all in one transaction: with the same indexes and foreign keys, but
    nothing looked up, nothing compared, nothing parsed."""
    with connection.transaction():
        for table in tables:
            statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
            with (folder / f"{table}.copy").open("rb") as file, connection.cursor().copy(statement) as copy:
                while block := file.read(BLOCK):
                    copy.write(block)
