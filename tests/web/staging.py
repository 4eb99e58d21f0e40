"""The real application over the test's own database. No Valkey is there: pages and ingest must not need one."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import func, select

from app.domain import apply as domain
from app.domain.orders.models import Order
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import Fact, Source
from app.kernel.clock import SetClock
from app.kernel.config import Settings
from app.kernel.crypto import Keyring, Link, hmac_sha256
from app.kernel.db import Database
from app.kernel.http import Http
from app.kernel.runtime import Runtime
from app.web import create_app
from tests.builders import NOON, a_shop

SECRET = "a-secret-that-nobody-else-knows"
APP_SECRET = "the-secret-of-the-app"


@dataclass(frozen=True, slots=True)
class House:
    """An application with its runtime, and what tests do to it."""

    runtime: Runtime
    app: Flask

    def client(self) -> FlaskClient:
        return self.app.test_client()

    def shop(self, domain: str = "shop.example", settings: dict[str, Any] | None = None, **changes: Any) -> ShopFacts:
        """A connected shop whose deliveries are signed with SECRET."""
        db = self.runtime.db
        shop = a_shop(db, domain=domain, **changes)
        with db.transaction(shop.id) as session:
            shops.store_secret(session, self.runtime.keys, shop.id, "webhook_secret", SECRET)
            shops.choose(session, shop.id, settings or {}, NOON - timedelta(days=30))
            return shops.present(session, shop.id, self.runtime.clock.now())

    def tell(self, shop: ShopFacts, *facts: Fact) -> None:
        with self.runtime.db.transaction(shop.id) as session:
            domain.apply(session, shop, facts, Source.WEBHOOK)

    def order_id(self, shop: ShopFacts, ref: str = "1001") -> str:
        """An order's public id."""
        with self.runtime.db.transaction(shop.id) as session:
            return str(session.scalars(select(Order.public_id).where(Order.ref == ref)).one())

    def database_now(self) -> datetime:
        with self.runtime.db.house() as session:
            return session.scalars(select(func.now())).one()

    def link(self, purpose: str, shop: str, subject: str, life: timedelta = timedelta(days=1)) -> str:
        expires = int((self.database_now() + life).timestamp())
        return self.runtime.keys.sign(Link(purpose=purpose, shop=shop, subject=subject, expires=expires))

    def track(self, shop: ShopFacts, ref: str = "1001", life: timedelta = timedelta(days=1)) -> str:
        """The address of an order's page."""
        return f"/t/{self.link('track', shop.public_id, self.order_id(shop, ref), life)}"

    def merchant(self, *seen: ShopFacts) -> FlaskClient:
        """A browser that is signed in for these shops."""
        client = self.client()
        token = self.link("console", ",".join(shop.public_id for shop in seen), secrets.token_hex(4))
        assert client.get(f"/console/enter/{token}").status_code == 303
        return client


def settings(public_url: str = "http://encore.example", **changes: Any) -> Settings:
    return Settings(
        database_url="postgresql+psycopg://unused",
        valkey_url="redis://127.0.0.1:1",
        valkey_checks_certificate=True,
        public_url=public_url,
        secret_keys=(("t1", b"\x07" * 32),),
        platform={"SHOPIFY_CLIENT_SECRET": APP_SECRET},
        **changes,
    )


@pytest.fixture
def build(db: Database, clock: SetClock, keys: Keyring, http: Http) -> Callable[..., House]:
    """Build a house with other settings, or another database: `build(public_url="https://...")`."""

    def build_house(database: Database = db, **changes: Any) -> House:
        valkey = Redis(host="127.0.0.1", port=1)
        runtime = Runtime(settings=settings(**changes), db=database, clock=clock, http=http, keys=keys, valkey=valkey)
        return House(runtime, create_app(runtime))

    return build_house


@pytest.fixture
def house(build: Callable[..., House]) -> House:
    return build()


def signed(body: bytes, secret: str = SECRET) -> str:
    """As a store signs: base64 of the HMAC over the raw bytes."""
    return base64.b64encode(hmac_sha256(secret.encode(), body)).decode()


def delivery(body: bytes, topic: str = "order.updated", secret: str = SECRET, number: str = "1") -> dict[str, str]:
    """The headers of a store's delivery."""
    return {
        "X-WC-Webhook-Topic": topic,
        "X-WC-Webhook-ID": "3",
        "X-WC-Webhook-Delivery-ID": f"d{number}",
        "X-WC-Webhook-Signature": signed(body, secret),
        "Content-Type": "application/json",
    }
