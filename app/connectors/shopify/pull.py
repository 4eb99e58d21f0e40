"""One page of a resource: what changed since a moment, oldest change first, or single things by their keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

from app.connectors.base import Ask, Page
from app.connectors.shopify import customers, discounts, orders, products
from app.connectors.shopify.asking import Asker, has_more
from app.connectors.shopify.client import Operation, Reply, Store, not_approved
from app.events import Fact, Gone, Resource
from app.kernel.errors import Permanent, Transient
from app.kernel.reading import Tree, part, parts, text

EXISTING = Operation("existing", "Existing")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """How one resource is read. `pages` answers in the field `field`, `count` in `counted`; `kind` is the type in the things' ids,
    `page_size` how many one question may ask for, and `search` holds for all of them."""

    pages: Operation
    field: str
    by_ids: Operation
    kind: str
    count: Operation
    counted: str
    page_size: int
    facts: Callable[[Asker, Tree], Sequence[Fact]]
    search: str = ""


LISTINGS: Mapping[Resource, Listing] = {
    Resource.PRODUCTS: Listing(
        pages=products.PRODUCTS,
        field="products",
        by_ids=products.PRODUCTS_BY_IDS,
        kind="Product",
        count=products.PRODUCTS_COUNT,
        counted="productsCount",
        page_size=products.PRODUCTS_A_PAGE,
        facts=products.facts_of_product,
    ),
    Resource.ORDERS: Listing(
        pages=orders.ORDERS,
        field="orders",
        by_ids=orders.ORDERS_BY_IDS,
        kind="Order",
        count=orders.ORDERS_COUNT,
        counted="ordersCount",
        page_size=orders.ORDERS_A_PAGE,
        facts=orders.facts_of_order,
    ),
    Resource.CUSTOMERS: Listing(
        pages=customers.CUSTOMERS,
        field="customers",
        by_ids=customers.CUSTOMERS_BY_IDS,
        kind="Customer",
        count=customers.CUSTOMERS_COUNT,
        counted="customersCount",
        page_size=customers.CUSTOMERS_A_PAGE,
        facts=customers.facts_of_customer,
    ),
    Resource.DISCOUNTS: Listing(
        pages=discounts.DISCOUNTS,
        field="discountNodes",
        by_ids=discounts.DISCOUNTS_BY_IDS,
        kind="DiscountNode",
        count=discounts.DISCOUNTS_COUNT,
        counted="discountNodesCount",
        page_size=discounts.DISCOUNTS_A_PAGE,
        facts=discounts.facts_of_discount,
        search=discounts.WITH_CODE,
    ),
}
"""In the order of a first import: products before the orders that name them."""


def pull_page(store: Store, ask: Ask) -> Page:
    listing = LISTINGS[ask.resource]
    return _single(store, ask, listing) if ask.refs else _changed(store, ask, listing)


def _changed(store: Store, ask: Ask, listing: Listing) -> Page:
    """Oldest change first: what changes while the pages are read moves to their end and is seen again. A page that cannot be
    finished ends with the last thing that is whole, so that the work gets on even if everything on it is large."""
    search = _search(listing, ask.changed_since)
    reply = store.ask(listing.pages, first=listing.page_size, after=ask.cursor or None, query=search)
    page = part(reply.data, listing.field)
    asker = Asker(store)
    facts: list[Fact] = []
    cursor = ""
    for edge in parts(page, "edges"):
        try:
            facts += listing.facts(asker, part(edge, "node"))
        except Transient:
            if not cursor:
                raise
            return Page(facts=tuple(facts), cursor=cursor, answered_at=reply.answered_at)
        cursor = text(edge, "cursor")
    is_first_ever = ask.changed_since is None and not ask.cursor
    return Page(
        facts=tuple(facts),
        cursor=cursor if has_more(page) else "",
        total=asker.count(listing.counted, listing.count) if is_first_ever else None,
        answered_at=reply.answered_at,
    )


def _search(listing: Listing, moment: datetime | None) -> str | None:
    """shopify.dev/docs/api/usage/search-syntax. Of customers, all of the moment's day are found."""
    since = f"updated_at:>='{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" if moment else ""
    return " AND ".join(term for term in (listing.search, since) if term) or None


def _single(store: Store, ask: Ask, listing: Listing) -> Page:
    asker = Asker(store)
    facts: list[Fact] = []
    first: Reply | None = None
    for start in range(0, len(ask.refs), listing.page_size):
        refs = ask.refs[start : start + listing.page_size]
        put = asker.ask if first else store.ask
        reply = put(listing.by_ids, ids=[f"gid://shopify/{listing.kind}/{ref}" for ref in refs])
        first = first or reply
        for ref, node in zip(refs, _nodes(reply.data, len(refs)), strict=True):
            if not node and reply.is_withheld:
                raise not_approved()
            # Shopify hides a deleted order, and one older than 60 days from an app without read_all_orders, in the same way.
            facts += listing.facts(asker, node) if node else [Gone(ref=ref, updated_at=reply.at, resource=ask.resource)]
    return Page(facts=tuple(facts), answered_at=first.answered_at if first else None)


def existing(store: Store, resource: Resource, refs: Sequence[str]) -> frozenset[str]:
    """A thing that is not there costs nothing, one that is a point."""
    reply = store.ask(EXISTING, ids=[f"gid://shopify/{LISTINGS[resource].kind}/{ref}" for ref in refs])
    if reply.is_withheld:
        raise not_approved()
    return frozenset(ref for ref, node in zip(refs, _nodes(reply.data, len(refs)), strict=True) if node)


def _nodes(data: Tree, count: int) -> list[Tree]:
    """One for each id asked for, in that order; empty where there is none."""
    nodes = data.get("nodes")
    found = cast("list[Any]", nodes) if isinstance(nodes, list) else []
    if len(found) != count:
        raise Permanent("unexpected_body", "no nodes")
    return [part({"node": node}, "node") for node in found]
