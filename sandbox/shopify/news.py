"""Which webhook topics a change of the world means, each with its body as things are at that moment."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sandbox.shopify import goods_payloads, payloads
from sandbox.shopify.shop import Shop
from sandbox.things import Account, Coupon, Order, OrderState, Parcel, Product
from sandbox.world import Change, Topic, Turn, Turned

ORDER_TOPICS = {
    Topic.ORDER_PLACED: ("orders/create", "orders/updated"),
    Topic.ORDER_CHANGED: ("orders/updated",),
    Topic.ORDER_CANCELLED: ("orders/cancelled", "orders/updated"),
    Topic.ORDER_REFUNDED: ("orders/updated",),
    Topic.PARCEL_SENT: ("orders/updated",),
    Topic.PARCEL_NUMBERED: ("orders/updated",),
}
"""That a new order is told as an update too is what many apps report, not what is documented: nothing may rely on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    topic: str
    body: payloads.Json
    resource: int
    """The id of the thing it is about."""


def news(shop: Shop, change: Change) -> Iterator[News]:
    """Hold the world's lock."""
    yield from _of_order(shop, change)
    if change.parcel is not None:
        yield from _of_parcel(shop, change, change.order, change.parcel)


def _of_order(shop: Shop, change: Change) -> Iterator[News]:
    topics = ORDER_TOPICS.get(change.topic, ())
    if change.topic is Topic.PARCEL_SENT and change.order.status is OrderState.COMPLETED:
        topics = (*topics, "orders/fulfilled")
    for topic in topics:
        yield News(topic=topic, body=payloads.order(shop, change.order), resource=change.order.id)
    if change.topic is Topic.ORDER_REFUNDED:
        refund = change.order.refunds[-1]
        yield News(topic="refunds/create", body=payloads.refund(shop, change.order, refund), resource=refund.id)
    if change.topic is Topic.ORDER_REMOVED:
        yield News(topic="orders/delete", body={"id": change.order.id}, resource=change.order.id)


def _of_parcel(shop: Shop, change: Change, order: Order, parcel: Parcel) -> Iterator[News]:
    is_scan = change.topic is Topic.PARCEL_SCANNED
    if is_scan and not parcel.number:
        return  # the platform follows a parcel by its number
    if is_scan:
        body = payloads.fulfillment_event(shop, order, parcel, parcel.scans[-1])
        yield News(topic="fulfillment_events/create", body=body, resource=parcel.id)
    topic = "fulfillments/create" if change.topic is Topic.PARCEL_SENT else "fulfillments/update"
    yield News(topic=topic, body=payloads.fulfillment(shop, order, parcel), resource=parcel.id)


# --- products, customers, discounts -----------------------------------------------------------------------------------

VERBS = {Turn.CREATED: "create", Turn.REMOVED: "delete"}


def news_of_thing(shop: Shop, turned: Turned) -> Iterator[News]:
    """Hold the world's lock."""
    verb, thing = VERBS.get(turned.turn, "update"), turned.thing
    if isinstance(thing, Product):
        body = {"id": thing.id} if verb == "delete" else goods_payloads.product(shop, thing)
        yield News(topic=f"products/{verb}", body=body, resource=thing.id)
    elif isinstance(thing, Account):
        body = goods_payloads.gone_customer(thing) if verb == "delete" else goods_payloads.customer(shop, thing)
        yield News(topic=f"customers/{verb}", body=body, resource=thing.id)
    else:
        yield _of_coupon(shop, turned.turn, thing)


def _of_coupon(shop: Shop, turn: Turn, coupon: Coupon) -> News:
    """What the shop throws away is gone at once: there is no bin for it."""
    verb = {Turn.BINNED: "delete", Turn.RESTORED: "create", **VERBS}.get(turn, "update")
    body = goods_payloads.gone_discount(shop, coupon) if verb == "delete" else goods_payloads.discount(shop, coupon)
    return News(topic=f"discounts/{verb}", body=body, resource=coupon.id)
