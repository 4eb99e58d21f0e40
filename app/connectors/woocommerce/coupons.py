"""Coupons: one code each, as the store keeps it, in lower case."""

from __future__ import annotations

from decimal import Decimal

from app.connectors.woocommerce.client import Client
from app.connectors.woocommerce.paging import Source
from app.connectors.woocommerce.reading import Record, amount, moment, needed, plain, records, ref, text, whole
from app.events import DiscountFact, DiscountKind

FIELDS = (
    "id",
    "code",
    "amount",
    "status",
    "date_created_gmt",
    "date_modified_gmt",
    "date_expires_gmt",
    "discount_type",
    "description",
    "usage_count",
    "usage_limit",
    "free_shipping",
    "minimum_amount",
)
KINDS = {
    "percent": DiscountKind.PERCENT,
    "fixed_cart": DiscountKind.AMOUNT,
    "fixed_product": DiscountKind.AMOUNT,  # off each piece that it counts for
}
USABLE = frozenset({"publish", "future"})
"""The second becomes the first when its day comes, and no moment of change tells of that: `starts_at` does."""


def discount_from(coupon: Record) -> DiscountFact:
    """Free shipping alone is told as `SHIPPING`, beside a discount as that discount. It ends at the moment of `date_expires_gmt`:
    the store's midnight, in UTC. `Permanent("unreadable_coupon")` without id, code or moment of change."""
    value, status = amount(coupon.get("amount")), text(coupon.get("status"))
    minimum = amount(coupon.get("minimum_amount"))
    kind = _kind(coupon, value)
    return DiscountFact(
        ref=needed("unreadable_coupon", "id", ref(coupon.get("id"))),
        updated_at=needed("unreadable_coupon", "date_modified_gmt", moment(coupon.get("date_modified_gmt"))),
        kind=kind,
        codes=(needed("unreadable_coupon", "code", text(coupon.get("code"))),),
        title=plain(coupon.get("description")),
        value=None if kind is DiscountKind.SHIPPING else value,
        minimum=minimum or None,
        starts_at=moment(coupon.get("date_created_gmt")) if status == "future" else None,
        ends_at=moment(coupon.get("date_expires_gmt")),
        usage_limit=whole(coupon.get("usage_limit")) or None,
        used=max(whole(coupon.get("usage_count")) or 0, 0),
        is_active=status in USABLE,
    )


def _kind(coupon: Record, value: Decimal | None) -> DiscountKind:
    if coupon.get("free_shipping") is True and not value:
        return DiscountKind.SHIPPING
    return KINDS.get(text(coupon.get("discount_type")), DiscountKind.OTHER)


def facts_of(_client: Client, coupon: Record) -> tuple[DiscountFact, ...]:
    return (discount_from(coupon),)


def are_off(client: Client) -> bool:
    """A store that uses no coupons does not know what they are, and refuses whoever asks for them as if his keys were wrong
    (WC_Post_Types::register_post_types)."""
    body, _ = client.get("settings/general")
    return any(one.get("id") == "woocommerce_enable_coupons" and one.get("value") == "no" for one in records(body))


SOURCE = Source(path="coupons", fields=FIELDS, facts=facts_of)
"""The list leaves out what is in the bin, and no other one has it: only a webhook tells that a coupon went there."""
