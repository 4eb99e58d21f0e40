"""Products and discounts are mirrored: newest wins, disputes are pulled, what is gone stays known."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import text

from app.domain.apply import apply
from app.domain.shops.rules import ShopFacts
from app.events import Fact, Gone, Resource, Source, Variant
from app.kernel.db import Database
from tests.builders import NOON, a_discount, a_product, a_shop, owed

LATER = NOON + timedelta(minutes=5)


def tell(db: Database, shop: ShopFacts, *facts: Fact, source: Source = Source.WEBHOOK) -> list[str]:
    """Apply, and say what must be fetched."""
    with db.transaction(shop.id) as session:
        apply(session, shop, facts, source)
        return owed(session, "fetch")


def row(db: Database, shop: ShopFacts, columns: str, table: str = "product") -> tuple[Any, ...]:
    with db.transaction(shop.id) as session:
        return tuple(session.execute(text(f"SELECT {columns} FROM {table}")).one())  # noqa: S608


def test_a_product_is_kept_with_its_variants(db: Database) -> None:
    shop = a_shop(db)
    assert tell(db, shop, a_product()) == []
    assert row(db, shop, "title, is_listed, collections") == ("Stoneware mug", True, ["cups"])
    assert row(db, shop, "ref, title, price, stock", "variant") == ("140", "Blue", 1450, 3)


@pytest.mark.parametrize(("currency", "price"), [("JPY", 14), ("KWD", 14500), ("EUR", 1450)])
def test_prices_are_kept_in_minor_units_of_the_shops_currency(db: Database, currency: str, price: int) -> None:
    shop = a_shop(db, currency=currency)
    tell(db, shop, a_product(variants=(Variant(ref="140", price=Decimal("14.50")),)))
    assert row(db, shop, "price", "variant") == (price,)


def test_an_older_fact_changes_nothing(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, a_product(title="New", updated_at=LATER))
    assert tell(db, shop, a_product(title="Old", variants=())) == []
    assert row(db, shop, "title") == ("New",)
    assert row(db, shop, "ref", "variant") == ("140",)


def test_stock_that_falls_in_the_same_moment_is_a_dispute_which_pulling_settles(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, a_product())
    fallen = a_product(variants=(replace(a_product().variants[0], stock=2),))
    assert tell(db, shop, fallen) == ["products/14"]
    assert row(db, shop, "stock", "variant") == (3,)
    tell(db, shop, fallen, source=Source.PULL)
    assert row(db, shop, "stock", "variant") == (2,)


def test_collections_that_are_not_told_stay_and_those_that_are_change_without_a_new_moment(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, a_product())
    tell(db, shop, a_product(collections=None, updated_at=LATER))
    assert row(db, shop, "collections") == (["cups"],)
    assert tell(db, shop, a_product(collections=("cups", "gifts"), updated_at=LATER)) == []
    assert row(db, shop, "collections") == (["cups", "gifts"],)
    tell(db, shop, a_product(collections=()))
    assert row(db, shop, "collections") == (["cups", "gifts"],), "an older fact"


def test_a_product_that_is_gone_stays_known_and_may_come_back(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, a_product())
    tell(db, shop, Gone(ref="14", updated_at=NOON - timedelta(days=1), resource=Resource.PRODUCTS))
    assert row(db, shop, "is_gone, is_listed") == (False, True)
    tell(db, shop, Gone(ref="14", updated_at=LATER, resource=Resource.PRODUCTS))
    assert row(db, shop, "is_gone, is_listed, title") == (True, False, "Stoneware mug")
    tell(db, shop, a_product(), source=Source.PULL)
    assert row(db, shop, "is_gone, is_listed") == (False, True)


def test_a_discount_is_kept_and_follows_its_platform(db: Database) -> None:
    shop = a_shop(db)
    tell(db, shop, a_discount())
    assert row(db, shop, "codes, kind, value, used", "discount") == (["TEN"], "percent", Decimal(10), 2)
    tell(db, shop, a_discount(used=3), source=Source.PULL)
    tell(db, shop, a_discount(used=1, updated_at=NOON - timedelta(days=1)))
    assert row(db, shop, "used, is_active", "discount") == (3, True)
    tell(db, shop, Gone(ref="9", updated_at=LATER, resource=Resource.DISCOUNTS))
    assert row(db, shop, "is_gone, is_active", "discount") == (True, False)
