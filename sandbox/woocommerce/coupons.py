"""Coupons as the REST API shows them."""

from __future__ import annotations

from sandbox.things import Coupon, CouponKind
from sandbox.woocommerce.views import Json, Views, money

TYPES = {CouponKind.PERCENT: "percent", CouponKind.AMOUNT: "fixed_cart", CouponKind.SHIPPING: "fixed_cart"}
KINDS = {"percent": CouponKind.PERCENT, "fixed_cart": CouponKind.AMOUNT, "fixed_product": CouponKind.AMOUNT}


def coupon(views: Views, one: Coupon) -> Json:
    """Codes are kept in lower case."""
    ends = views.both("expires", one.ends_at)
    return {
        "id": one.id,
        "code": one.code.lower(),
        "amount": f"{one.value:.2f}" if one.kind == CouponKind.PERCENT else money(one.value),
        "status": "trash" if one.is_binned else "publish" if one.is_active else "draft",
        **views.both("created", one.created_at),
        **views.both("modified", one.updated_at),
        "discount_type": TYPES[one.kind],
        "description": one.title,
        **ends,
        "usage_count": one.used,
        "individual_use": False,
        "product_ids": [],
        "excluded_product_ids": [],
        "usage_limit": one.limit or None,
        "usage_limit_per_user": None,
        "limit_usage_to_x_items": None,
        "free_shipping": one.kind == CouponKind.SHIPPING,
        "product_categories": [],
        "excluded_product_categories": [],
        "exclude_sale_items": False,
        "minimum_amount": money(one.minimum),
        "maximum_amount": "0.00",
        "email_restrictions": [],
        "used_by": one.used_by,
        "meta_data": one.extra.get("meta", []),
        "_links": views.links(f"coupons/{one.id}", "coupons"),
    }
