"""Products as the REST API shows them: read only, in the shape of the recordings."""

from __future__ import annotations

import html
from collections.abc import Iterable
from urllib.parse import quote

from sandbox.things import Order, Product
from sandbox.woocommerce import php
from sandbox.woocommerce.views import Json, Views, money

CATEGORIES = {"beans": (16, "Kaffee", "kaffee"), "course": (17, "Kurse", "kurse")}
OTHER = (18, "Zubehör", "zubehoer")

FIXED: Json = {
    "featured": False,
    "catalog_visibility": "visible",
    "sale_price": "",
    "date_on_sale_from": None,
    "date_on_sale_from_gmt": None,
    "date_on_sale_to": None,
    "date_on_sale_to_gmt": None,
    "on_sale": False,
    "purchasable": True,
    "download_limit": -1,
    "download_expiry": -1,
    "external_url": "",
    "button_text": "",
    "tax_status": "taxable",
    "backorders": "no",
    "backorders_allowed": False,
    "backordered": False,
    "low_stock_amount": None,
    "sold_individually": False,
    "weight": "0.35",
    "dimensions": {"length": "", "width": "", "height": ""},
    "shipping_class": "",
    "shipping_class_id": 0,
    "reviews_allowed": True,
    "average_rating": "0.00",
    "rating_count": 0,
    "parent_id": 0,
    "purchase_note": "",
    "brands": [],
    "tags": [],
    "default_attributes": [],
    "grouped_products": [],
    "menu_order": 0,
    "meta_data": [],
    "post_password": "",
    "global_unique_id": "",
}


def product(views: Views, one: Product) -> Json:
    """One product, its variations by id only."""
    is_variable = len(one.variants) > 1
    prices = sorted(variant.price for variant in one.variants)
    alike = [other.id for other in views.store.products.values() if other.kind == one.kind and other is not one]
    slug, number, name, word = one.handle, *CATEGORIES.get(one.kind, OTHER)
    return {
        "id": one.id,
        "name": php.text(one.title),
        "slug": slug,
        "permalink": f"{views.base}/product/{quote(slug)}/",
        **views.both("created", one.created_at),
        **views.both("modified", one.updated_at),
        "type": "variable" if is_variable else "simple",
        "status": "publish",
        **FIXED,
        "description": f"<p>{html.escape(one.description)}</p>\n",
        "short_description": "",
        "sku": one.variants[0].sku.rpartition("-")[0] if is_variable else one.variants[0].sku,
        "price": money(prices[0]),
        "regular_price": "" if is_variable else money(prices[0]),
        "total_sales": _sold(views.store.orders.values(), one),
        "virtual": one.is_virtual,
        "downloadable": one.is_virtual,
        "downloads": [_download(views, one)] if one.is_virtual else [],
        "tax_class": "reduced-rate" if one.tax_rate == 7 else "",
        "manage_stock": not is_variable,
        "stock_quantity": None if is_variable else one.variants[0].stock,
        "shipping_required": not one.is_virtual,
        "shipping_taxable": not one.is_virtual,
        "upsell_ids": alike[:1],
        "cross_sell_ids": [other.id for other in views.store.products.values() if other.kind != one.kind][:2]
        or alike[:2],
        "categories": [{"id": number, "name": name, "slug": word}],
        "images": [_image(views, one)],
        "attributes": _attributes(one),
        "variations": [variant.id for variant in one.variants] if is_variable else [],
        "price_html": _price_html(prices),
        "related_ids": [
            other.id for other in views.store.products.values() if other.kind == one.kind and other is not one
        ],
        "stock_status": "instock",
        "has_options": is_variable,
        "_links": views.links(f"products/{one.id}", "products"),
    }


def _sold(orders: Iterable[Order], one: Product) -> int:
    return sum(line.quantity for order in orders if order.paid_at for line in order.lines if line.product_id == one.id)


def _image(views: Views, one: Product) -> Json:
    source = views.upload(one.handle)
    return {
        "id": one.image_id,
        **views.both("created", one.created_at),
        **views.both("modified", one.created_at),
        "src": source,
        "name": one.title,
        "alt": one.title,
        "srcset": f"{source} 320w",
        "sizes": "(max-width: 320px) 100vw, 320px",
        "thumbnail": source,
    }


def _download(views: Views, one: Product) -> Json:
    return {"id": f"{one.id:08}", "name": one.title, "file": f"{views.base}/downloads/{one.handle}"}


def _attributes(one: Product) -> list[Json]:
    values: dict[str, list[str]] = {}
    for name, value in (option for variant in one.variants for option in variant.options):
        if value not in values.setdefault(name, []):
            values[name].append(value)
    return [
        {"id": 0, "name": name, "slug": name, "position": place, "visible": True, "variation": True, "options": found}
        for place, (name, found) in enumerate(values.items())
    ]


def _price_html(prices: list[int]) -> str:
    symbol = '<span class="woocommerce-Price-currencySymbol">&euro;</span>'
    ends = [prices[0]] if prices[0] == prices[-1] else [prices[0], prices[-1]]
    return " &ndash; ".join(
        f'<span class="woocommerce-Price-amount amount"><bdi>{symbol}{money(price)}</bdi></span>' for price in ends
    )
