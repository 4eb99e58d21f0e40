"""The little of the search syntax that finds orders: terms such as `updated_at:>='2026-11-24T10:00:00Z'`, all of which must hold.

Source: shopify.dev/docs/api/usage/search-syntax. A field that the store does not know is refused here, where the real one would
ignore it and hide the mistake.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from datetime import UTC, datetime

from sandbox.shopify.graphql import FieldFailed
from sandbox.world import Order

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

MOMENTS: dict[str, Callable[[Order], datetime]] = {
    "updated_at": lambda order: order.updated_at,
    "created_at": lambda order: order.placed_at,
    "processed_at": lambda order: order.placed_at,
}

Filter = Callable[[Order], bool]


def orders_like(query: str | None) -> Filter:
    """Which orders a search means; all of them without one."""
    terms = [_term(match) for match in TERM.finditer(query or "")]
    rest = re.sub(r"\bAND\b", "", TERM.sub("", query or "")).strip()
    if rest:
        raise FieldFailed(f"The sandbox cannot search for {rest!r}", "BAD_REQUEST")
    return lambda order: all(holds(order) for holds in terms)


def _term(match: re.Match[str]) -> Filter:
    field, compare = match["field"], COMPARE[match["compare"]]
    text = match["single"] or match["double"] or match["bare"] or ""
    read = MOMENTS.get(field)
    if read is None:
        raise FieldFailed(f"The sandbox cannot search orders by {field!r}", "BAD_REQUEST")
    wanted = _moment(text)
    return lambda order: compare(read(order), wanted)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise FieldFailed(f"{text!r} is no moment", "BAD_REQUEST") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
