"""Products of a store's answers. Their webhooks leave out whether stock is counted, so they only say which product to read."""

from __future__ import annotations

from app.connectors.shopify import words
from app.connectors.shopify.asking import Asker, nodes_of
from app.connectors.shopify.client import Operation
from app.connectors.shopify.money import decimal
from app.connectors.shopify.reading import needed_key, needed_moment, texts, whole
from app.events import ProductFact, Variant
from app.kernel.reading import Tree, part, parts, text

PRODUCTS_A_PAGE = 6
"""Some 570 points if every one of them is as big as the document allows (see ORDERS_A_PAGE)."""

PRODUCTS = Operation("products", "Products")
PRODUCTS_BY_IDS = Operation("products", "ProductsByIds")
PRODUCTS_COUNT = Operation("products", "ProductsCount")
PRODUCT_VARIANTS = Operation("products", "ProductVariants")
PRODUCT_COLLECTIONS = Operation("products", "ProductCollections")


def facts_of_product(asker: Asker, product: Tree) -> tuple[ProductFact]:
    product_id = text(product, "id")

    def more_variants(after: str) -> Tree:
        return part(asker.still_there("product", PRODUCT_VARIANTS, product=product_id, after=after), "variants")

    def more_collections(after: str) -> Tree:
        return part(asker.still_there("product", PRODUCT_COLLECTIONS, product=product_id, after=after), "collections")

    variants = nodes_of(part(product, "variants"), more_variants)
    collections = nodes_of(part(product, "collections"), more_collections)
    fact = ProductFact(
        ref=needed_key(product, "id"),
        updated_at=needed_moment(product, "updatedAt"),
        title=text(product, "title"),
        # An unlisted product has an address too, for those who know it; one outside of the online store has none.
        is_listed=text(product, "status") == "ACTIVE" and bool(text(product, "onlineStoreUrl")),
        url=text(product, "onlineStoreUrl"),
        image_url=_picture(part(product, "featuredMedia")),
        kind=text(product, "productType"),
        vendor=text(product, "vendor"),
        tags=tuple(texts(product, "tags")),
        collections=tuple(sorted((needed_key(one, "id") for one in collections), key=int)),
        variants=tuple(_variant(one) for one in variants),
    )
    return (fact,)


def _variant(variant: Tree) -> Variant:
    is_counted = part(variant, "inventoryItem").get("tracked") is True
    return Variant(
        ref=needed_key(variant, "id"),
        title=words.variant(text(variant, "title")),
        sku=text(variant, "sku"),
        price=decimal(text(variant, "price")),
        compare_at_price=decimal(text(variant, "compareAtPrice")),
        stock=whole(variant, "inventoryQuantity") if is_counted else None,
        is_available=variant.get("availableForSale") is True,
        image_url=next((_picture(one) for one in parts(part(variant, "media"), "nodes")), ""),
    )


def _picture(media: Tree) -> str:
    """A film and a model have a picture too."""
    return text(part(part(media, "preview"), "image"), "url")
