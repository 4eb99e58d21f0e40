"""Orders read from a store: page by page, or by their keys. What does not fit into a page is fetched until it is whole."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from app.connectors.base import Ask, Page
from app.connectors.shopify.answers import order_payload
from app.connectors.shopify.client import Operation, Reply, Store
from app.connectors.shopify.mapping import order_facts
from app.connectors.shopify.reading import whole
from app.events import Fact, OrderGone, Source
from app.kernel.errors import Permanent, Transient
from app.kernel.reading import Tree, part, parts, text

ORDERS_A_PAGE = 5
"""Some 620 points if every one of them is as big as the document allows: the rule for lists is only known from measurements, and a
query over 1,000 is never run. What is not used is given back, so smaller pages cost no points, only questions."""

PATIENCE = 10.0
"""Seconds that one pull waits for points in all. It must end within the lease of the work that it belongs to."""
SHORTEST_WAIT = 0.05

ORDERS = Operation("orders", "Orders")
ORDERS_BY_IDS = Operation("orders", "OrdersByIds")
ORDERS_COUNT = Operation("orders", "OrdersCount")
ORDER_LINES = Operation("orders", "OrderLines")
ORDER_PARCELS = Operation("orders", "OrderParcels")
WHOLE_PARCEL = Operation("orders", "WholeParcel")


def pull_page(store: Store, ask: Ask) -> Page:
    return _single_orders(store, ask.refs) if ask.refs else _changed_orders(store, ask)


def _changed_orders(store: Store, ask: Ask) -> Page:
    """Oldest change first: an order that changes while the pages are read moves to their end and is seen again. A page that cannot
    be finished ends with its last whole order, so that the work gets on even if every order on it is a large one."""
    orders = part(
        store.ask(ORDERS, first=ORDERS_A_PAGE, after=ask.cursor or None, query=_since(ask.changed_since)).data, "orders"
    )
    reader = Reader(store)
    facts: list[Fact] = []
    cursor = ""
    for edge in parts(orders, "edges"):
        try:
            facts += reader.facts(part(edge, "node"))
        except Transient:
            if not cursor:
                raise
            return Page(facts=tuple(facts), cursor=cursor)
        cursor = text(edge, "cursor")
    has_more = bool(part(orders, "pageInfo").get("hasNextPage"))
    is_first_ever = ask.changed_since is None and not ask.cursor
    return Page(facts=tuple(facts), cursor=cursor if has_more else "", total=reader.total() if is_first_ever else None)


def _since(moment: datetime | None) -> str | None:
    """shopify.dev/docs/api/usage/search-syntax"""
    return f"updated_at:>='{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}'" if moment else None


def _single_orders(store: Store, refs: Sequence[str]) -> Page:
    reader = Reader(store)
    facts: list[Fact] = []
    for start in range(0, len(refs), ORDERS_A_PAGE):
        asked = refs[start : start + ORDERS_A_PAGE]
        ask = reader.ask_on if start else store.ask
        reply = ask(ORDERS_BY_IDS, ids=[f"gid://shopify/Order/{ref}" for ref in asked])
        for ref, order in zip(asked, _nodes(reply.data, len(asked)), strict=True):
            # Shopify hides a deleted order, and one older than 60 days from an app without read_all_orders, in the same way.
            facts += reader.facts(order) if order else [OrderGone(ref=ref, updated_at=reply.at)]
    return Page(facts=tuple(facts))


def _nodes(data: Tree, count: int) -> list[Tree]:
    """One for each id asked for, in that order; empty where there is none."""
    nodes = data.get("nodes")
    found = cast("list[Any]", nodes) if isinstance(nodes, list) else []
    if len(found) != count:
        raise Permanent("unexpected_body", "no nodes")
    return [part({"node": node}, "node") for node in found]


class Reader:
    """Goes on asking within one pull. The first question of a pull is the store's to put off; a later one waits here for a while,
    because a pull that starts anew pays for its first question again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._patience = PATIENCE

    def ask_on(self, operation: Operation, **variables: object) -> Reply:
        while True:
            try:
                return self._store.ask(operation, **variables)
            except Transient as failure:
                if failure.code != "throttled" or failure.retry_after is None:
                    raise
                wait = max(failure.retry_after, SHORTEST_WAIT)
                if wait > self._patience:
                    raise
            self._patience -= wait
            time.sleep(wait)

    def total(self) -> int | None:
        """How many orders there are; None where Shopify stopped counting."""
        count = part(self.ask_on(ORDERS_COUNT).data, "ordersCount")
        return whole(count, "count") if text(count, "precision") == "EXACT" else None

    def facts(self, order: Tree) -> tuple[Fact, ...]:
        lines = list(self._lines(text(order, "id"), part(order, "lineItems")))
        parcels = [self._whole(parcel) for parcel in self._parcels(order)]
        filled = {**order, "lineItems": {"nodes": lines}, "fulfillments": parcels}
        return order_facts(order_payload(filled), Source.PULL)

    def _lines(self, order_id: str, lines: Tree) -> Iterator[Tree]:
        yield from parts(lines, "nodes")
        while part(lines, "pageInfo").get("hasNextPage"):
            after = text(part(lines, "pageInfo"), "endCursor")
            data = self.ask_on(ORDER_LINES, order=order_id, after=after).data
            lines = part(_still_there(data, "order"), "lineItems")
            yield from parts(lines, "nodes")

    def _parcels(self, order: Tree) -> list[Tree]:
        """The list has no pages: of an order in more than 30 parcels, the later ones are known from their webhooks alone."""
        parcels = parts(order, "fulfillments")
        if whole(part(order, "fulfillmentsCount"), "count") <= len(parcels):
            return parcels
        data = self.ask_on(ORDER_PARCELS, order=text(order, "id")).data
        return parts(_still_there(data, "order"), "fulfillments")

    def _whole(self, parcel: Tree) -> Tree:
        lists = ("events", "fulfillmentLineItems")
        if not any(part(part(parcel, name), "pageInfo").get("hasNextPage") for name in lists):
            return parcel
        data = self.ask_on(WHOLE_PARCEL, parcel=text(parcel, "id")).data
        return {**parcel, **_still_there(data, "fulfillment")}


def _still_there(data: Tree, name: str) -> Tree:
    """What an order is completed with; gone between two questions, the next pull will tell."""
    found = part(data, name)
    if not found:
        raise Transient("changed_meanwhile")
    return found
