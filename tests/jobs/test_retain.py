"""What has grown too old goes, and only that."""

from __future__ import annotations

from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.kernel.runtime import Runtime
from tests.builders import a_shop
from tests.jobs.line import run_until_quiet

DELIVERY = (
    "INSERT INTO inbox (shop_id, dedupe_key, topic, event_id, state, body, received_at)"
    " VALUES (:id, :key, 't', 'e', :state, 'x', now() - make_interval(days => :days))"
)
LINK = "INSERT INTO used_link (shop_id, digest, used_at) VALUES (:id, :key, now() - make_interval(hours => :hours))"


def test_bodies_go_first_then_rows_then_links(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    with runtime.db.transaction(shop.id) as session:
        for number, (days, state) in enumerate([(1, "applied"), (31, "applied"), (91, "applied"), (91, "received")]):
            session.execute(text(DELIVERY), {"id": shop.id, "key": bytes([number]), "days": days, "state": state})
        for hours in (1, 25):
            session.execute(text(LINK), {"id": shop.id, "key": bytes([hours]), "hours": hours})
        outbox.owe(session, shop.id, "retain", [str(shop.id)])
    run_until_quiet(runtime, shop, "retain")
    with runtime.db.transaction(shop.id) as session:
        rows = session.execute(text("SELECT state, body IS NOT NULL FROM inbox ORDER BY id")).all()
        links = session.scalar(text("SELECT count(*) FROM used_link"))
    assert [tuple(row) for row in rows] == [("applied", True), ("applied", False), ("received", False)]
    assert links == 1
