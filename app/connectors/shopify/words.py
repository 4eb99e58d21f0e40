"""Shopify's words and ours, as tables. Their words are in lower case here, as webhooks write them; GraphQL shouts the same ones."""

from __future__ import annotations

import re

from app.events import Channel, OrderStatus, ShipmentStatus

SHIPMENT_STATUSES = {
    "label_purchased": ShipmentStatus.LABEL_CREATED,
    "label_printed": ShipmentStatus.LABEL_CREATED,
    "carrier_picked_up": ShipmentStatus.PICKED_UP,
    "in_transit": ShipmentStatus.IN_TRANSIT,
    "delayed": ShipmentStatus.DELAYED,
    "out_for_delivery": ShipmentStatus.OUT_FOR_DELIVERY,
    "attempted_delivery": ShipmentStatus.DELIVERY_ATTEMPTED,
    "ready_for_pickup": ShipmentStatus.READY_FOR_PICKUP,
    "picked_up": ShipmentStatus.DELIVERED,  # by the shopper; carrier_picked_up is the carrier
    "delivered": ShipmentStatus.DELIVERED,
    "failure": ShipmentStatus.EXCEPTION,
    "not_delivered": ShipmentStatus.EXCEPTION,
}
"""Enums FulfillmentEventStatus and FulfillmentDisplayStatus of 2026-10. What is not here says nothing about where a parcel is:
"confirmed" is the default when there is no other information, "fulfilled", "submitted" and "marked_as_fulfilled" are
office work, "label_voided" and "canceled" are told by the fulfilment's own status."""

CALLED_BACK = frozenset({"cancelled", "error", "failure"})
"""FulfillmentStatus: nothing of this fulfilment is under way."""

NOT_HANDED_OVER = frozenset({"pending", "open"})
"""FulfillmentStatus: a fulfilment service was asked, and has not sent anything yet."""

CHANNELS = {
    "": Channel.ONLINE,
    "web": Channel.ONLINE,
    "mobile_app": Channel.ONLINE,
    "pos": Channel.POS,
    "shopify_draft_order": Channel.DRAFT,
}
"""By `source_name`. Shopify keeps web, pos and shopify_draft_order for itself, so no other app can sign with them
(shopify.dev/changelog/channel-attribution-is-now-available-in-beta); mobile_app stands beside them in the description of
Order.sourceName (2026-10)."""

MARKETPLACES = frozenset(
    {
        *("amazon", "ebay", "etsy", "facebook", "google", "instagram", "kaufland", "otto", "pinterest", "tiktok"),
        *("walmart", "youtube", "zalando"),
    }
)
"""A sales channel signs with the handle of its own attribution, such as youtube or channel:amazon-us (description of the field
`sourceName` that orders are created with, 2026-10); the description of ChannelInformation names Facebook Marketplace and
Instagram Shopping. The others are what the sites call themselves: a channel that calls itself otherwise is one that we do not
know."""

WORD = re.compile(r"[a-z]+")

LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)


def shipment_status(word: str) -> ShipmentStatus:
    return SHIPMENT_STATUSES.get(word.lower(), ShipmentStatus.UNKNOWN)


def order_status(*, is_cancelled: bool, financial: str, fulfilment: str) -> OrderStatus:
    """From the three things that Shopify says of an order.

    An order there stands behind a finished checkout, so an open payment (bank transfer, cash on delivery, an invoice) still
    counts. "voided" and "expired" say that the money will not come while nobody has cancelled yet: that is no order to count on.
    """
    if is_cancelled:
        return OrderStatus.CANCELLED
    if financial == "refunded":
        return OrderStatus.REFUNDED
    if fulfilment == "fulfilled":
        return OrderStatus.COMPLETED
    if financial in ("voided", "expired"):
        return OrderStatus.PENDING
    return OrderStatus.CONFIRMED


def channel(source_name: str) -> Channel:
    """Where an order was placed. An app without a handle signs with its number, and nobody publishes whose is whose."""
    word = source_name.lower()
    if MARKETPLACES.intersection(WORD.findall(word)):
        return Channel.MARKETPLACE
    return CHANNELS.get(word, Channel.OTHER)


def channel_name(source_name: str) -> str:
    """To be shown; a number tells nobody anything."""
    return "" if source_name.isdecimal() else source_name.removeprefix("channel:")


def language(locale: str) -> str | None:
    """BCP 47."""
    tag = locale.replace("_", "-")
    return tag if LANGUAGE.fullmatch(tag) else None


def variant(title: str) -> str:
    """A product without variants has one all the same, and this is its name."""
    return "" if title == "Default Title" else title
