"""What a list shows, in which order, on which page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import TypeVar, cast

from sandbox.things import Account, Coupon, Order, OrderState, Product
from sandbox.woocommerce.orders import STATUSES
from sandbox.woocommerce.parameters import IN_TIME, instant
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
    tests: list[Test[Order]] = [
        _has_status(cast(list[str], values.get("status", ["any"]))),
        *_tests(store, values),
    ]
    if "customer" in values:
        tests.append(lambda one: one.customer.ref == values["customer"])
    if "product" in values:
        tests.append(lambda one: any(line.product_id == values["product"] for line in one.lines))
    if values.get("search"):
        tests.append(lambda one: str(values["search"]).casefold() in _haystack(one))
    return _sorted(_those(store.orders.values(), tests), values)


def products(store: Store, values: Values) -> list[Product]:
    """What is in the bin is shown only when asked for."""
    is_bin, search = values.get("status") == "trash", str(values.get("search", "")).casefold()
    tests: list[Test[Product]] = [
        lambda one: one.is_binned == is_bin,
        *_tests(store, values),
    ]
    if search:
        tests.append(lambda one: search in one.title.casefold())
    return _sorted(_those(store.products.values(), tests), values)


def coupons(store: Store, values: Values) -> list[Coupon]:
    """No list shows what is in the bin."""
    tests: list[Test[Coupon]] = [lambda one: not one.is_binned, *_tests(store, values)]
    if "code" in values:
        tests.append(lambda one: one.code.casefold() == str(values["code"]).casefold())
    return _sorted(_those(store.coupons.values(), tests), values)


def customers(store: Store, values: Values) -> list[Account]:
    """By name, as long as nobody asks otherwise; it cannot be asked what changed."""
    tests: list[Test[Account]] = [*_choices(values)]
    if "email" in values:
        tests.append(lambda one: one.person.email == values["email"])
    found = _those(store.accounts.values(), tests)
    if values.get("orderby", "name") == "name":
        return sorted(found, key=lambda one: one.person.name, reverse=values.get("order") == "desc")
    return sorted(found, key=lambda one: one.id, reverse=values.get("order", "asc") == "desc")


# --- what fits --------------------------------------------------------------------------------------------------------

Test = Callable[[Item], bool]
Dated = TypeVar("Dated", Order, Product, Coupon)


def _those(things: Iterable[Item], tests: Iterable[Test[Item]]) -> list[Item]:
    """Test by test, for a page of a large store must not cost a second."""
    for test in tests:
        things = filter(test, things)
    return list(things)


def _created(one: Order | Product | Coupon) -> datetime:
    return one.placed_at if isinstance(one, Order) else one.created_at


def _has_status(wanted: Sequence[str]) -> Test[Order]:
    if wanted == ["any"]:
        return lambda one: one.status != OrderState.BINNED
    states = {state for state, word in STATUSES.items() if word in wanted}
    if "any" in wanted:
        states |= set(STATUSES) - {OrderState.BINNED}
    return lambda one: one.status in states


def _tests(store: Store, values: Values) -> Iterator[Test[Dated]]:
    """All four bounds are strict."""
    yield from _choices(values)
    limits = {name: _bound(store, values, name) for name in IN_TIME if name in values and name != "dates_are_gmt"}
    if "after" in limits:
        yield lambda one: _created(one) > limits["after"]
    if "before" in limits:
        yield lambda one: _created(one) < limits["before"]
    if "modified_after" in limits:
        yield lambda one: one.updated_at > limits["modified_after"]
    if "modified_before" in limits:
        yield lambda one: one.updated_at < limits["modified_before"]


def _choices(values: Values) -> Iterator[Callable[[Order | Product | Coupon | Account], bool]]:
    include, exclude = cast(list[int], values.get("include", [])), cast(list[int], values.get("exclude", []))
    if include:
        yield lambda one: one.id in include
    if exclude:
        yield lambda one: one.id not in exclude


def _bound(store: Store, values: Values, name: str) -> datetime:
    is_gmt = bool(values.get("dates_are_gmt"))
    return instant(cast(datetime, values[name]), store.profile.timezone, is_gmt=is_gmt)


def _haystack(order: Order) -> str:
    address = order.customer.address
    words = (str(order.id), order.customer.name, order.customer.email, address.street, address.city, address.company)
    return " ".join(words).casefold()


def _sorted(found: list[Dated], values: Values) -> list[Dated]:
    by, include = str(values.get("orderby", "date")), cast(list[int], values.get("include", []))
    if by == "include":
        return sorted(found, key=lambda one: include.index(one.id) if one.id in include else 0)
    rank: Callable[[Dated], tuple[float, int]] | Callable[[Dated], int] = attrgetter("id")
    if by == "date":
        rank = lambda one: (_created(one).timestamp(), one.id)  # noqa: E731
    elif by == "modified":
        rank = lambda one: (one.updated_at.timestamp(), one.id)  # noqa: E731
    return sorted(found, key=rank, reverse=values.get("order", "desc") == "desc")
