"""Webhooks on their way: queued by what happened, sent one after the other with the state at that moment, never repeated."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import logging
import threading
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

from sandbox.faults import Fault, How, Where
from sandbox.stage import Stage
from sandbox.things import Account, Coupon, Product
from sandbox.woocommerce import coupons, customers, orders, php, products
from sandbox.woocommerce.hooks import Hook
from sandbox.woocommerce.site import Site
from sandbox.woocommerce.views import Json, Views
from sandbox.world import Change, Topic, Turn, Turned

log = logging.getLogger(__name__)

USER_AGENT = "WooCommerce/10.5.0 Hookshot (WordPress/6.9.7)"
TIMEOUT_SECONDS = 60.0
PING_SECONDS = 5.0
A_BATCH = 25
PAUSE_SECONDS = 0.05
"""What is left of WP-Cron's minute on the sandbox's clock."""

TOPICS: dict[Topic, tuple[str, ...]] = {
    Topic.CHECKOUT_OPENED: ("order.updated",),
    Topic.ORDER_CHANGED: ("order.updated",),
    Topic.ORDER_CANCELLED: ("order.updated",),
    Topic.ORDER_REFUNDED: ("order.updated",),
    Topic.PARCEL_SENT: ("order.updated",),
    Topic.PARCEL_NUMBERED: ("order.updated",),
    Topic.ORDER_BINNED: ("order.deleted",),
    Topic.ORDER_RESTORED: ("order.restored",),
}
"""What of the world's news WooCommerce tells. It knows nothing of scans, and deleting for good is silent."""

THING_TOPICS: dict[tuple[type, Turn], tuple[str, ...]] = {
    (Product, Turn.CREATED): ("product.created",),
    (Product, Turn.UPDATED): ("product.updated",),
    (Product, Turn.BINNED): ("product.deleted", "coupon.deleted"),
    (Product, Turn.RESTORED): ("product.restored", "coupon.restored"),
    (Coupon, Turn.CREATED): ("coupon.created",),
    (Coupon, Turn.UPDATED): ("coupon.updated",),
    (Coupon, Turn.BINNED): ("coupon.deleted", "product.deleted"),
    (Coupon, Turn.RESTORED): ("coupon.restored", "product.restored"),
    (Account, Turn.CREATED): ("customer.created", "customer.updated"),
    (Account, Turn.UPDATED): ("customer.updated",),
    (Account, Turn.REMOVED): ("customer.deleted",),
}
"""Products and coupons share a bin, whose news go out under both names."""

Header = tuple[str, str]
Pending = tuple[int, int]  # webhook, resource


def send(url: str, headers: Sequence[Header], body: bytes, timeout: float) -> int | None:
    """POST with exactly these headers; the answer's status, None without an answer. Redirects are not followed."""
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.netloc, timeout=timeout)
    try:
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection.putrequest("POST", target, skip_host=True, skip_accept_encoding=True)
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders(body)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


class Deliveries:
    """One store's queue: at most one action waits for each webhook and resource. `run` sends, `drain` does so at once."""

    def __init__(self, stage: Stage, site: Site, home: str) -> None:
        self._stage = stage
        self._store = site.store
        self._hooks = site.hooks
        self.home = home
        self._views = Views(site.store, site.sides, home)
        self._lock = threading.Lock()
        self._pending: dict[Pending, float] = {}  # and the moment from which on it may leave
        site.store.listeners.append(self.hear)
        site.store.thing_listeners.append(self.hear_of_thing)

    # --- queueing ----------------------------------------------------------------------------------------------------

    def hear(self, change: Change) -> None:
        """News of the world. A storefront order says `order.updated` before `order.created` (measurements/more.json)."""
        topics = TOPICS.get(change.topic, ())
        if change.topic == Topic.ORDER_PLACED:
            is_storefront = self._views.sides.of(change.order).created_via == "store-api"
            topics = ("order.updated", "order.created") if is_storefront else ("order.created", "order.updated")
        for topic in topics:
            self._queue(topic, change.order.id)

    def hear_of_thing(self, turned: Turned) -> None:
        """A variation is told by itself, under its product's topic."""
        is_variation = (
            isinstance(turned.thing, Product) and len(turned.thing.variants) > 1 and turned.variant is not None
        )
        resource = turned.variant.id if turned.variant and is_variation else turned.thing.id
        for topic in THING_TOPICS.get((type(turned.thing), turned.turn), ()):
            self._queue(topic, resource)

    def _queue(self, topic: str, resource: int) -> None:
        with self._lock:
            for hook in self._hooks.active(topic):
                self._pending.setdefault((hook.id, resource), time.monotonic())

    # --- sending -----------------------------------------------------------------------------------------------------

    def run(self, stop: threading.Event) -> None:
        while not stop.wait(PAUSE_SECONDS):
            self.drain()

    def drain(self) -> None:
        """Send everything that may leave now, in batches."""
        while batch := self._batch():
            for hook_id, resource in batch:
                self._deliver(hook_id, resource)

    def _batch(self) -> list[Pending]:
        with self._lock:
            now = time.monotonic()
            batch = [pending for pending, at in self._pending.items() if at <= now][:A_BATCH]
            for pending in batch:
                del self._pending[pending]
            return batch

    def _deliver(self, hook_id: int, resource: int) -> None:
        with self._store.world.lock:
            hook = next((one for one in self._hooks.all() if one.id == hook_id and one.status == "active"), None)
            body = php.encode(self._body(hook, resource)) if hook else b""
        if hook is None:  # paused, disabled or deleted meanwhile: the event is lost
            return
        fault = self._stage.faults.take(Where.WEBHOOK, self._store.slug, hook.topic)
        if fault is not None and fault.how == How.DELAY:
            with self._lock:
                self._pending[hook_id, resource] = time.monotonic() + fault.seconds
            return
        self._send(hook, resource, body, fault)
        if fault is not None and fault.how == How.DUPLICATE:
            self._send(hook, resource, body, None)

    def _send(self, hook: Hook, resource: int, body: bytes, fault: Fault | None) -> None:
        headers = self._headers(hook, body)
        delivery_id = dict(headers)["X-WC-Webhook-Delivery-ID"]
        emission = self._stage.ledger.emitted(self._store, hook.topic, str(resource), delivery_id)
        if fault is not None and fault.how == How.DROP:
            self._stage.ledger.answered(emission, 0)
            return
        status = send(hook.delivery_url, headers, body, TIMEOUT_SECONDS)
        self._stage.ledger.answered(emission, status)
        believed = fault.status if fault is not None and fault.how == How.STATUS else status
        with self._store.world.lock:
            if believed is not None and 200 <= believed <= 302:
                self._hooks.succeeded(hook)
            else:
                self._hooks.failed(hook)

    def _body(self, hook: Hook, resource: int) -> Json:
        """The state now, as the API would show it to the webhook's owner."""
        if hook.event == "deleted":
            return {"id": resource}
        if not hook.owner_has_rights:
            message = "Sorry, you cannot view this resource."
            return {"code": "woocommerce_rest_cannot_view", "message": message, "data": {"status": 403}}
        shown = self._shown(hook.resource, resource)
        return shown or {
            "code": f"woocommerce_rest_{hook.resource}_invalid_id",
            "message": "Invalid ID.",
            "data": {"status": 404},
        }

    def _shown(self, kind: str, resource: int) -> Json | None:
        store, views = self._store, self._views
        if kind == "product":
            return products.either(views, resource)
        if kind == "order" and resource in store.orders:
            return orders.order(views, store.orders[resource])
        if kind == "customer" and resource in store.accounts:
            return customers.customer(views, store.accounts[resource])
        if kind == "coupon" and resource in store.coupons:
            return coupons.coupon(views, store.coupons[resource])
        return None

    def _headers(self, hook: Hook, body: bytes) -> list[Header]:
        """As recorded, name by name. The delivery id is a hash of webhook and second, so it repeats."""
        second = int(time.time())
        signature = base64.b64encode(hmac.digest(hook.secret.encode(), body, "sha256")).decode()
        delivery_id = hashlib.md5(f"{hook.id}{second}".encode(), usedforsecurity=False).hexdigest()
        return [
            *_hello(hook.delivery_url),
            ("Content-Type", "application/json"),
            ("X-WC-Webhook-Source", f"{self.home}/"),
            ("X-WC-Webhook-Topic", hook.topic),
            ("X-WC-Webhook-Resource", hook.resource),
            ("X-WC-Webhook-Event", hook.event),
            ("X-WC-Webhook-Signature", signature),
            ("X-WC-Webhook-ID", str(hook.id)),
            ("X-WC-Webhook-Delivery-ID", delivery_id),
            ("Connection", "close"),
            ("Content-Length", str(len(body))),
        ]


def ping(hook: Hook) -> None:
    """What making or moving a webhook sends while it answers: unsigned, and whatever comes back changes nothing."""
    body = f"webhook_id={hook.id}".encode()
    headers = [
        *_hello(hook.delivery_url),
        ("Connection", "close"),
        ("Content-Length", str(len(body))),
        ("Content-Type", "application/x-www-form-urlencoded"),
    ]
    send(hook.delivery_url, headers, body, PING_SECONDS)


def _hello(url: str) -> list[Header]:
    return [
        ("Host", urlsplit(url).netloc),
        ("User-Agent", USER_AGENT),
        ("Accept", "*/*"),
        ("Accept-Encoding", "deflate, gzip, br, zstd"),
    ]
