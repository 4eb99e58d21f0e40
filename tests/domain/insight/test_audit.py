"""The audit: eight numbers, and each of them moves only for what it is named after."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.insight import service as insight
from app.kernel.db import Database
from tests.builders import NOON, a_shop

DELIVERY = "INSERT INTO inbox (shop_id, dedupe_key, topic, event_id) VALUES (:id, 'k', 't', 'e')"
WORK = "INSERT INTO outbox (shop_id, kind, ref, due_at, created_at) VALUES (:id, '{kind}', '1', '{due}', {created})"
MESSAGE = (
    "INSERT INTO message (shop_id, key, follow_up, about_kind, about_id, recipient_hash, order_id, event_id, channel,"
    " occurred_at, planned_at, due_at, state)"
    " VALUES (:id, gen_random_uuid(), 'f', 'order', 1, 'x', 1, 1, 'email', now(), now(), now(), '{state}')"
)
PAST = (NOON - timedelta(hours=1)).isoformat()
JUST_NOW = (NOON - timedelta(seconds=1)).isoformat()
LONG_AGO = "now() - interval '1 hour'"


def work(kind: str = "plan", due: str = JUST_NOW, created: str = "now()") -> str:
    return WORK.format(kind=kind, due=due, created=created)


@pytest.mark.parametrize(
    ("statements", "found"),
    [
        ([], {}),
        ([DELIVERY, work("ingest")], {"deliveries_waiting": 1, "work_owed": 1}),
        ([DELIVERY], {"deliveries_waiting": 1, "deliveries_lost": 1}),
        ([work(due=PAST, created=LONG_AGO)], {"work_owed": 1, "work_stuck": 1}),
        ([work(due=(NOON + timedelta(days=1)).isoformat(), created=LONG_AGO)], {}),
        ([work(), "UPDATE outbox SET parked_at = now()"], {"work_parked": 1}),
        ([MESSAGE.format(state="planned")], {"messages_dropped": 1}),
        ([MESSAGE.format(state="planned"), work("deliver")], {"work_owed": 1}),
        ([MESSAGE.format(state="uncertain")], {"messages_uncertain": 1}),
        ([MESSAGE.format(state="failed")], {"messages_failed": 1}),
        ([MESSAGE.format(state="sent")], {}),
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
        return insight.audit(session, NOON)


def test_there_are_eight_and_six_of_them_mean_trouble(db: Database) -> None:
    names = set(_audit(db, a_shop(db).id))
    assert len(names) == 8
    assert names - set(insight.WRONG) == {"deliveries_waiting", "work_owed"}
