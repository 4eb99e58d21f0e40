"""What a delivery says: of itself in its headers, of a thing of the store in its body."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

import orjson

from app.connectors.base import Claim, Inbound, Parsed
from app.connectors.woocommerce.coupons import discount_from
from app.connectors.woocommerce.customers import customer_from, is_staff
from app.connectors.woocommerce.mapping import is_draft, order_from
from app.connectors.woocommerce.parcels import has_fulfilments, parcels_of
from app.connectors.woocommerce.products import is_variable, is_variation, product_from
from app.connectors.woocommerce.reading import Record, needed, record, ref
from app.connectors.woocommerce.refunds import has_refunds
from app.events import Resource, Stale
from app.kernel.errors import Permanent

TOPICS = (
    "order.created",
    "order.updated",
    "order.deleted",
    "order.restored",
    "product.created",
    "product.updated",
    "product.deleted",
    "product.restored",
    "customer.created",
    "customer.updated",
    "customer.deleted",
    "coupon.created",
    "coupon.updated",
    "coupon.deleted",
    "coupon.restored",
)
"""What we subscribe to. They arrive in any order and carry the state at delivery, so all but "deleted" mean "this is it now"."""

RESOURCES: Mapping[str, Resource] = {
    "order": Resource.ORDERS,
    "product": Resource.PRODUCTS,
    "customer": Resource.CUSTOMERS,
    "coupon": Resource.DISCOUNTS,
}
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
    if topic not in TOPICS:
        return Parsed(ignored="unknown_topic")
    word, _, event = topic.partition(".")
    said = _object(body)
    if not ref(said.get("id")) and "code" in said and "message" in said:
        # The webhook's owner may no longer read the thing, and WordPress signs and sends its refusal in the thing's place.
        return Parsed(ignored="rest_error")
    thing_ref = needed(f"unreadable_{word}", "id", ref(said.get("id")))
    if event == "deleted":
        # Only the id, and no word of when: it was put into the bin, and may be out of it again. The bin of a product is told under
        # the topic of coupons too, so even the resource may be wrong. Reading the thing tells all three.
        return Parsed(facts=(Stale(ref=thing_ref, resource=RESOURCES[word]),))
    return READERS[word](said)


def _parse_order(order: Record) -> Parsed:
    if is_draft(order):
        return Parsed(ignored="checkout_draft")
    fact = order_from(order)
    # Without its fulfilments an order's parcels are unknown: to tell of some would contradict what a pull tells of the same moment.
    parcels = () if has_fulfilments(order) else parcels_of(fact, order, ())
    is_short = has_fulfilments(order) or has_refunds(order)  # of a refund only the sum is told
    return Parsed(facts=(fact, *parcels, *((Stale(ref=fact.ref),) if is_short else ())))


def _parse_product(product: Record) -> Parsed:
    """Variations come alone, and never with the product that they make up."""
    if is_variation(product):
        parent = needed("unreadable_product", "parent_id", ref(product.get("parent_id")))
        return Parsed(facts=(Stale(ref=parent, resource=Resource.PRODUCTS),))
    fact = product_from(product)
    return Parsed(facts=(Stale(ref=fact.ref, resource=Resource.PRODUCTS) if is_variable(product) else fact,))


def _parse_customer(customer: Record) -> Parsed:
    return Parsed(ignored="staff") if is_staff(customer) else Parsed(facts=(customer_from(customer),))


def _parse_coupon(coupon: Record) -> Parsed:
    return Parsed(facts=(discount_from(coupon),))


READERS: Mapping[str, Callable[[Record], Parsed]] = {
    "order": _parse_order,
    "product": _parse_product,
    "customer": _parse_customer,
    "coupon": _parse_coupon,
}


def _object(body: bytes) -> Record:
    try:
        return record(orjson.loads(body))
    except orjson.JSONDecodeError as error:
        raise Permanent("not_json") from error
