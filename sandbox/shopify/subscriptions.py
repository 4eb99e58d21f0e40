"""Which webhooks our app asked for: kept per store, made and taken away through the API."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime

from sandbox.world import Store

KIND = "shopify/subscription"

TOPICS = {
    "ORDERS_CREATE": "orders/create",
    "ORDERS_UPDATED": "orders/updated",
    "ORDERS_CANCELLED": "orders/cancelled",
    "ORDERS_FULFILLED": "orders/fulfilled",
    "ORDERS_DELETE": "orders/delete",
    "REFUNDS_CREATE": "refunds/create",
    "FULFILLMENTS_CREATE": "fulfillments/create",
    "FULFILLMENTS_UPDATE": "fulfillments/update",
    "FULFILLMENT_EVENTS_CREATE": "fulfillment_events/create",
    "PRODUCTS_CREATE": "products/create",
    "PRODUCTS_UPDATE": "products/update",
    "PRODUCTS_DELETE": "products/delete",
    "CUSTOMERS_CREATE": "customers/create",
    "CUSTOMERS_UPDATE": "customers/update",
    "CUSTOMERS_DELETE": "customers/delete",
    "DISCOUNTS_CREATE": "discounts/create",
    "DISCOUNTS_UPDATE": "discounts/update",
    "DISCOUNTS_DELETE": "discounts/delete",
}
"""What this store sends, by GraphQL's name and by the name in a delivery's header. Other topics are taken too, and never sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    id: int
    topic: str  # GraphQL's name
    uri: str
    created_at: datetime


class Taken(Exception):
    """There is one for this topic and address already."""


class Subscriptions:
    """Thread-safe; survives a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf = store.world.shelf
        self._lock = threading.Lock()
        self._all = {one.id: one for one in self._shelf.all(KIND, Subscription)}

    def all(self) -> list[Subscription]:
        with self._lock:
            return sorted(self._all.values(), key=lambda one: one.id)

    def of(self, topic: str) -> list[Subscription]:
        """Those for a topic, by the name in a delivery's header."""
        return [one for one in self.all() if TOPICS.get(one.topic) == topic]

    def add(self, topic: str, uri: str) -> Subscription:
        with self._lock:
            if any((one.topic, one.uri) == (topic, uri) for one in self._all.values()):
                raise Taken(uri)
            made = Subscription(id=self._store.next_id(), topic=topic, uri=uri, created_at=self._store.world.now())
            self._all[made.id] = made
            self._shelf.put(KIND, made.id, made)
            return made

    def remove(self, subscription_id: int) -> bool:
        """Whether it was there."""
        with self._lock:
            self._shelf.drop(KIND, subscription_id)
            return self._all.pop(subscription_id, None) is not None
