"""Customers are mirrored, and forgotten with their account."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from app.domain.apply import apply
from app.events import Fact, Gone, Resource, Source
from app.kernel.db import Database
from tests.builders import NOON, a_customer, a_shop

LATER = NOON + timedelta(minutes=5)


def test_the_newest_of_what_is_told_stands_and_nothing_stays_of_a_deleted_account(db: Database) -> None:
    shop = a_shop(db)

    def after(*facts: Fact) -> list[tuple[str, list[str]]]:
        with db.transaction(shop.id) as session:
            apply(session, shop, facts, Source.WEBHOOK)
            return [(row.first_name, row.tags) for row in session.execute(text("SELECT * FROM customer"))]

    assert after(a_customer()) == [("Anna", ["regular"])]
    assert after(a_customer(first_name="Anne", updated_at=LATER), a_customer()) == [("Anne", ["regular"])]
    assert after(a_customer(first_name="Older")) == [("Anne", ["regular"])]
    assert after(Gone(ref="5", updated_at=LATER, resource=Resource.CUSTOMERS)) == []
