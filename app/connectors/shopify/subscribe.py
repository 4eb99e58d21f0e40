"""The webhooks that a store sends us: what is missing is added, what is doubled or goes to an old address of ours is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from app.connectors.base import Subscribed
from app.connectors.shopify.client import Operation, Store
from app.connectors.shopify.scopes import has
from app.kernel.reading import Tree, part, parts, text

GRANTED = Operation("webhooks", "Granted")
SUBSCRIPTIONS = Operation("webhooks", "Subscriptions")
SUBSCRIBE = Operation("webhooks", "Subscribe")
UNSUBSCRIBE = Operation("webhooks", "Unsubscribe")

TOPICS = {
    "ORDERS_CREATE": "read_orders",
    "ORDERS_UPDATED": "read_orders",
    "ORDERS_CANCELLED": "read_orders",
    "ORDERS_DELETE": "read_orders",
    "REFUNDS_CREATE": "read_orders",
    "FULFILLMENTS_CREATE": "read_fulfillments",
    "FULFILLMENTS_UPDATE": "read_fulfillments",
    "FULFILLMENT_EVENTS_CREATE": "read_fulfillments",
    "PRODUCTS_CREATE": "read_products",
    "PRODUCTS_UPDATE": "read_products",
    "PRODUCTS_DELETE": "read_products",
    "VARIANTS_IN_STOCK": "read_products",
    "VARIANTS_OUT_OF_STOCK": "read_products",
    "CUSTOMERS_CREATE": "read_customers",
    "CUSTOMERS_UPDATE": "read_customers",
    "CUSTOMERS_DELETE": "read_customers",
    "DISCOUNTS_CREATE": "read_discounts",
    "DISCOUNTS_UPDATE": "read_discounts",
    "DISCOUNTS_DELETE": "read_discounts",
    "APP_UNINSTALLED": "",
}
"""What is listened to, each topic with the scope that it needs. orders/paid, orders/fulfilled and orders/edited come with an
orders/updated that says all of it; discounts/redeemcode_added comes once a code, thousands at a time."""


def subscribe_all(store: Store, callback_url: str) -> Subscribed:
    """New ones first, so that nothing is missed between two addresses. Subscriptions of the same app that go elsewhere than to a
    path like ours are somebody else's business, and topics beyond the granted scopes are left out."""
    wanted = _topics_for(store)
    ours = [one for one in _subscriptions(store) if urlsplit(text(one, "uri")).path == urlsplit(callback_url).path]
    kept: dict[str, str] = {}
    for one in ours:
        if text(one, "topic") in wanted and text(one, "uri") == callback_url:
            kept.setdefault(text(one, "topic"), text(one, "id"))
    missing = [topic for topic in wanted if topic not in kept]
    for topic in missing:
        store.tell(SUBSCRIBE, topic=topic, uri=callback_url)
    unwanted = [text(one, "id") for one in ours if text(one, "id") not in kept.values()]
    for subscription in unwanted:
        store.tell(UNSUBSCRIBE, id=subscription)
    return Subscribed(in_order=len(kept), mended=len(missing), removed=len(unwanted))


def _topics_for(store: Store) -> list[str]:
    installation = part(store.ask(GRANTED).data, "currentAppInstallation")
    granted = {text(one, "handle") for one in parts(installation, "accessScopes")}
    return [topic for topic, scope in TOPICS.items() if not scope or has(granted, scope)]


def _subscriptions(store: Store) -> Iterator[Tree]:
    """Those made through the API for this app and shop; what an app's toml subscribes to is not among them."""
    after: str | None = None
    while True:
        page = part(store.ask(SUBSCRIPTIONS, after=after).data, "webhookSubscriptions")
        yield from parts(page, "nodes")
        after = text(part(page, "pageInfo"), "endCursor")
        if not part(page, "pageInfo").get("hasNextPage"):
            return
