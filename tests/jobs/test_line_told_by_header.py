"""The same line for the platform whose deliveries name their shop in a header: own samples, and the official ones where at hand."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from sqlalchemy import text

from app.kernel.clock import SetClock
from app.kernel.runtime import Runtime
from tests.jobs.line import run_until_quiet
from tests.jobs.test_bad_input import SAMPLES, Store, headers_for

SHARED = Path(os.environ.get("ENCORE_SHARED", Path(__file__).parents[3] / "shared")) / "platforms/shopify/webhooks"
TOPICS = ("orders/create", "orders/updated", "orders/cancelled", "fulfillments/create", "fulfillment_events/create")


def tell(store: Store, topic: str, body: bytes) -> int:
    return store.send(body, **headers_for(store.platform, body, topic))


def sample(topic: str) -> bytes:
    return (SAMPLES / f"{topic.replace('/', '__')}.json").read_bytes()


def test_an_order_its_parcel_and_a_scan_become_what_the_shopper_sees(runtime: Runtime, clock: SetClock) -> None:
    store = Store(runtime, "shopify")
    placed = json.loads(sample("orders/create"))
    with runtime.db.house() as session:
        session.execute(text("UPDATE shop SET connected_at = '2020-01-01'"))
    clock.at = clock.at.fromisoformat(placed["processed_at"])
    for topic in ("orders/create", "fulfillments/create", "fulfillment_events/create", "orders/create"):
        assert tell(store, topic, sample(topic)) == 200
        run_until_quiet(store.runtime, store.shop, "ingest", "plan")
    with runtime.db.transaction(store.shop.id) as session:
        (page,) = session.scalars(text("SELECT page FROM hub")).all()
        messages = session.scalars(text("SELECT follow_up FROM message ORDER BY id")).all()
    assert page["order"]["number"] == placed["name"]
    assert len(page["parcels"]) == 1
    assert page["parcels"][0]["scans"]
    assert messages == ["thank_you", "shipped"]


@pytest.mark.parametrize("topic", TOPICS)
def test_an_official_sample_goes_from_inbox_to_apply(runtime: Runtime, topic: str) -> None:
    path = SHARED / f"{topic.replace('/', '__')}.json"
    if not path.exists():
        pytest.skip("the official samples are not at hand (ENCORE_SHARED)")
    store = Store(runtime, "shopify")
    said = json.loads(path.read_text(encoding="utf-8"))
    body = json.dumps(said["sample_payload"]).encode()
    assert tell(store, topic, body) == 200
    run_until_quiet(store.runtime, store.shop, "ingest")
    with runtime.db.transaction(store.shop.id) as session:
        (row,) = session.execute(text("SELECT state, note FROM inbox")).all()
    assert (row.state, row.note) == ("applied", "")
