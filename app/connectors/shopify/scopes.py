"""What the app asks of a store that installs it, each scope with its use. Without one of them, what it is for is left out and told.

Sources: the scopes that the 2026-10 schema names for types and fields, and the webhook reference for topics.
"""

from __future__ import annotations

from collections.abc import Collection

SCOPES = {
    "read_orders": "orders, their lines, parcels and refunds, and the webhooks that tell of them",
    "read_all_orders": "orders older than 60 days; Shopify grants it on request, and without it they stay unseen",
    "write_orders": "giving money back",
    "read_fulfillments": "the webhooks that tell of parcels and their way",
    "read_products": "products, variants, stock, pictures and collections, to show what goes with an order",
    "read_customers": "names, addresses and languages of people with an account",
    "read_discounts": "discount codes, to say what an order came from and which codes are still good",
    "read_locales": "the languages that the shop sells in",
    "read_legal_policies": "the pages with the shop's terms, to link to them",
    "read_locations": "the place that returned pieces are put back to",
    "write_app_proxy": "the tracking page under the shop's own address",
}


def has(granted: Collection[str], scope: str) -> bool:
    """Whoever may write may read."""
    return scope in granted or scope.replace("read_", "write_", 1) in granted
