"""Products and their variations as the REST API shows them, in the shape of the recordings."""

from __future__ import annotations

import html
from urllib.parse import quote, urlencode

from sandbox.things import Product, Variant
from sandbox.woocommerce import php
from sandbox.woocommerce.views import Json, Views, money

CATEGORIES = {"beans": (16, "Kaffee", "kaffee"), "course": (17, "Kurse", "kurse")}
OTHER = (18, "Zubehör", "zubehoer")

FIXED: Json = {
    "featured": False,
    "date_on_sale_from": None,
    "date_on_sale_from_gmt": None,
    "date_on_sale_to": None,
    "date_on_sale_to_gmt": None,
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
    others = [other.id for other in views.store.products.values() if other.kind != one.kind]
    slug, number, name, word = one.handle, *CATEGORIES.get(one.kind, OTHER)
    return {
        "id": one.id,
        "name": php.text(one.title),
        "slug": slug,
        "permalink": f"{views.base}/product/{quote(slug)}/",
        **views.both("created", one.created_at),
        **views.both("modified", one.updated_at),
        "type": "variable" if is_variable else "simple",
        "status": "trash" if one.is_binned else "publish",
        **FIXED,
        "catalog_visibility": "visible" if one.is_listed else "hidden",
        "description": f"<p>{html.escape(one.description)}</p>\n",
        "short_description": "",
        "sku": one.variants[0].sku.rpartition("-")[0] if is_variable else one.variants[0].sku,
        **_prices(one.variants[0]),
        **({"price": money(prices[0]), "regular_price": "", "sale_price": ""} if is_variable else {}),
        "total_sales": one.sold,
        "virtual": one.is_virtual,
        "downloadable": one.is_virtual,
        "downloads": [_download(views, one)] if one.is_virtual else [],
        "tax_class": "reduced-rate" if one.tax_rate == 7 else "",
        **_stock(one, None if is_variable else one.variants[0]),
        "shipping_required": not one.is_virtual,
        "shipping_taxable": not one.is_virtual,
        "upsell_ids": alike[:1],
        "cross_sell_ids": others[:2] or alike[:2],
        "categories": [{"id": number, "name": name, "slug": word}],
        "tags": [{"id": 60 + len(tag), "name": php.text(tag), "slug": quote(tag.lower())} for tag in one.tags],
        "images": [_image(views, one)],
        "attributes": _attributes(one),
        "variations": [variant.id for variant in one.variants] if is_variable else [],
        "price_html": _price_html(prices),
        "related_ids": alike or others[:1],
        "has_options": is_variable,
        "_links": views.links(f"products/{one.id}", "products"),
    }


def variation(views: Views, one: Product, variant: Variant) -> Json:
    """As the list of a product's variations has it."""
    path = f"products/{one.id}/variations"
    return {
        "id": variant.id,
        "type": "variation",
        **views.both("created", one.created_at),
        **views.both("modified", one.updated_at),
        "description": "",
        "permalink": _permalink(views, one, variant),
        "sku": variant.sku,
        "global_unique_id": "",
        **_prices(variant),
        "date_on_sale_from": None,
        "date_on_sale_from_gmt": None,
        "date_on_sale_to": None,
        "date_on_sale_to_gmt": None,
        "status": "publish",
        "purchasable": True,
        "virtual": one.is_virtual,
        "downloadable": one.is_virtual,
        "downloads": [],
        "download_limit": -1,
        "download_expiry": -1,
        "tax_status": "taxable",
        "tax_class": "reduced-rate" if one.tax_rate == 7 else "",
        **_stock(one, variant),
        "backorders": "no",
        "backorders_allowed": False,
        "backordered": False,
        "low_stock_amount": None,
        "weight": "0.2",
        "dimensions": {"length": "", "width": "", "height": ""},
        "shipping_class": "",
        "shipping_class_id": 0,
        "image": {key: value for key, value in _image(views, one).items() if key in PLAIN_IMAGE},
        "attributes": _chosen(variant),
        "menu_order": 0,
        "meta_data": [],
        "name": php.text(", ".join(value for _, value in variant.options)),
        "parent_id": one.id,
        "_links": {
            **views.links(f"{path}/{variant.id}", path),
            "up": [{"href": views.api(f"products/{one.id}")}],
        },
    }


PLAIN_IMAGE = frozenset(
    {"id", "date_created", "date_created_gmt", "date_modified", "date_modified_gmt", "src", "name", "alt"}
)


def variation_as_product(views: Views, one: Product, variant: Variant) -> Json:
    """As a product's webhook and a search by SKU show it: with a product's fields, and hardly anything in them."""
    name = ", ".join(value for _, value in variant.options)
    alone = variation(views, one, variant)
    return {
        **product(views, one),
        **{field: value for field, value in alone.items() if field not in ("image", "description")},
        "name": php.text(f"{one.title} - {name}"),
        "slug": f"{one.handle}-{variant.id}",
        "description": "",
        "total_sales": "0",
        "reviews_allowed": False,
        "categories": [],
        "tags": [],
        "upsell_ids": [],
        "cross_sell_ids": [],
        "related_ids": [],
        "variations": [],
        "has_options": False,
        "price_html": _price_html([variant.price]),
        "_links": {
            **views.links(f"products/{variant.id}", "products"),
            "up": [{"href": views.api(f"products/{one.id}")}],
        },
    }


def either(views: Views, wanted: int) -> Json | None:
    """A product, or a variation in a product's clothes; None where neither has this id."""
    one = views.store.products.get(wanted)
    if one is not None:
        return product(views, one)
    for other in views.store.products.values():
        for variant in other.variants:
            if variant.id == wanted:
                return variation_as_product(views, other, variant)
    return None


def _permalink(views: Views, one: Product, variant: Variant) -> str:
    chosen = urlencode({f"attribute_{name.lower()}": value for name, value in variant.options})
    return f"{views.base}/product/{quote(one.handle)}/?{chosen}"


def _prices(variant: Variant) -> Json:
    is_on_sale = variant.was > variant.price
    return {
        "price": money(variant.price),
        "regular_price": money(variant.was if is_on_sale else variant.price),
        "sale_price": money(variant.price) if is_on_sale else "",
        "on_sale": is_on_sale,
    }


def _stock(one: Product, counted: Variant | None) -> Json:
    """None: its variations are counted, not the product."""
    left = max(variant.stock for variant in one.variants) if counted is None else counted.stock
    is_counted = counted is not None and not one.is_virtual
    return {
        "manage_stock": is_counted,
        "stock_quantity": counted.stock if counted and is_counted else None,
        "stock_status": "instock" if one.is_virtual or left > 0 else "outofstock",
    }


def _chosen(variant: Variant) -> list[Json]:
    return [{"id": 0, "name": name, "slug": name.lower(), "option": value} for name, value in variant.options]


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
