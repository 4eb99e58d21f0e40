"""What a webhook delivery claims in its headers, and what the payload of each topic means."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

import orjson

from app.connectors.base import Claim, Inbound, Parsed
from app.connectors.shopify.mapping import order_facts, parcel_facts, scan_facts
from app.connectors.shopify.reading import needed_key
from app.events import Fact, Source, Stale
from app.kernel.errors import Permanent
from app.kernel.reading import Tree, part

DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")

LATER = frozenset(
    {
        *("app/uninstalled", "app/scopes_update", "bulk_operations/finish"),
        *("customers/data_request", "customers/redact", "shop/redact", "shop/update"),
        *("fulfillment_events/delete", "order_transactions/create", "refunds/create"),
        *("products/create", "products/update", "products/delete"),
        *("returns/request", "returns/approve", "returns/decline", "returns/update", "returns/process"),
        *("returns/cancel", "returns/close", "returns/reopen"),
    }
)
"""Topics that are known and that nothing is done about yet; their deliveries are kept."""


def header(inbound: Inbound, name: str) -> str:
    """From either family: "Events" deliveries leave the X- out, and Shopify's own libraries read both."""
    headers = {spelt.lower(): value for spelt, value in inbound.headers.items()}
    return headers.get(f"x-shopify-{name}") or headers.get(f"shopify-{name}", "")


def claim_of(inbound: Inbound) -> Claim:
    """`Permanent` for a request that no store can have sent. The event id names what happened in the store and so outlives a second
    attempt; Shopify does not say whether the webhook id does, so that one is only taken where there is no other."""
    topic, shop = header(inbound, "topic"), header(inbound, "shop-domain").lower()
    if not topic or not shop:
        raise Permanent("headers_missing")
    if not DOMAIN.fullmatch(shop):
        raise Permanent("bad_shop_domain")
    event_id = header(inbound, "event-id") or header(inbound, "webhook-id")
    return Claim(shop=shop, topic=topic, event_id=event_id, triggered_at=_moment(header(inbound, "triggered-at")))


def _moment(stamp: str) -> datetime | None:
    try:
        read = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return read if read.tzinfo else None


def parsed(topic: str, body: bytes) -> Parsed:
    """`Permanent` for what is no JSON ("not_json") or not what the topic promises ("unexpected_body")."""
    read = READERS.get(topic)
    if read is None:
        return Parsed(ignored="later" if topic in LATER else "unknown_topic")
    facts = read(_payload(body))
    return Parsed(facts=facts) if facts else Parsed(ignored="nothing_new")


def _payload(body: bytes) -> Tree:
    try:
        payload: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Permanent("not_json") from error
    if not isinstance(payload, dict):
        raise Permanent("unexpected_body", "no object")
    return cast("Tree", payload)


def _order(payload: Tree) -> tuple[Fact, ...]:
    return order_facts(payload, Source.WEBHOOK)


def _edited(payload: Tree) -> tuple[Fact, ...]:
    """Only the difference is told."""
    return (Stale(order_ref=needed_key(part(payload, "order_edit"), "order_id")),)


def _deleted(payload: Tree) -> tuple[Fact, ...]:
    """Only the id is told, and no time: asking for the order says whether it is gone and when that was true."""
    return (Stale(order_ref=needed_key(payload, "id")),)


def _fulfilment(payload: Tree) -> tuple[Fact, ...]:
    return parcel_facts(payload, Source.WEBHOOK)


def _fulfilment_event(payload: Tree) -> tuple[Fact, ...]:
    return scan_facts([payload], Source.WEBHOOK)


READERS: Mapping[str, Callable[[Tree], tuple[Fact, ...]]] = {
    "orders/create": _order,
    "orders/updated": _order,
    "orders/paid": _order,
    "orders/cancelled": _order,
    "orders/fulfilled": _order,
    "orders/partially_fulfilled": _order,
    "orders/edited": _edited,
    "orders/delete": _deleted,
    "fulfillments/create": _fulfilment,
    "fulfillments/update": _fulfilment,
    "fulfillment_events/create": _fulfilment_event,
}
