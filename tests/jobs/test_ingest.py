"""Deliveries that are read late."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.kernel.runtime import Runtime
from tests.builders import a_shop
from tests.jobs.line import run_until_quiet


def test_a_delivery_whose_body_went_with_age_is_refused_and_not_left_open(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    with runtime.db.transaction(shop.id) as session:
        delivery_id = session.scalar(
            text(
                "INSERT INTO inbox (shop_id, dedupe_key, topic, event_id) VALUES (:shop, '', 'order.created', '')"
                " RETURNING id"
            ),
            {"shop": shop.id},
        )
        outbox.owe(session, shop.id, "ingest", [str(delivery_id)])
    run_until_quiet(runtime, shop, "ingest")
    with runtime.db.transaction(shop.id) as session:
        assert tuple(session.execute(text("SELECT state, note FROM inbox")).one()) == ("refused", "too_old")
