"""Recorded deliveries walk the whole line: raw bytes in, letters out, everything visible on the way."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.clock import SetClock
from app.kernel.runtime import Runtime
from app.web.ingest import Ingest
from app.web.lookup import KnownShops
from tests.builders import a_shop
from tests.jobs.line import run_until_quiet

WEBHOOKS = Path(__file__).parents[1] / "recordings/woocommerce/webhooks"
RECORDINGS = sorted(path for path in WEBHOOKS.glob("*.json") if path.stem != "ping")
IGNORED = {"order.updated-owner-without-rights": "rest_error"}


def recording(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def a_store(runtime: Runtime, secret: str) -> ShopFacts:
    """A connected store whose deliveries are signed with `secret`; nothing answers at its address."""
    shop = a_shop(runtime.db, base_url="http://127.0.0.1:9")
    with runtime.db.transaction(shop.id) as session:
        for name, value in {"webhook_secret": secret, "consumer_key": "ck_x", "consumer_secret": "cs_x"}.items():
            shops.store_secret(session, runtime.keys, shop.id, name, value)
    return shop


def post(runtime: Runtime, shop: ShopFacts, recorded: dict[str, Any]) -> int:
    client = Client(Ingest(runtime.db, KnownShops(runtime), lambda _environ, _start: []))
    headers = [(name, value) for name, value in recorded["request"]["headers"] if name != "Content-Length"]
    body = base64.b64decode(recorded["request"]["body_base64"])
    return client.post(f"/hooks/woocommerce/{shop.public_id}", data=body, headers=headers).status_code


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_recorded_delivery_goes_from_inbox_to_apply(runtime: Runtime, path: Path) -> None:
    recorded = recording(path)
    shop = a_store(runtime, recorded["secret"])
    assert [post(runtime, shop, recorded) for _ in range(2)] == [200, 200]
    run_until_quiet(runtime, shop, "ingest")
    with runtime.db.transaction(shop.id) as session:
        (row,) = session.execute(text("SELECT state, note FROM inbox")).all()
        numbers = session.scalars(text("SELECT number FROM orders")).all()
    ignored = IGNORED.get(path.stem, "")
    assert (row.state, row.note) == ("ignored" if ignored else "applied", ignored)
    is_order = path.stem.startswith("order.") and not ignored and path.stem != "order.deleted"
    assert numbers == ([f"#{recorded['body_json']['number']}"] if is_order else [])


def test_the_ping_is_answered_and_kept_nowhere(runtime: Runtime) -> None:
    shop = a_store(runtime, "lab-secret-1")
    assert post(runtime, shop, recording(WEBHOOKS / "ping.json")) == 200
    with runtime.db.transaction(shop.id) as session:
        assert session.scalar(text("SELECT count(*) FROM inbox")) == 0


def test_a_recorded_order_is_thanked_for_once_and_its_parcel_announced(runtime: Runtime, clock: SetClock) -> None:
    created = recording(WEBHOOKS / "order.created.json")
    tracked = recording(WEBHOOKS / "order.updated-tracking-meta.json")
    shop = a_store(runtime, created["secret"])
    with runtime.db.house() as session:
        session.execute(text("UPDATE shop SET connected_at = '2026-11-21'"))
    clock.at = clock.at.replace(day=22)
    for recorded in (created, tracked, created, tracked):
        assert post(runtime, shop, recorded) == 200
        run_until_quiet(runtime, shop, "ingest", "plan", "deliver")
    with runtime.db.transaction(shop.id) as session:
        said = session.execute(
            text("SELECT follow_up, state, reason, template, language FROM message ORDER BY id")
        ).all()
    assert [tuple(row) for row in said] == [
        ("thank_you", "sent", "", "thank_you", "de"),
        ("shipped", "sent", "", "shipped", "de"),
    ]


def test_an_old_store_is_imported_in_silence(runtime: Runtime) -> None:
    recorded = recording(WEBHOOKS / "order.created.json")
    shop = a_store(runtime, recorded["secret"])
    with runtime.db.house() as session:
        session.execute(text("UPDATE shop SET connected_at = '2026-11-23'"))
    post(runtime, shop, recorded)
    run_until_quiet(runtime, shop, "ingest", "plan", "deliver")
    with runtime.db.transaction(shop.id) as session:
        assert session.scalar(text("SELECT count(*) FROM event")) == 1
        assert session.scalar(text("SELECT count(*) FROM message")) == 0
