"""The catalogue written from facts, in batches, never backwards."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

import orjson
from babel.numbers import get_currency_precision
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import Insert
from sqlalchemy.orm import Session

from app.domain.catalogue.models import Discount, Product, Variant
from app.events import DiscountFact, Gone, ProductFact
from app.kernel import batch
from app.kernel.crypto import fingerprint

Said = TypeVar("Said", ProductFact, DiscountFact)

PRODUCT = (
    "ref",
    "updated_at",
    "title",
    "is_listed",
    "is_gone",
    "url",
    "image_url",
    "kind",
    "vendor",
    "tags",
    "content",
)
VARIANT = (
    "product_id",
    "ref",
    "position",
    "title",
    "sku",
    "price",
    "compare_at_price",
    "stock",
    "is_available",
    "image_url",
)
DISCOUNT = (
    *("ref", "updated_at", "kind", "codes", "title", "value", "minimum", "starts_at", "ends_at", "usage_limit", "used"),
    *("is_active", "is_gone", "content"),
)


def _upsert(model: type[Product | Discount], names: Sequence[str], *, is_authoritative: bool) -> Insert:
    """Newer facts win; authoritative ones of the same moment too, where they say something else."""
    statement = batch.insert(model, names)
    is_newer = model.updated_at < statement.excluded.updated_at
    if is_authoritative:
        differs = (model.content != statement.excluded.content) | model.is_gone
        is_newer |= (model.updated_at == statement.excluded.updated_at) & differs
    return statement.on_conflict_do_update(
        index_elements=["shop_id", "ref"],
        set_={name: statement.excluded[name] for name in names if name != "ref"},
        where=is_newer,
    )


UPSERT_PRODUCTS = {
    is_authoritative: _upsert(Product, PRODUCT, is_authoritative=is_authoritative).returning(Product.ref, Product.id)
    for is_authoritative in (False, True)
}
UPSERT_DISCOUNTS = {
    is_authoritative: _upsert(Discount, DISCOUNT, is_authoritative=is_authoritative).returning(Discount.ref)
    for is_authoritative in (False, True)
}
INSERT_VARIANTS = batch.insert(Variant, VARIANT)
KEEP_COLLECTIONS = text(
    "UPDATE product SET collections = ARRAY(SELECT jsonb_array_elements_text(told.collections))"
    " FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS told (ref text, updated_at timestamptz, collections jsonb)"
    " WHERE product.shop_id = :shop_id AND product.ref = told.ref AND product.updated_at <= told.updated_at"
    " AND product.collections IS DISTINCT FROM ARRAY(SELECT jsonb_array_elements_text(told.collections))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The refs of what a batch changed, and of what must be pulled because two mouths of the platform disagree."""

    changed: frozenset[str] = frozenset()
    disputed: frozenset[str] = frozenset()


def write_products(
    session: Session, shop_id: int, currency: str, facts: Sequence[ProductFact], *, is_authoritative: bool
) -> Written:
    """Upsert products with their variants; prices become minor units of `currency`, the shop's. A fact older than its row is
    ignored; one of the same moment but with other content (stock falls without a trace in the moment of change) wins only when
    it is authoritative, otherwise its ref comes back as disputed."""
    newest = _newest(facts)
    if not newest:
        return Written()
    rows = [_product_row(fact) for fact in newest.values()]
    written = session.execute(UPSERT_PRODUCTS[is_authoritative], batch.given(shop_id, rows))
    changed = {row.ref: row.id for row in written}
    _rewrite_variants(session, shop_id, currency, {row_id: newest[ref] for ref, row_id in changed.items()})
    _keep_collections(session, shop_id, newest.values())
    standing = session.execute(
        select(Product.ref, Product.updated_at, Product.content).where(batch.among(Product.ref, newest))
    )
    return Written(
        changed=frozenset(changed),
        disputed=frozenset(
            row.ref
            for row in standing
            if row.updated_at == newest[row.ref].updated_at and row.content != _content(newest[row.ref])
        ),
    )


def write_discounts(
    session: Session, shop_id: int, facts: Sequence[DiscountFact], *, is_authoritative: bool
) -> Written:
    """Upsert discounts. Those that are told and differ at the same moment (a redemption leaves none) wait for the next sweep:
    nothing is decided by them in between."""
    newest = _newest(facts)
    if not newest:
        return Written()
    rows = [_discount_row(fact) for fact in newest.values()]
    written = session.execute(UPSERT_DISCOUNTS[is_authoritative], batch.given(shop_id, rows))
    return Written(changed=frozenset(row.ref for row in written))


def mark_products_gone(session: Session, facts: Sequence[Gone], *, is_authoritative: bool) -> None:
    """Orders name them, so they stay, unlisted and not to be had. What was looked for and not found is gone whatever the clocks
    say; what was only told must be newer than the row."""
    for fact in facts:
        statement = update(Product).where(Product.ref == fact.ref)
        if not is_authoritative:
            statement = statement.where(Product.updated_at <= fact.updated_at)
        session.execute(statement.values(is_gone=True, is_listed=False))


def mark_discounts_gone(session: Session, facts: Sequence[Gone]) -> None:
    refs = [fact.ref for fact in facts]
    if refs:
        session.execute(update(Discount).where(batch.among(Discount.ref, refs)).values(is_gone=True, is_active=False))


def product_refs_behind(session: Session, last: str, limit: int, _since: datetime) -> list[str]:
    """The first refs behind one of the products that the platform showed when we last heard of them."""
    known = select(Product.ref).where(Product.ref > last, Product.is_gone.is_(False))
    return list(session.scalars(known.order_by(Product.ref).limit(limit)))


def discount_refs_behind(session: Session, last: str, limit: int, _since: datetime) -> list[str]:
    known = select(Discount.ref).where(Discount.ref > last, Discount.is_gone.is_(False))
    return list(session.scalars(known.order_by(Discount.ref).limit(limit)))


def _newest(facts: Iterable[Said]) -> dict[str, Said]:
    """One fact a thing, sorted by ref so that two batches lock rows in the same order."""
    return {fact.ref: fact for fact in sorted(facts, key=lambda fact: (fact.ref, fact.updated_at))}


def _product_row(fact: ProductFact) -> dict[str, Any]:
    return {
        "ref": fact.ref,
        "updated_at": fact.updated_at,
        "title": fact.title,
        "is_listed": fact.is_listed,
        "is_gone": False,
        "url": fact.url,
        "image_url": fact.image_url,
        "kind": fact.kind,
        "vendor": fact.vendor,
        "tags": fact.tags,
        "content": _content(fact),
    }


def _rewrite_variants(session: Session, shop_id: int, currency: str, changed: dict[int, ProductFact]) -> None:
    if not changed:
        return
    session.execute(delete(Variant).where(batch.among(Variant.product_id, changed)))
    precision = get_currency_precision(currency)
    rows = [
        {
            "product_id": product_id,
            "ref": variant.ref,
            "position": position,
            "title": variant.title,
            "sku": variant.sku,
            "price": _minor(variant.price, precision),
            "compare_at_price": _minor(variant.compare_at_price, precision),
            "stock": variant.stock,
            "is_available": variant.is_available,
            "image_url": variant.image_url,
        }
        for product_id, fact in changed.items()
        for position, variant in enumerate(fact.variants)
    ]
    session.execute(INSERT_VARIANTS, batch.given(shop_id, rows))


def _minor(amount: Decimal | None, precision: int) -> int | None:
    return None if amount is None else round(amount.scaleb(precision))


def _keep_collections(session: Session, shop_id: int, facts: Iterable[ProductFact]) -> None:
    """They change without a change of the product's moment, and only some mouths of a platform tell them."""
    told = [
        {"ref": fact.ref, "updated_at": fact.updated_at, "collections": fact.collections}
        for fact in facts
        if fact.collections is not None
    ]
    if told:
        session.execute(KEEP_COLLECTIONS, batch.given(shop_id, told))


def _discount_row(fact: DiscountFact) -> dict[str, Any]:
    return {
        "ref": fact.ref,
        "updated_at": fact.updated_at,
        "kind": fact.kind.value,
        "codes": fact.codes,
        "title": fact.title,
        "value": fact.value,
        "minimum": fact.minimum,
        "starts_at": fact.starts_at,
        "ends_at": fact.ends_at,
        "usage_limit": fact.usage_limit,
        "used": fact.used,
        "is_active": fact.is_active,
        "is_gone": False,
        "content": _content(fact),
    }


def _content(fact: ProductFact | DiscountFact) -> bytes:
    """The hash of what is told and pulled alike."""
    bare = replace(fact, collections=None) if isinstance(fact, ProductFact) else fact
    return fingerprint(orjson.dumps(bare, default=str, option=orjson.OPT_SORT_KEYS))
