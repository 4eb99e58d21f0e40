"""Where an order was made: at the shop's own checkout, over the counter, on a marketplace, or by an app that nobody knows."""

from __future__ import annotations

from collections.abc import Mapping

from app.connectors.woocommerce.reading import Record, meta, text
from app.events import Channel

MADE_BY: Mapping[str, Channel] = {
    "": Channel.ONLINE,  # orders older than the field
    "checkout": Channel.ONLINE,
    "store-api": Channel.ONLINE,  # the block checkout
    "subscription": Channel.ONLINE,  # a renewal of what was bought at the checkout (WooCommerce Subscriptions)
    "admin": Channel.DRAFT,
    "pos-rest-api": Channel.POS,  # WooCommerce's own apps (woocommerce-android, WooPosOrdersDataSource)
    "woocommerce-pos": Channel.POS,  # the plugin WCPOS
    "amazon": Channel.MARKETPLACE,  # WP-Lister for Amazon and for eBay
    "ebay": Channel.MARKETPLACE,
    "facebook": Channel.MARKETPLACE,  # Meta for WooCommerce, Orders::is_commerce_order
    "instagram": Channel.MARKETPLACE,
}
"""By `created_via`. Anything else, "rest-api" above all, is an app with a key of the store: a shop window of the merchant's own as
well as a feed from elsewhere. What it is cannot be told, so `Channel.OTHER` says just that."""

MARKS: Mapping[str, str] = {
    "_wpla_amazon_order_id": "amazon",  # WP-Lister for Amazon
    "_ebay_order_id": "ebay",  # WP-Lister for eBay
    "_ced_etsy_order_id": "etsy",  # CedCommerce's Etsy Integration
    "_codisto_orderid": "codisto",  # Codisto Channel Manager, for several marketplaces
}
"""Meta that plugins leave on what they bring in from a marketplace, often under `created_via` "rest-api" or "checkout"."""


def origin_of(order: Record) -> tuple[Channel, str]:
    """The channel, and the word for it that stands on the order."""
    word = text(order.get("created_via"))
    marks = meta(order.get("meta_data"))
    brought_by = next((name for key, name in MARKS.items() if marks.get(key)), "")
    if brought_by:
        return Channel.MARKETPLACE, brought_by
    return MADE_BY.get(word.lower(), Channel.OTHER), word
