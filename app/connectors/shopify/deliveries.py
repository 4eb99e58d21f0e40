"""What a webhook delivery claims in its headers, and what the payload of each topic means."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, cast

import orjson

from app.connectors.base import Claim, Inbound, Parsed
from app.connectors.shopify.mapping import order_facts, parcel_facts, refund_facts, scan_facts
from app.connectors.shopify.reading import DOMAIN, needed_key, needed_moment
from app.events import Fact, Gone, Resource, Source, Stale
from app.kernel.errors import Permanent
from app.kernel.reading import Tree, part, text

LATER = frozenset(
    {
        *("app/uninstalled", "app/scopes_update", "bulk_operations/finish"),
        *("customers/data_request", "customers/redact", "shop/redact"),
        *("fulfillment_events/delete", "order_transactions/create"),
        *("returns/request", "returns/approve", "returns/decline", "returns/update", "returns/process"),
        *("returns/cancel", "returns/close", "returns/reopen"),
    }
)
"""Topics that are known and that nothing is done about yet; their deliveries are kept."""

READ_OTHERWISE = frozenset({"shop/update", "inventory_levels/update", "collections/update"})
"""Topics that are known and not needed: the shop's settings are read every hour; a stock level names neither product nor variant,
and a collection none of its products, but variants/in_stock, variants/out_of_stock and products/update do."""


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
        return Parsed(ignored=_reason(topic))
    facts = read(_payload(body))
    return Parsed(facts=facts) if facts else Parsed(ignored="nothing_new")


def _reason(topic: str) -> str:
    if topic in READ_OTHERWISE:
        return "read_otherwise"
    return "later" if topic in LATER else "unknown_topic"


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
    return (Stale(ref=needed_key(part(payload, "order_edit"), "order_id")),)


def _hint(resource: Resource) -> Callable[[Tree], tuple[Fact, ...]]:
    """What tells too little. Of a deletion only the id and no time: asking says whether the thing is gone and when that was true.
    Of a product's stock not whether it is counted, of a customer neither language nor tags."""

    def read(payload: Tree) -> tuple[Fact, ...]:
        return (Stale(ref=needed_key(payload, "id"), resource=resource),)

    return read


def _variant(payload: Tree) -> tuple[Fact, ...]:
    return (Stale(ref=needed_key(payload, "product_id"), resource=Resource.PRODUCTS),)


def _discount(payload: Tree) -> tuple[Fact, ...]:
    """Little more than its title. Nothing of one that needs no code."""
    if not _is_code(payload):
        return ()
    return (Stale(ref=needed_key(payload, "admin_graphql_api_id"), resource=Resource.DISCOUNTS),)


def _discount_deleted(payload: Tree) -> tuple[Fact, ...]:
    if not _is_code(payload):
        return ()
    ref = needed_key(payload, "admin_graphql_api_id")
    return (Gone(ref=ref, updated_at=needed_moment(payload, "deleted_at"), resource=Resource.DISCOUNTS),)


def _is_code(payload: Tree) -> bool:
    return "/DiscountAutomaticNode/" not in text(payload, "admin_graphql_api_id")


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
    "orders/delete": _hint(Resource.ORDERS),
    "refunds/create": refund_facts,
    "fulfillments/create": _fulfilment,
    "fulfillments/update": _fulfilment,
    "fulfillment_events/create": _fulfilment_event,
    "products/create": _hint(Resource.PRODUCTS),
    "products/update": _hint(Resource.PRODUCTS),
    "products/delete": _hint(Resource.PRODUCTS),
    "variants/in_stock": _variant,
    "variants/out_of_stock": _variant,
    "customers/create": _hint(Resource.CUSTOMERS),
    "customers/update": _hint(Resource.CUSTOMERS),
    "customers/delete": _hint(Resource.CUSTOMERS),
    "discounts/create": _discount,
    "discounts/update": _discount,
    "discounts/redeemcode_added": _discount,
    "discounts/delete": _discount_deleted,
}
