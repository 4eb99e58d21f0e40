"""What the Admin API shows of products, customers and discounts: names, types and nullability of the published 2026-10 schema."""

from __future__ import annotations

from functools import partial

from sandbox.shopify.connections import Entry, connection
from sandbox.shopify.graphql import Node
from sandbox.shopify.objects import HAS_ID
from sandbox.shopify.shop import Shop, coupon_status, decimal, gid, number_of, product_status, utc
from sandbox.things import Account, Coupon, CouponKind, Product, Variant

IS_MEDIA = frozenset({"Media", "Node"})


# --- products ---------------------------------------------------------------------------------------------------------


def product(it: Shop, one: Product) -> Node:
    variants = [Entry((place,), partial(_variant, it, one, variant)) for place, variant in enumerate(one.variants)]
    fields = {
        "id": gid("Product", one.id),
        "title": one.title,
        "status": product_status(one),
        "onlineStoreUrl": it.product_url(one.handle) if product_status(one) == "ACTIVE" else None,
        "productType": one.kind,
        "vendor": it.store.profile.name,
        "tags": sorted(one.tags),
        "updatedAt": utc(one.updated_at),
        "featuredMedia": _picture(it, one),
        "collections": connection("Collection", [_collection(one)]),
        "variants": connection("ProductVariant", variants),
    }
    return Node("Product", fields, HAS_ID)


def _collection(one: Product) -> Entry:
    """There is one for each kind of thing."""
    number = number_of(f"collection/{one.kind}")
    return Entry((number,), lambda: Node("Collection", {"id": gid("Collection", number)}, HAS_ID))


def _variant(it: Shop, one: Product, variant: Variant) -> Node:
    is_counted = not one.is_virtual
    fields = {
        "id": gid("ProductVariant", variant.id),
        "title": variant.title or "Default Title",
        "sku": variant.sku,
        "price": decimal(variant.price),
        "compareAtPrice": decimal(variant.was) if variant.was else None,
        "inventoryQuantity": variant.stock if is_counted else 0,
        "availableForSale": not is_counted or variant.stock > 0,
        "inventoryItem": Node(
            "InventoryItem",
            {"id": gid("InventoryItem", number_of(f"item/{variant.id}")), "tracked": is_counted},
            HAS_ID,
        ),
        "media": connection("Media", []),  # nobody photographs the sizes one by one
    }
    return Node("ProductVariant", fields, HAS_ID)


def _picture(it: Shop, one: Product) -> Node:
    image = Node("Image", {"id": gid("ImageSource", one.image_id), "url": it.picture_url(one.handle)})
    preview = Node("MediaPreviewImage", {"image": image})
    return Node("MediaImage", {"id": gid("MediaImage", one.image_id), "preview": preview}, IS_MEDIA)


# --- customers --------------------------------------------------------------------------------------------------------


def customer(one: Account) -> Node:
    person = one.person
    fields = {
        "id": gid("Customer", one.id),
        "firstName": person.address.first_name or None,
        "lastName": person.address.last_name or None,
        "locale": person.language,
        "tags": sorted(one.tags),
        "createdAt": utc(one.created_at),
        "updatedAt": utc(one.updated_at),
        "defaultEmailAddress": Node("CustomerEmailAddress", {"emailAddress": person.email}) if person.email else None,
        "defaultPhoneNumber": Node("CustomerPhoneNumber", {"phoneNumber": person.address.phone})
        if person.address.phone
        else None,
        "defaultAddress": Node("MailingAddress", {"countryCodeV2": person.address.country})
        if person.address.country
        else None,
    }
    return Node("Customer", fields, HAS_ID)


# --- discounts --------------------------------------------------------------------------------------------------------


def discount(it: Shop, one: Coupon) -> Node:
    return Node("DiscountNode", {"id": gid("DiscountNode", one.id), "discount": _discount(it, one)}, HAS_ID)


def _discount(it: Shop, one: Coupon) -> Node:
    kind = "DiscountCodeFreeShipping" if one.kind is CouponKind.SHIPPING else "DiscountCodeBasic"
    code = Entry((one.id,), lambda: Node("DiscountRedeemCode", {"code": one.code}))
    fields: dict[str, object] = {
        "title": one.title or one.code,
        "status": coupon_status(one, it.store.world.now()),
        "startsAt": utc(one.starts_at or one.created_at),
        "endsAt": utc(one.ends_at),
        "updatedAt": utc(one.updated_at),
        "usageLimit": one.limit or None,
        "asyncUsageCount": one.used,
        "codes": connection("DiscountRedeemCode", [code]),
        "minimumRequirement": _minimum(it, one) if one.minimum else None,
    }
    if one.kind is not CouponKind.SHIPPING:
        fields["customerGets"] = Node("DiscountCustomerGets", {"value": _value(it, one)})
    return Node(kind, fields)


def _value(it: Shop, one: Coupon) -> Node:
    if one.kind is CouponKind.PERCENT:
        return Node("DiscountPercentage", {"percentage": one.value / 100})
    return Node("DiscountAmount", {"amount": _money(it, one.value)})


def _minimum(it: Shop, one: Coupon) -> Node:
    return Node("DiscountMinimumSubtotal", {"greaterThanOrEqualToSubtotal": _money(it, one.minimum)})


def _money(it: Shop, minor: int) -> Node:
    return Node("MoneyV2", {"amount": decimal(minor), "currencyCode": it.store.profile.currency})
