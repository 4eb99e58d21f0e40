"""What the store sells. A variable product tells its variations at an address of their own; any other is its own one variant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.connectors.woocommerce.client import Client
from app.connectors.woocommerce.paging import ALIVE, BINNED, Source, read_whole
from app.connectors.woocommerce.reading import (
    Record,
    amount,
    link,
    moment,
    needed,
    plain,
    record,
    records,
    ref,
    text,
    whole,
)
from app.events import ProductFact, Variant
from app.kernel.errors import Permanent

VARIABLE = frozenset({"variable", "variable-subscription"})
VARIATION = frozenset({"variation", "subscription_variation"})
"""A list tells no variations, but an id of one is answered, and a webhook brings one in its product's place."""
GROUPED = "grouped"
"""A page that shows other products; itself it cannot be bought."""

ORDERABLE = frozenset({"instock", "onbackorder"})
VARIANT_FIELDS = (
    "id",
    "status",
    "sku",
    "price",
    "regular_price",
    "purchasable",
    "manage_stock",
    "stock_quantity",
    "stock_status",
    "attributes",
)
FIELDS = (
    *VARIANT_FIELDS,
    "name",
    "type",
    "permalink",
    "date_modified_gmt",
    "catalog_visibility",
    "post_password",
    "categories",
    "brands",
    "tags",
    "images",
)


def is_variable(product: Record) -> bool:
    return text(product.get("type")) in VARIABLE


def is_variation(product: Record) -> bool:
    return text(product.get("type")) in VARIATION


def product_from(product: Record, variations: Iterable[Record] = ()) -> ProductFact:
    """`variations` are a variable product's. The variant of any other carries the product's own ref: both draw their ids from one
    table, and a line of an order names in `variant_ref` the variation or, where there is none, the product (mapping.py).

    `collections` are its categories. WooCommerce has no further word for what kind of thing it is.
    `Permanent("unreadable_product")` without id or moment of change."""
    images = [link(image.get("src")) for image in records(product.get("images"))]
    product_ref = needed("unreadable_product", "id", ref(product.get("id")))
    return ProductFact(
        ref=product_ref,
        updated_at=needed("unreadable_product", "date_modified_gmt", moment(product.get("date_modified_gmt"))),
        title=plain(product.get("name")),
        is_listed=_is_listed(product),
        url=link(product.get("permalink")),
        image_url=next(filter(None, images), ""),
        vendor=next(filter(None, _names(product, "brands")), ""),
        tags=tuple(_names(product, "tags")),
        collections=tuple(filter(None, (ref(group.get("id")) for group in records(product.get("categories"))))),
        variants=tuple(_variants(product, product_ref, variations)),
    )


def _is_listed(product: Record) -> bool:
    """Nobody finds what is a draft, private, in the bin, hidden from shop and search, or behind a password."""
    is_hidden = product.get("catalog_visibility") == "hidden" or bool(text(product.get("post_password")))
    return product.get("status") == "publish" and not is_hidden


def _names(product: Record, of: str) -> list[str]:
    return [name for name in (plain(group.get("name")) for group in records(product.get(of))) if name]


def _variants(product: Record, product_ref: str, variations: Iterable[Record]) -> Iterator[Variant]:
    if is_variable(product):
        told = {ref(variation.get("id")): variation for variation in variations}
        yield from (_variant(variation_ref, one, product) for variation_ref, one in told.items() if variation_ref)
    elif product.get("type") != GROUPED:
        yield _variant(product_ref, product, product)


def _variant(variant_ref: str, thing: Record, product: Record) -> Variant:
    """`manage_stock` is true, false, or "parent": then the number is the product's own. Prices are as the shop enters them, with or
    without tax."""
    price, regular = amount(thing.get("price")), amount(thing.get("regular_price"))
    is_on_sale = price is not None and regular is not None and regular > price
    is_counted = thing.get("manage_stock") in (True, "parent")
    return Variant(
        ref=variant_ref,
        title="" if thing is product else _title(thing),
        sku=text(thing.get("sku")),
        price=price,
        compare_at_price=regular if is_on_sale else None,
        stock=whole(thing.get("stock_quantity")) if is_counted else None,
        is_available=_is_available(thing) and product.get("status") == "publish",
        image_url="" if thing is product else link(record(thing.get("image")).get("src")),
    )


def _is_available(thing: Record) -> bool:
    """`purchasable` knows of price and status; backorders show in the status of the stock."""
    is_sold_here = thing.get("purchasable") is True and thing.get("status") == "publish"
    return is_sold_here and text(thing.get("stock_status")) in ORDERABLE


def _title(variation: Record) -> str:
    """As lines of orders call it ("S, Blue"). An attribute that may take any value has no option."""
    options = (plain(attribute.get("option")) for attribute in records(variation.get("attributes")))
    return ", ".join(filter(None, options))


# --- reading ----------------------------------------------------------------------------------------------------------


def facts_of(client: Client, product: Record) -> tuple[ProductFact, ...]:
    if is_variation(product):
        return ()
    return (product_from(product, list(_variations(client, product)) if is_variable(product) else ()),)


def _variations(client: Client, product: Record) -> Iterator[Record]:
    """The product may have gone since it was listed."""
    fields = ",".join((*VARIANT_FIELDS, "image"))
    path = f"products/{ref(product.get('id'))}/variations"
    try:
        yield from read_whole(client, path, {"orderby": "id", "order": "asc", "_fields": fields})
    except Permanent as failure:
        if failure.code == "not_found":
            raise Permanent("unreadable_product", "variations") from failure
        raise


SOURCE = Source(path="products", fields=FIELDS, facts=facts_of, per_page=20, lists=(ALIVE, BINNED))
"""Few a page, for each variable product costs a further call."""
