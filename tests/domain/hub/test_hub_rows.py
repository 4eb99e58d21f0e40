"""The hub row: written in the transaction of its causes, new only when it says something new, and naming nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from app.domain.apply import apply
from app.domain.hub import service as hub
from app.domain.orders.models import Order
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import Fact, OrderStatus, ShipmentStatus, Source
from app.kernel.db import Database
from tests.builders import NOON, a_parcel, a_scan, a_shop, an_order

KEYS = {"order", "lines", "parcels", "promise"}


def tell(db: Database, shop: ShopFacts, *facts: Fact) -> None:
    with db.transaction(shop.id) as session:
        apply(session, shop, facts, Source.WEBHOOK)


def rows(db: Database, shop: ShopFacts) -> list[Any]:
    with db.transaction(shop.id) as session:
        return list(session.execute(text("SELECT page, version, changed_at, xmin FROM hub ORDER BY order_id")).all())


def public_id(session: Session, ref: str = "1001") -> str:
    return str(session.scalars(select(Order.public_id).where(Order.ref == ref)).one())


def later(session: Session, seconds: int) -> int:
    return int((session.scalars(select(func.now())).one() + timedelta(seconds=seconds)).timestamp())


def test_an_order_has_its_document_as_soon_as_it_is_known(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, an_order())
    (row,) = rows(db, shop)
    assert set(row.page) == KEYS
    assert row.page["order"] == {
        "number": "#1001",
        "placed_at": NOON.isoformat(),
        "status": "confirmed",
        "currency": "EUR",
        "total": 4153,
        "refunded": 0,
    }
    assert [line["title"] for line in row.page["lines"]] == ["Stoneware mug"]
    assert (row.page["parcels"], row.page["promise"]) == ([], None)


def test_parcels_and_scans_are_in_it_newest_scan_first_and_cancelled_parcels_are_not(db: Database) -> None:
    shop = a_shop(db)
    tell(
        db,
        shop,
        an_order(),
        a_parcel(number="00340", expected_until=date(2026, 11, 27)),
        a_parcel(ref="1001/2", is_cancelled=True),
        a_scan(ShipmentStatus.PICKED_UP, timedelta(hours=1), place="Kassel"),
        a_scan(ShipmentStatus.IN_TRANSIT, timedelta(hours=2)),
    )
    (row,) = rows(db, shop)
    (parcel,) = row.page["parcels"]
    assert (parcel["position"], parcel["status"], parcel["tracking_number"]) == (1, "in_transit", "00340")
    assert [scan["status"] for scan in parcel["scans"]] == ["in_transit", "picked_up"]
    assert row.page["promise"] == {"earliest": "2026-11-27", "latest": "2026-11-27"}


def test_the_shops_usual_days_are_the_promise_where_nobody_else_says_one(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        shops.choose(session, shop.id, {"earliest_days": 1, "latest_days": 4}, NOON - timedelta(days=1))
        shop = shops.present(session, shop.id, NOON)
    tell(db, shop, an_order(placed_at=datetime(2026, 11, 24, 23, 30, tzinfo=UTC)))
    (row,) = rows(db, shop)
    assert row.page["promise"] == {"earliest": "2026-11-26", "latest": "2026-12-01"}


def test_the_document_names_nobody(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, an_order(phone="+49 30 1"), a_parcel())
    document = orjson.dumps(rows(db, shop)[0].page).decode()
    for personal in ("Anna", "Muster", "anna@example.com", "Domkloster", "50667", "Köln", "+49"):
        assert personal not in document


def test_news_that_changes_nothing_leaves_the_row_alone(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, an_order())
    before = rows(db, shop)
    tell(db, shop, an_order(updated_at=NOON + timedelta(hours=1)))
    assert rows(db, shop) == before
    tell(db, shop, an_order(status=OrderStatus.COMPLETED, updated_at=NOON + timedelta(hours=2)))
    (after,) = rows(db, shop)
    assert after.version != before[0].version
    assert after.page["order"]["status"] == "completed"


def test_a_batch_of_orders_is_projected_in_a_fixed_number_of_statements(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, *(an_order(str(number)) for number in range(40)))
    assert len(rows(db, shop)) == 40
    with db.transaction(shop.id) as session:
        hub.project(session, shop, [])
        hub.project(session, shop, [999_999])


@pytest.mark.parametrize(("seconds", "is_shown"), [(60, True), (-1, False)])
def test_a_link_is_read_until_the_databases_clock_says_that_it_is_over(
    db: Database, seconds: int, is_shown: bool
) -> None:
    shop = a_shop(db)
    tell(db, shop, an_order(language="sv"))
    with db.transaction(shop.id) as session:
        page = hub.read(session, public_id(session), later(session, seconds))
        assert (page is not None) == is_shown
        assert page is None or (page.language, page.document["order"]["number"]) == ("sv", "#1001")


def test_reading_uses_an_index(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, an_order())
    with db.transaction(shop.id) as session:
        session.execute(text("SET LOCAL enable_seqscan = off"))
        plan = session.scalars(
            text(
                "EXPLAIN SELECT hub.page FROM hub JOIN orders ON orders.shop_id = hub.shop_id AND orders.id = hub.order_id"
                " WHERE orders.public_id = gen_random_uuid()"
            )
        ).all()
    assert "Seq Scan" not in "\n".join(plan)


def test_an_owner_is_asked_for_by_the_platforms_own_keys(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, an_order("1001", customer_ref="77"), an_order("1002"))
    with db.transaction(shop.id) as session:
        assert hub.read_own(session, "1001", "77")
        assert hub.read_own(session, "1001", "")
        assert hub.read_own(session, "1001", "88") is None
        assert hub.read_own(session, "1002", "77") is None
        assert hub.read_own(session, "9999", "") is None
