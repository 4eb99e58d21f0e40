"""The little of the search syntax that finds things: terms such as `updated_at:>='2026-11-24T10:00:00Z'`, all of which must hold.

Source: shopify.dev/docs/api/usage/search-syntax. A field that the store does not know is refused here, where the real one would
ignore it and hide the mistake.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TypeVar

from sandbox.shopify.graphql import FieldFailed
from sandbox.things import Account, Coupon, Order, Product

Thing = TypeVar("Thing")
Filter = Callable[[Thing], bool]

TERM = re.compile(
    r"""(?P<field>\w+):(?P<compare>>=|<=|>|<|)(?:'(?P<single>[^']*)'|"(?P<double>[^"]*)"|(?P<bare>\S+))"""
)

COMPARE: dict[str, Callable[[datetime, datetime], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "": operator.eq,
}

ORDER_MOMENTS: Mapping[str, Callable[[Order], datetime]] = {
    "updated_at": lambda order: order.updated_at,
    "created_at": lambda order: order.placed_at,
    "processed_at": lambda order: order.placed_at,
}
MOMENTS: Mapping[str, Callable[[Product | Account | Coupon], datetime]] = {
    "updated_at": lambda thing: thing.updated_at,
    "created_at": lambda thing: thing.created_at,
}


def like(query: str | None, moments: Mapping[str, Callable[[Thing], datetime]], **facts: str) -> Filter[Thing]:
    """Which things a search means; all of them without one. `facts` are fields that say the same of every thing."""
    terms = [_term(match, moments, facts) for match in TERM.finditer(query or "")]
    rest = re.sub(r"\bAND\b", "", TERM.sub("", query or "")).strip()
    if rest:
        raise FieldFailed(f"The sandbox cannot search for {rest!r}", "BAD_REQUEST")
    return lambda thing: all(holds(thing) for holds in terms)


def _term(
    match: re.Match[str], moments: Mapping[str, Callable[[Thing], datetime]], facts: Mapping[str, str]
) -> Filter[Thing]:
    field, compare = match["field"], COMPARE[match["compare"]]
    text = match["single"] or match["double"] or match["bare"] or ""
    if field in facts:
        return lambda _: facts[field] == text
    read = moments.get(field)
    if read is None:
        raise FieldFailed(f"The sandbox cannot search by {field!r}", "BAD_REQUEST")
    wanted = _moment(text)
    return lambda thing: compare(read(thing), wanted)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FieldFailed(f"{text!r} is no moment", "BAD_REQUEST") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
