"""The bodies of webhooks about products, customers and discounts, built like the platform's samples (see payloads.py)."""

from __future__ import annotations

from sandbox.shopify import payloads
from sandbox.shopify.shop import Shop, coupon_status, decimal, gid, number_of, product_status, utc
from sandbox.things import Account, Coupon, Product, Variant


def product(shop: Shop, it: Product) -> payloads.Json:
    """The body of `products/create` and `products/update`. Neither whether stock is counted nor its collections."""
    image = _image(shop, it)
    return {
        "admin_graphql_api_id": gid("Product", it.id),
        "body_html": it.description,
        "created_at": shop.local(it.created_at),
        "handle": it.handle,
        "id": it.id,
        "product_type": it.kind,
        "published_at": shop.local(it.created_at) if it.is_listed else None,
        "template_suffix": None,
        "title": it.title,
        "updated_at": shop.local(it.updated_at),
        "vendor": shop.store.profile.name,
        "status": product_status(it).lower(),
        "published_scope": "web",
        "tags": ", ".join(sorted(it.tags)),
        "variants": [_variant(shop, it, place, one) for place, one in enumerate(it.variants, start=1)],
        "options": [],
        "images": [image],
        "image": image,
        "media": [],
        "variant_gids": [
            {"admin_graphql_api_id": gid("ProductVariant", one.id), "updated_at": utc(it.updated_at)}
            for one in it.variants
        ],
        "has_variants_that_requires_components": False,
        "category": None,
    }


def _variant(shop: Shop, it: Product, place: int, one: Variant) -> payloads.Json:
    options = [value for _, value in one.options] or ["Default Title"]
    return {
        "admin_graphql_api_id": gid("ProductVariant", one.id),
        "barcode": None,
        "compare_at_price": decimal(one.was) if one.was else None,
        "created_at": shop.local(it.created_at),
        "id": one.id,
        "inventory_policy": "deny",
        "position": place,
        "price": decimal(one.price),
        "product_id": it.id,
        "sku": one.sku,
        "taxable": True,
        "title": one.title or "Default Title",
        "updated_at": shop.local(it.updated_at),
        **{f"option{nth + 1}": options[nth] if nth < len(options) else None for nth in range(3)},
        "image_id": None,
        "inventory_item_id": number_of(f"item/{one.id}"),
        "inventory_quantity": one.stock,
        "old_inventory_quantity": one.stock,
    }


def _image(shop: Shop, it: Product) -> payloads.Json:
    return {
        "id": it.image_id,
        "product_id": it.id,
        "position": 1,
        "alt": None,
        "created_at": shop.local(it.created_at),
        "updated_at": shop.local(it.created_at),
        "width": 480,
        "height": 480,
        "src": shop.picture_url(it.handle),
        "variant_ids": [],
        "admin_graphql_api_id": gid("ProductImage", it.image_id),
    }


def customer(shop: Shop, it: Account) -> payloads.Json:
    """The body of `customers/create` and `customers/update`."""
    return {
        **payloads.person(shop, it.person),
        "created_at": shop.local(it.created_at),
        "updated_at": shop.local(it.updated_at),
        "addresses": [],
    }


def gone_customer(it: Account) -> payloads.Json:
    """The body of `customers/delete`."""
    return {"id": it.id, "tax_exemptions": [], "admin_graphql_api_id": gid("Customer", it.id)}


def discount(shop: Shop, it: Coupon) -> payloads.Json:
    """The body of `discounts/create` and `discounts/update`."""
    return {
        "admin_graphql_api_id": gid("DiscountCodeNode", it.id),
        "title": it.title or it.code,
        "status": coupon_status(it, shop.store.world.now()),
        "created_at": shop.local(it.created_at),
        "updated_at": shop.local(it.updated_at),
    }


def gone_discount(shop: Shop, it: Coupon) -> payloads.Json:
    """The body of `discounts/delete`."""
    return {"admin_graphql_api_id": gid("DiscountCodeNode", it.id), "deleted_at": shop.local(shop.store.world.now())}
