"""The webhooks that a store sends us: what is missing is added, what is doubled or goes to an old address of ours is taken away."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from app.connectors.shopify.client import Operation, Store
from app.kernel.reading import Tree, part, parts, text

SUBSCRIPTIONS = Operation("webhooks", "Subscriptions")
SUBSCRIBE = Operation("webhooks", "Subscribe")
UNSUBSCRIBE = Operation("webhooks", "Unsubscribe")

TOPICS = (
    *("ORDERS_CREATE", "ORDERS_UPDATED", "ORDERS_CANCELLED", "ORDERS_DELETE"),
    *("FULFILLMENTS_CREATE", "FULFILLMENTS_UPDATE", "FULFILLMENT_EVENTS_CREATE"),
    "APP_UNINSTALLED",
)
"""orders/paid, orders/fulfilled and orders/edited come with an orders/updated that says all of it."""


def subscribe_all(store: Store, callback_url: str) -> None:
    """New ones first, so that nothing is missed between two addresses. Subscriptions of the same app that go elsewhere than to a
    path like ours are somebody else's business."""
    ours = [one for one in _subscriptions(store) if urlsplit(text(one, "uri")).path == urlsplit(callback_url).path]
    kept: dict[str, str] = {}
    for one in ours:
        if text(one, "topic") in TOPICS and text(one, "uri") == callback_url:
            kept.setdefault(text(one, "topic"), text(one, "id"))
    for topic in TOPICS:
        if topic not in kept:
            store.tell(SUBSCRIBE, topic=topic, uri=callback_url)
    for one in ours:
        if text(one, "id") not in kept.values():
            store.tell(UNSUBSCRIBE, id=text(one, "id"))


def _subscriptions(store: Store) -> Iterator[Tree]:
    """Those made through the API for this app and shop; what an app's toml subscribes to is not among them."""
    after: str | None = None
    while True:
        page = part(store.ask(SUBSCRIPTIONS, after=after).data, "webhookSubscriptions")
        yield from parts(page, "nodes")
        after = text(part(page, "pageInfo"), "endCursor")
        if not part(page, "pageInfo").get("hasNextPage"):
            return
