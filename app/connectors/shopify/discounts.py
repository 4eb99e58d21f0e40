"""Discount codes of a store's answers. Their webhooks tell little more than a title, so they only say which discount to read."""

from __future__ import annotations

from decimal import Decimal

from app.connectors.shopify.asking import Asker
from app.connectors.shopify.client import Operation
from app.connectors.shopify.money import decimal
from app.connectors.shopify.reading import moment, needed_key, needed_moment, whole
from app.events import DiscountFact, DiscountKind
from app.kernel.reading import Tree, part, parts, text

DISCOUNTS_A_PAGE = 10
"""Some 600 points when counted as if a discount could be of all four kinds at once (see ORDERS_A_PAGE)."""

WITH_CODE = "method:code"

DISCOUNTS = Operation("discounts", "Discounts")
DISCOUNTS_BY_IDS = Operation("discounts", "DiscountsByIds")
DISCOUNTS_COUNT = Operation("discounts", "DiscountsCount")


def facts_of_discount(_asker: Asker, node: Tree) -> tuple[DiscountFact, ...]:
    """Nothing for a discount that comes without a code."""
    discount = part(node, "discount")
    if not text(discount, "__typename").startswith("DiscountCode"):
        return ()
    kind, value = _worth(discount)
    minimum = part(part(discount, "minimumRequirement"), "greaterThanOrEqualToSubtotal")
    fact = DiscountFact(
        ref=needed_key(node, "id"),
        updated_at=needed_moment(discount, "updatedAt"),
        kind=kind,
        codes=tuple(text(one, "code") for one in parts(part(discount, "codes"), "nodes")),
        title=text(discount, "title"),
        value=value,
        minimum=decimal(text(minimum, "amount")),
        starts_at=moment(discount, "startsAt"),
        ends_at=moment(discount, "endsAt"),
        usage_limit=whole(discount, "usageLimit") or None,
        used=whole(discount, "asyncUsageCount"),
        # Not yet begun is no change of the discount: `starts_at` says it. Switching one off ends it.
        is_active=text(discount, "status") != "EXPIRED",
    )
    return (fact,)


def _worth(discount: Tree) -> tuple[DiscountKind, Decimal | None]:
    """Per cent come as a share of 1 (DiscountCustomerGetsValueInput of 2026-10)."""
    value = part(part(discount, "customerGets"), "value")
    share = value.get("percentage")
    if text(discount, "__typename") == "DiscountCodeFreeShipping":
        return DiscountKind.SHIPPING, None
    if isinstance(share, int | float) and not isinstance(share, bool):
        return DiscountKind.PERCENT, round(Decimal(str(share)) * 100, 2).normalize()
    amount = decimal(text(part(value, "amount"), "amount"))
    return (DiscountKind.OTHER, None) if amount is None else (DiscountKind.AMOUNT, amount)
