"""Facts for tests, each with the fewest words that make it true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import (
    Address,
    CustomerFact,
    DiscountFact,
    DiscountKind,
    Line,
    OrderFact,
    OrderStatus,
    ProductFact,
    RefundFact,
    ScanFact,
    ShipmentFact,
    ShipmentStatus,
    Source,
    Variant,
)
from app.kernel.db import Database

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
"""When most things happen in tests; the clock fixture stands at 10:00 of the same day."""


def a_shop(
    db: Database,
    platform: str = "woocommerce",
    domain: str = "shop.example",
    *,
    switched_on: Sequence[str] = ("thank_you", "shipped"),
    **changes: Any,
) -> ShopFacts:
    """A shop that was connected two days before NOON. Its messages have been switched on for long, all but those left out."""
    store = shops.Store(
        platform=platform,
        domain=domain,
        base_url=f"https://{domain}",
        name="Beans & Co",
        timezone="Europe/Berlin",
        currency="EUR",
        language="de",
        country="DE",
    )
    with db.house() as session:
        shop_id, _ = shops.register(session, replace(store, **changes), NOON - timedelta(days=2))
    with db.transaction(shop_id) as session:
        if switched_on:
            shops.choose(session, shop_id, {"switched_on": list(switched_on)}, NOON - timedelta(days=90))
        return shops.present(session, shop_id, NOON)


def an_order(ref: str = "1001", updated_at: datetime = NOON, **changes: Any) -> OrderFact:
    fact = OrderFact(
        ref=ref,
        number=f"#{ref}",
        status=OrderStatus.CONFIRMED,
        placed_at=NOON,
        updated_at=updated_at,
        currency="EUR",
        total=4153,
        subtotal=2900,
        shipping=590,
        tax=663,
        language="de",
        email="anna@example.com",
        first_name="Anna",
        last_name="Muster",
        address=Address(name="Anna Muster", street=("Domkloster 4",), city="Köln", postcode="50667", country="DE"),
        lines=(Line(ref="1", title="Stoneware mug", quantity=2, total=2900, product_ref="14"),),
    )
    return replace(fact, **changes)


def a_parcel(order_ref: str = "1001", number: str = "", updated_at: datetime = NOON, **changes: Any) -> ShipmentFact:
    fact = ShipmentFact(
        order_ref=order_ref,
        ref=f"{order_ref}/1",
        updated_at=updated_at,
        shipped_at=NOON,
        carrier="DHL",
        tracking_number=number,
        items=(("1", 2),),
    )
    return replace(fact, **changes)


def a_scan(status: ShipmentStatus, after: timedelta, shipment_ref: str = "1001/1", **changes: Any) -> ScanFact:
    """A scan `after` NOON."""
    fact = ScanFact(status=status, occurred_at=NOON + after, source=Source.CARRIER, shipment_ref=shipment_ref)
    return replace(fact, **changes)


def a_refund(ref: str = "1", order_ref: str = "1001", **changes: Any) -> RefundFact:
    return replace(
        RefundFact(order_ref=order_ref, ref=ref, refunded_at=NOON, amount=1450, items=(("1", 1),)), **changes
    )


def a_product(ref: str = "14", updated_at: datetime = NOON, **changes: Any) -> ProductFact:
    fact = ProductFact(
        ref=ref,
        updated_at=updated_at,
        title="Stoneware mug",
        is_listed=True,
        url="https://shop.example/mug",
        collections=("cups",),
        variants=(Variant(ref="140", title="Blue", sku="MUG-B", price=Decimal("14.50"), stock=3),),
    )
    return replace(fact, **changes)


def a_customer(ref: str = "5", updated_at: datetime = NOON, **changes: Any) -> CustomerFact:
    fact = CustomerFact(ref=ref, updated_at=updated_at, email="anna@example.com", first_name="Anna", tags=("regular",))
    return replace(fact, **changes)


def a_discount(ref: str = "9", updated_at: datetime = NOON, **changes: Any) -> DiscountFact:
    fact = DiscountFact(
        ref=ref, updated_at=updated_at, kind=DiscountKind.PERCENT, codes=("TEN",), value=Decimal(10), used=2
    )
    return replace(fact, **changes)


def owed(session: Session, kind: str) -> list[str]:
    """The refs of all work of this kind that is owed."""

    rows = session.execute(text("SELECT ref FROM outbox WHERE kind = :kind ORDER BY id"), {"kind": kind})
    return [row.ref for row in rows]
