"""The audit: each of its numbers moves only for what it is named after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.insight.audit import COUNTS, WRONG, audit
from app.kernel.db import Database
from tests.builders import NOON, a_shop

DELIVERY = "INSERT INTO inbox (shop_id, dedupe_key, topic, event_id) VALUES (:id, 'k', 't', 'e')"
WORK = "INSERT INTO outbox (shop_id, kind, ref, due_at, created_at) VALUES (:id, '{kind}', '1', '{due}', {created})"
MESSAGE = (
    "INSERT INTO message (shop_id, key, follow_up, about_kind, about_id, recipient_hash, order_id, event_id, channel,"
    " occurred_at, planned_at, due_at, state)"
    " VALUES (:id, gen_random_uuid(), 'f', 'order', 1, 'x', 1, 1, 'email', now(), now(), now(), '{state}')"
)
AGAIN = MESSAGE.replace("'x'", "'y'")
PAST = (NOON - timedelta(hours=1)).isoformat()
JUST_NOW = (NOON - timedelta(seconds=1)).isoformat()
LONG_AGO = "now() - interval '1 hour'"


def work(kind: str = "plan", due: str = JUST_NOW, created: str = "now()") -> str:
    return WORK.format(kind=kind, due=due, created=created)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([], {}),
        ([DELIVERY, work("ingest")], {"deliveries": 1}),
        ([DELIVERY], {"deliveries": 1, "lost": 1}),
        ([work(due=PAST, created=LONG_AGO)], {"stuck": 1}),
        ([work(due=JUST_NOW, created=LONG_AGO)], {}),
        ([work(due=(NOON + timedelta(days=1)).isoformat(), created=LONG_AGO)], {}),
        ([work(), "UPDATE outbox SET parked_at = now()"], {"stuck": 1}),
        ([work("fetch")], {"stale": 1}),
        ([MESSAGE.format(state="planned")], {"messages": 1, "dropped": 1}),
        ([MESSAGE.format(state="planned"), work("deliver")], {"messages": 1}),
        ([MESSAGE.format(state="uncertain")], {"messages": 1, "uncertain": 1}),
        ([MESSAGE.format(state="sent")], {"messages": 1, "sent": 1}),
        ([MESSAGE.format(state="sent"), AGAIN.format(state="sent")], {"messages": 2, "sent": 2, "duplicated": 1}),
    ],
)
def test_each_number_counts_what_it_is_named_after(db: Database, statements: list[str], found: dict[str, int]) -> None:
    shop, other = a_shop(db), a_shop(db, domain="other.example")
    with db.transaction(shop.id) as session:
        for statement in statements:
            session.execute(text(statement), {"id": shop.id})
    assert {name: count for name, count in _audit(db, shop.id).items() if count} == found
    assert set(_audit(db, other.id).values()) == {0}


def _audit(db: Database, shop_id: int) -> dict[str, int]:
    with db.transaction(shop_id) as session:
        return audit(session, shop_id, NOON)


def test_what_means_trouble_is_counted() -> None:
    assert set(WRONG) < set(COUNTS)
