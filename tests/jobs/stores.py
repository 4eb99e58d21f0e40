"""Both platforms' stores, on the air for a test, and a shop that is connected to one of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from app.connectors import CONNECTORS
from app.connectors.base import Access
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.check import store_from
from app.kernel.runtime import Runtime
from sandbox.serving import Server
from sandbox.shopify import application as shopify
from sandbox.woocommerce import application as woocommerce
from sandbox.woocommerce.auth import ApiKey
from sandbox.world import Store
from tests.sandbox.shops import KEYS, Fair

SECRET = "a-webhook-secret-of-thirty-two-bytes"


@dataclass(slots=True, kw_only=True)
class OnAir:
    """A sandbox store that answers, and the shop in our rows. `hooks` is the platform's own list of subscriptions."""

    fair: Fair
    store: Store
    shop: ShopFacts
    access: Access
    hooks: Any


@contextmanager
def on_air(runtime: Runtime, platform: str) -> Iterator[OnAir]:
    """The store is connected, its webhooks go nowhere, and nothing has been read yet."""
    fair, server = Fair(), Server()
    store = fair.coffee if platform == "woocommerce" else fair.clothes
    if platform == "woocommerce":
        key = ApiKey.made_from("jobs")
        played = woocommerce.application(fair.stage, store, (key,), server.url, lambda _store, _items: "")
        secrets = {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret}
        app, hooks = played.app, played.site.hooks
    else:
        made = shopify.application(fair.stage, store, KEYS, server.url, lambda _store, _items: "")
        secrets, app, hooks = {"access_token": KEYS.access_token}, made.app, made.webhooks
    server.start(app)
    access = Access(base_url=server.url, secrets={**secrets, "webhook_secret": SECRET})
    try:
        yield OnAir(fair=fair, store=store, shop=_connected(runtime, platform, access), access=access, hooks=hooks)
    finally:
        server.stop()


def _connected(runtime: Runtime, platform: str, access: Access) -> ShopFacts:
    profile = CONNECTORS[platform].probe(access, runtime.http)
    now = runtime.clock.now()
    with runtime.db.house() as session:
        shop_id, _ = shops.register(session, store_from(platform, access.base_url, profile), now)
    with runtime.db.transaction(shop_id) as session:
        for name, value in access.secrets.items():
            shops.store_secret(session, runtime.keys, shop_id, name, value)
        outbox.owe_once(session, shop_id, "pull", CONNECTORS[platform].resources)
        return shops.present(session, shop_id, now)
