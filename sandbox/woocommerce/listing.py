"""Which orders a list shows, in which order, on which page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar, cast

from sandbox.things import Order, OrderState, Product
from sandbox.woocommerce.orders import STATUSES
from sandbox.woocommerce.parameters import instant
from sandbox.world import Store

Item = TypeVar("Item")
Values = dict[str, object]


@dataclass(frozen=True, slots=True)
class Slice:
    """One page of something, with the totals that the headers tell."""

    total: int
    pages: int
    page: int


def number(values: Values, name: str, default: int) -> int:
    return cast(int, values.get(name, default))


def paged(found: list[Item], values: Values) -> tuple[list[Item], Slice]:
    """A page after the end is empty, and then the totals are 0 too, as recorded."""
    size, page = number(values, "per_page", 10), number(values, "page", 1)
    start = number(values, "offset", (page - 1) * size)
    shown = found[start : start + size]
    total = len(found) if shown else 0
    return shown, Slice(total=total, pages=-(-total // size), page=page)


def orders(store: Store, values: Values) -> list[Order]:
    """All orders that fit, sorted. Binned ones are shown only when asked for; open checkouts are shown."""
    found = [order for order in store.orders.values() if _fits(store, order, values)]
    return _sorted_orders(found, values)


def _fits(store: Store, order: Order, values: Values) -> bool:
    return (
        _has_status(order, cast(list[str], values.get("status", ["any"])))
        and _is_in_time(store, order, values)
        and _is_chosen(order.id, values)
        and ("customer" not in values or order.customer.ref == values["customer"])
        and ("product" not in values or any(line.product_id == values["product"] for line in order.lines))
        and str(values.get("search", "")).casefold() in _haystack(order)
    )


def _has_status(order: Order, wanted: list[str]) -> bool:
    return STATUSES[order.status] in wanted or ("any" in wanted and order.status != OrderState.BINNED)


def _is_in_time(store: Store, order: Order, values: Values) -> bool:
    """All four bounds are strict."""
    is_gmt, zone = bool(values.get("dates_are_gmt")), store.profile.timezone

    def bound(name: str) -> datetime | None:
        return instant(cast(datetime, values[name]), zone, is_gmt=is_gmt) if name in values else None

    checks = (
        (bound("after"), order.placed_at, 1),
        (bound("before"), order.placed_at, -1),
        (bound("modified_after"), order.updated_at, 1),
        (bound("modified_before"), order.updated_at, -1),
    )
    return all(limit is None or (at > limit if side > 0 else at < limit) for limit, at, side in checks)


def _is_chosen(item_id: int, values: Values) -> bool:
    include, exclude = cast(list[int], values.get("include", [])), cast(list[int], values.get("exclude", []))
    return (not include or item_id in include) and item_id not in exclude


def _haystack(order: Order) -> str:
    address = order.customer.address
    words = (str(order.id), order.customer.name, order.customer.email, address.street, address.city, address.company)
    return " ".join(words).casefold()


def _sorted_orders(found: Iterable[Order], values: Values) -> list[Order]:
    by, include = str(values.get("orderby", "date")), cast(list[int], values.get("include", []))

    def rank(order: Order) -> tuple[float, int]:
        if by == "include":
            return (include.index(order.id) if order.id in include else 0, order.id)
        at = {"date": order.placed_at, "modified": order.updated_at}.get(by)
        return (at.timestamp() if at else 0, order.id)

    return sorted(found, key=rank, reverse=values.get("order", "desc") == "desc" and by != "include")


def products(store: Store, values: Values) -> list[Product]:
    found = [
        product
        for product in store.products.values()
        if _is_chosen(product.id, values) and str(values.get("search", "")).casefold() in product.title.casefold()
    ]
    return sorted(found, key=lambda product: product.id, reverse=values.get("order", "desc") == "desc")
