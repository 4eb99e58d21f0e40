"""Whatever is sent: never a failure of ours, nothing lost, and the console shows what became of it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import Client

from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.runtime import Runtime
from app.web.ingest import MOST_BYTES, Ingest
from app.web.lookup import KnownShops
from tests.builders import a_shop
from tests.jobs.line import run_until_quiet

SECRET = "a-secret-that-is-long-enough-for-hmac"
RECORDED = Path(__file__).parents[1] / "recordings/woocommerce/webhooks/order.created.json"
SAMPLES = Path(__file__).parents[1] / "connectors/shopify/payloads"
DEEP = b"[" * 100_000
PLATFORMS = ("woocommerce", "shopify")


def order_body(platform: str, **changes: Any) -> bytes:
    if platform == "woocommerce":
        return json.dumps({**json.loads(RECORDED.read_text(encoding="utf-8"))["body_json"], **changes}).encode()
    sample = json.loads((SAMPLES / "orders__create.json").read_text(encoding="utf-8"))
    return json.dumps({**sample, **changes}).encode()


def headers_for(platform: str, body: bytes, topic: str = "", secret: str = SECRET) -> dict[str, str]:
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    if platform == "woocommerce":
        topic = topic or "order.created"
        named = {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-ID": "1", "X-WC-Webhook-Delivery-ID": "d"}
        return {**named, "X-WC-Webhook-Signature": signature, "Content-Type": "application/json"}
    named = {"X-Shopify-Topic": topic or "orders/create", "X-Shopify-Shop-Domain": "morrow-and-fen.myshopify.com"}
    named |= {"X-Shopify-Event-Id": "e", "X-Shopify-Webhook-Id": "w", "X-Shopify-Hmac-Sha256": signature}
    return {**named, "Content-Type": "application/json"}


class Store:
    """A connected shop, as somebody outside sees it."""

    def __init__(self, runtime: Runtime, platform: str) -> None:
        settings = replace(runtime.settings, platform={"SHOPIFY_CLIENT_ID": "id", "SHOPIFY_CLIENT_SECRET": SECRET})
        self.runtime = replace(runtime, settings=settings)
        self.platform = platform
        self.shop: ShopFacts = a_shop(
            runtime.db, platform=platform, domain="morrow-and-fen.myshopify.com", base_url="http://127.0.0.1:9"
        )
        with runtime.db.transaction(self.shop.id) as session:
            shops.store_secret(session, runtime.keys, self.shop.id, "webhook_secret", SECRET)
        self.client = Client(Ingest(self.runtime.db, KnownShops(self.runtime), lambda _environ, _start: []))

    def path(self) -> str:
        return f"/hooks/{self.platform}" + (f"/{self.shop.public_id}" if self.platform == "woocommerce" else "")

    def send(self, body: bytes, **headers: str) -> int:
        return self.client.post(
            self.path(), data=body, headers={**headers_for(self.platform, body), **headers}
        ).status_code

    def kept(self) -> list[tuple[str, str]]:
        run_until_quiet(self.runtime, self.shop, "ingest")
        with self.runtime.db.transaction(self.shop.id) as session:
            return [tuple(row) for row in session.execute(text("SELECT state, note FROM inbox ORDER BY id"))]

    def orders(self) -> int:
        with self.runtime.db.transaction(self.shop.id) as session:
            return session.scalar(text("SELECT count(*) FROM orders")) or 0


@pytest.fixture(params=PLATFORMS)
def store(request: pytest.FixtureRequest, runtime: Runtime) -> Store:
    return Store(runtime, request.param)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        DEEP,
        b'{"id": NaN}',
        b"[]",
        b"null",
        b"\xff\xfe",
        b'{"id": 1',
        b'"' + b"9" * 5000 + b'"',
        b"9" * 5000,
    ],
    ids=["empty", "not json", "deep", "NaN", "a list", "null", "not utf-8", "cut", "a long text", "a huge number"],
)
def test_a_signed_body_that_means_nothing_is_kept_and_refused(store: Store, body: bytes) -> None:
    assert store.send(body) == 200
    ((state, note),) = store.kept()
    assert state == "refused"
    assert note
    assert store.orders() == 0


def test_a_nul_in_a_name_loses_no_order(store: Store) -> None:
    person = {"first_name": "An\u0000na", "last_name": "\u0000"}
    said = json.loads(order_body(store.platform))
    owner = "billing" if store.platform == "woocommerce" else "customer"
    changes = {owner: {**said[owner], **person}}
    assert store.send(order_body(store.platform, **changes)) == 200
    assert [state for state, _ in store.kept()] == ["applied"]
    assert store.orders() == 1


def test_more_than_two_megabytes_are_not_taken(store: Store) -> None:
    assert store.send(b" " * (MOST_BYTES + 1)) == 413
    assert store.kept() == []


def test_a_wrong_signature_leaves_no_row(store: Store) -> None:
    body = order_body(store.platform)
    assert store.send(body, **headers_for(store.platform, body, secret="somebody else's secret")) == 401
    assert store.send(body, **headers_for(store.platform, body + b" ")) == 401
    assert store.kept() == []


def test_an_unknown_topic_is_kept_as_ignored(store: Store) -> None:
    body = order_body(store.platform)
    topic = "moon.risen" if store.platform == "woocommerce" else "moons/rise"
    assert store.send(body, **headers_for(store.platform, body, topic)) == 200
    assert store.kept() == [("ignored", "unknown_topic")]


def test_an_unknown_shop_is_not_found(store: Store) -> None:
    body = order_body(store.platform)
    headers = headers_for(store.platform, body)
    if store.platform == "shopify":
        headers["X-Shopify-Shop-Domain"] = "nobody.myshopify.com"
        answer = store.client.post("/hooks/shopify", data=body, headers=headers)
    else:
        answer = store.client.post("/hooks/woocommerce/AAAAAAAAAAAAAAAA", data=body, headers=headers)
    assert answer.status_code == 404
    assert store.client.post("/hooks/magento/x", data=body, headers=headers).status_code == 404


def test_a_wrong_content_type_loses_nothing(store: Store) -> None:
    assert store.send(order_body(store.platform), **{"Content-Type": "text/html; charset=latin-1"}) == 200
    assert [state for state, _ in store.kept()] == ["applied"]
    assert store.orders() == 1


def test_one_bad_delivery_among_good_ones_takes_none_with_it(store: Store) -> None:
    for number in range(5):
        assert store.send(order_body(store.platform, id=number + 1)) == 200
        assert store.send(b"not json %d" % number) == 200
    assert sorted(state for state, _ in store.kept()) == ["applied"] * 5 + ["refused"] * 5
    assert store.orders() == 5
