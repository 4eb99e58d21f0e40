"""Rows that travel as one parameter arrive as they were given, whatever their types, and under the same walls as any other."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import DBAPIError, ProgrammingError
from sqlalchemy.orm import Session

from app.domain.catalogue.models import Discount
from app.domain.orders.models import Order, OrderLine, Refund
from app.domain.shipments.models import Shipment
from app.events import Address, DiscountKind
from app.kernel import batch
from app.kernel.db import Base, Database
from tests.builders import NOON, a_shop

ORDER: dict[str, Any] = {
    "ref": "1",
    "number": "#1",
    "status": "confirmed",
    "channel": "online",
    "placed_at": NOON,
    "updated_at": NOON,
    "language": "de",
    "currency": "EUR",
    **dict.fromkeys(("total", "subtotal", "shipping", "discount", "tax"), 0),
    "content": b"",
}


def write(session: Session, shop_id: int, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    session.execute(batch.insert(model, tuple(rows[0])), batch.given(shop_id, rows))


def test_every_type_of_column_comes_back_as_it_was_given(db: Database) -> None:
    shop = a_shop(db)
    odd = 'quotes " and \\ and Größe \u2028 {}, NULL'
    key = uuid.uuid4()
    discount: dict[str, Any] = {
        "ref": odd,
        "updated_at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        "kind": DiscountKind.PERCENT,
        "codes": ["", odd, "NULL", "a,b", "{}"],
        "title": "",
        "value": Decimal("12345678901234567890.10"),
        "minimum": None,
        "starts_at": None,
        "ends_at": datetime(1, 1, 1, tzinfo=UTC),
        "usage_limit": 2**63 - 1,
        "used": -1,
        "is_active": True,
        "is_gone": False,
        "content": bytes(range(256)),
    }
    home = Address(name=odd, street=("Domkloster 4", ""), city="Köln", country="DE")
    order: dict[str, Any] = {**ORDER, "public_id": key, "address": home, "discount_codes": [], "email": None}
    with db.transaction(shop.id) as session:
        write(session, shop.id, Discount, [discount])
        write(session, shop.id, Order, [order])
        held, kept = session.scalars(select(Order)).one(), session.scalars(select(Discount)).one()
        write(session, shop.id, Refund, [refund(held.id)])
        write(session, shop.id, Shipment, [parcel(held.id)])
        returned, sent = session.scalars(select(Refund)).one(), session.scalars(select(Shipment)).one()
        told_null = session.scalar(select(func.count()).where(Order.email.is_(None)))
    assert {name: getattr(kept, name) for name in discount} == discount
    assert str(kept.value) == "12345678901234567890.10"
    assert (held.public_id, held.discount_codes, told_null) == (key, [], 1)
    assert held.address is not None
    assert (held.address["name"], held.address["street"]) == (odd, ["Domkloster 4", ""])
    assert returned.items == [["1", 2]]
    assert (sent.expected_from, sent.expected_until) == (date(2026, 2, 28), None)


def refund(order_id: int) -> dict[str, Any]:
    return {"order_id": order_id, "ref": "r", "refunded_at": NOON, "amount": 5, "items": [("1", 2)]}


def parcel(order_id: int) -> dict[str, Any]:
    texts = dict.fromkeys(("status", "carrier", "tracking_number", "tracking_url"), "")
    moments = dict.fromkeys(("updated_at", "shipped_at", "status_at"), NOON)
    days = {"expected_from": date(2026, 2, 28), "expected_until": None}
    return {"order_id": order_id, "ref": "1/1", **texts, **moments, **days, "content": b""}


def test_rows_go_in_in_their_order_and_defaults_hold(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        write(session, shop.id, Order, [{**ORDER, "ref": str(number)} for number in range(300, 0, -1)])
        rows = session.execute(select(Order.ref, Order.channel_name, Order.public_id).order_by(Order.id)).all()
    assert [row.ref for row in rows] == [str(number) for number in range(300, 0, -1)]
    assert {row.channel_name for row in rows} == {""}
    assert len({row.public_id for row in rows}) == 300


def test_what_is_alike_in_all_rows_is_told_by_the_database(db: Database) -> None:
    shop = a_shop(db)
    rest = {name: value for name, value in ORDER.items() if name not in ("ref", "updated_at")}
    with db.transaction(shop.id) as session:
        statement = batch.insert(Order, ("ref", *rest), updated_at=func.now())
        session.execute(statement, batch.given(shop.id, [{**rest, "ref": ref} for ref in "ab"]))
        now = session.scalar(select(func.now()))
        assert session.scalars(select(Order.updated_at)).all() == [now, now]


def test_no_rows_are_no_rows(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        session.execute(batch.insert(Order, tuple(ORDER)), batch.given(shop.id, []))
        assert session.scalar(select(func.count()).select_from(Order)) == 0


def test_conflicts_are_decided_and_told_as_usual(db: Database) -> None:
    shop = a_shop(db)
    names = ("ref", "updated_at", "total", *(name for name in ORDER if name not in ("ref", "updated_at", "total")))
    statement = batch.insert(Order, names)
    statement = statement.on_conflict_do_update(
        index_elements=["shop_id", "ref"],
        set_={"total": statement.excluded["total"]},
        where=Order.updated_at < statement.excluded.updated_at,
    ).returning(Order.ref, Order.total)

    def told(*rows: Mapping[str, Any]) -> dict[str, int]:
        with db.transaction(shop.id) as session:
            return {row.ref: row.total for row in session.execute(statement, batch.given(shop.id, rows))}

    assert told({**ORDER, "total": 1}) == {"1": 1}
    later = {**ORDER, "total": 2, "updated_at": NOON + timedelta(microseconds=1)}
    assert told({**ORDER, "total": 3}, {**later, "ref": "2"}) == {"2": 2}
    assert told(later, {**later, "ref": "2"}) == {"1": 2}


def test_the_wall_between_shops_stands(db: Database) -> None:
    shop, other = a_shop(db), a_shop(db, domain="other.example")
    with pytest.raises(ProgrammingError, match="row-level security"), db.transaction(shop.id) as session:
        write(session, other.id, Order, [ORDER])


def test_one_text_serves_any_number_of_rows_and_values(db: Database) -> None:
    shop = a_shop(db)
    texts: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        texts.append(statement)

    with db.transaction(shop.id) as session:
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            for count in (1, 7, 200):
                refs = [f"{count}/{number}" for number in range(count)]
                write(session, shop.id, Order, [{**ORDER, "ref": ref} for ref in refs])
                found = session.scalars(select(Order.ref).where(batch.among(Order.ref, refs)).order_by(Order.id)).all()
                assert found == refs
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert len(texts) == 6
    assert len(set(texts)) == 2


@pytest.mark.parametrize(
    "fields", [{"ref": "a\x00b"}, {"total": 2**63}, {"total": "many"}, {"placed_at": "soon"}, {"ref": None}]
)
def test_what_a_column_cannot_hold_is_refused(db: Database, fields: dict[str, Any]) -> None:
    shop = a_shop(db)
    with pytest.raises(DBAPIError), db.transaction(shop.id) as session:
        write(session, shop.id, Order, [{**ORDER, **fields}])


@pytest.mark.parametrize("value", [object(), 2**64, "\ud800", 1j])
def test_what_no_column_holds_does_not_even_travel(value: object) -> None:
    with pytest.raises(TypeError):
        batch.given(1, [{"ref": value}])


def test_among_nothing_is_nothing(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        write(session, shop.id, Order, [ORDER])
        assert session.scalars(select(Order.ref).where(batch.among(Order.id, []))).all() == []
        assert session.scalars(select(OrderLine.ref).where(batch.among(OrderLine.order_id, set()))).all() == []
