"""What a delivery says: of itself in its headers, of an order in its body."""

from __future__ import annotations

import re

import orjson

from app.connectors.base import Claim, Inbound, Parsed
from app.connectors.woocommerce.mapping import is_draft, order_from
from app.connectors.woocommerce.parcels import has_fulfilments, parcels_of
from app.connectors.woocommerce.reading import Record, record, ref
from app.events import Stale
from app.kernel.errors import Permanent

ORDER_TOPICS = ("order.created", "order.updated", "order.deleted", "order.restored")
"""What we subscribe to. They arrive in any order and carry the state at delivery, so all but one mean "this is it now"."""

LATER_RESOURCES = frozenset({"product", "customer", "coupon"})
HEADERS = ("x-wc-webhook-topic", "x-wc-webhook-id", "x-wc-webhook-delivery-id")
PING = re.compile(rb"webhook_id=[0-9]+")


def claim_from(inbound: Inbound) -> Claim | None:
    """None for the ping with which the store tries a new address: a bare form field, unsigned, without any of the headers.

    A delivery id is a hash of webhook and second, so two deliveries of one second share it. It tells nothing apart, but the
    house's key against duplicates holds the body too: what is equal in all of these is the same news.
    """
    said = [inbound.headers.get(name, "") for name in HEADERS]
    if not any(said) and PING.fullmatch(inbound.body.strip()):
        return None
    if not all(said):
        raise Permanent("missing_headers")
    topic, webhook_id, delivery_id = said
    return Claim(shop=inbound.path, topic=topic, event_id=f"{delivery_id}/{webhook_id}")


def parse_delivery(topic: str, body: bytes) -> Parsed:
    if topic not in ORDER_TOPICS:
        resource = topic.partition(".")[0]
        return Parsed(ignored="not_followed_yet" if resource in LATER_RESOURCES else "unknown_topic")
    said = _object(body)
    order_ref = ref(said.get("id"))
    if not order_ref and "code" in said:
        # The webhook's owner may no longer read orders, and WordPress signs and sends its refusal in the order's place.
        return Parsed(ignored="rest_error")
    if not order_ref:
        raise Permanent("unreadable_order", "id")
    if topic == "order.deleted":
        # Only the id, and no word of when: it was put into the bin, and may be out of it again. Reading the order tells both.
        return Parsed(facts=(Stale(order_ref=order_ref),))
    return _parse_order(said)


def _parse_order(order: Record) -> Parsed:
    if is_draft(order):
        return Parsed(ignored="checkout_draft")
    fact = order_from(order)
    if has_fulfilments(order):
        # Without them its parcels are unknown: to tell of some would contradict what a pull tells of the same moment.
        return Parsed(facts=(fact, Stale(order_ref=fact.ref)))
    return Parsed(facts=(fact, *parcels_of(fact, order, ())))


def _object(body: bytes) -> Record:
    try:
        return record(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Permanent("not_json") from error
