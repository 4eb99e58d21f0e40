"""Rows by the thousand, written past the house's own doors: many shops, many deliveries that are known and not read yet."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from app.domain import apply as domain
from app.domain.orders.models import Order
from app.domain.shops.rules import ShopFacts
from app.events import Source
from app.kernel.crypto import Link, fingerprint
from app.kernel.db import Database
from app.web.ingest import KEEP
from tests.builders import a_shop, an_order
from tests.faults.stage import KEYS, Stage

RECORDED = Path(__file__).parents[1] / "recordings/woocommerce/webhooks/order.created.json"
BODY: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))["body_json"]
TOPIC = "order.created"
PAGE = 500


def body(number: int) -> bytes:
    """An order of this minute, as the recorded store tells of one."""
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
    moments = {name: now for name in BODY if name.endswith("_gmt") and BODY[name]}
    billing = {**BODY["billing"], "email": f"shopper{number}@example.com"}
    return json.dumps({**BODY, **moments, "id": number, "number": str(number), "billing": billing}).encode()


def deliver(db: Database, shop_id: int, number: int) -> None:
    """As ingest writes it."""
    told = body(number)
    db.execute_alone(KEEP, _values(shop_id, number, told))


def deliver_many(db: Database, shop_id: int, numbers: Iterable[int]) -> None:
    """The same, many in a transaction."""
    waiting = list(numbers)
    for start in range(0, len(waiting), PAGE):
        rows = [_values(shop_id, number, body(number)) for number in waiting[start : start + PAGE]]
        with db.transaction(shop_id) as session:
            cursor = session.connection().connection.cursor()
            cursor.executemany(KEEP, rows)


def _values(shop_id: int, number: int, told: bytes) -> dict[str, object]:
    event = f"e{number}"
    return {
        "shop": shop_id,
        "key": fingerprint(b"woocommerce", TOPIC.encode(), event.encode(), told),
        "topic": TOPIC,
        "event": event,
        "triggered_at": None,
        "body": told,
    }


def quiet_shops(db: Database, count: int) -> list[ShopFacts]:
    """Connected to nothing: what is told is all there is."""
    shops = [a_shop(db, domain=f"quiet{number}.example", base_url="http://127.0.0.1:9") for number in range(count)]
    with db.house() as session:
        session.execute(text("UPDATE shop SET is_connected = false"))
    return shops


def many_shops(db: Database, count: int) -> Sequence[int]:
    with db.house() as session:
        rows = session.execute(
            text(
                "INSERT INTO shop (public_id, platform, domain, base_url, name, timezone, currency, language, is_connected)"
                " SELECT 'many' || n, 'woocommerce', 'many' || n || '.example', 'http://127.0.0.1:9', 'Many', 'UTC', 'EUR', 'en',"
                " false"
                " FROM generate_series(1, :count) n RETURNING id"
            ),
            {"count": count},
        )
        return [row.id for row in rows]


def owe_many(db: Database, kind: str, shop_ids: Sequence[int], count: int) -> None:
    """Work that is due, spread over the shops."""
    with db.house() as session:
        session.execute(
            text(
                "INSERT INTO outbox (shop_id, kind, ref) SELECT (CAST(:shops AS bigint[]))[1 + n % :many], :kind, n::text"
                " FROM generate_series(0, :count - 1) n"
            ),
            {"shops": list(shop_ids), "many": len(shop_ids), "kind": kind, "count": count},
        )


def page_of_an_order(stage: Stage) -> str:
    """The path of an order's page."""
    shop = stage.shop
    with stage.db.transaction(shop.id) as session:
        domain.apply(session, shop, [an_order("7", placed_at=datetime.now(UTC))], Source.WEBHOOK)
        order = session.query(Order).filter_by(ref="7").one()
        expires = int(datetime.now(UTC).timestamp()) + 86_400
        link = Link(purpose="track", shop=shop.public_id, subject=str(order.public_id), expires=expires)
    return f"/t/{KEYS.sign(link)}"
