"""Reading orders: single ones, or all that changed, page by page, with no order lost between two pages.

Orders are listed by id and the next page begins with the last order of the one before. If that order is not there, something
has left the list meanwhile (an order went to the bin) and moved the rest forward: the pull steps back and reads again. An order
that changes while we read may enter the list behind us, but then it has changed since the pull began: the next one asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

from app.connectors.base import Ask, Page
from app.connectors.woocommerce.client import Client, answered_at
from app.connectors.woocommerce.failures import failure_from
from app.connectors.woocommerce.mapping import is_draft, order_from
from app.connectors.woocommerce.parcels import has_fulfilments, parcels_of
from app.connectors.woocommerce.reading import Record, record, records, ref
from app.events import Fact, OrderGone
from app.kernel.errors import Permanent, Transient
from app.kernel.http import Answer, json_body

log = logging.getLogger(__name__)

PER_PAGE = 50
"""A page of this size took 0.6 s; a hundred are no faster by the order, and each order with fulfilments costs a further call."""

ALIVE, BINNED = "any", "trash"
"""Two lists: the store's "any" leaves out what is in the bin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a pull stands: in which list, how far from its beginning, and the last id that was read."""

    status: str = ALIVE
    offset: int = 0
    last_id: int = 0

    @classmethod
    def read(cls, cursor: str) -> Position:
        """`Permanent` for a cursor that is not ours."""
        if not cursor:
            return cls()
        try:
            status, offset, last_id = cursor.split("/")
            return cls(status=status, offset=int(offset), last_id=int(last_id))
        except ValueError as error:
            raise Permanent("bad_cursor") from error

    def __str__(self) -> str:
        return f"{self.status}/{self.offset}/{self.last_id}"


def pull(client: Client, ask: Ask) -> Page:
    if ask.refs:
        return Page(facts=tuple(chain.from_iterable(_read_one(client, order_ref) for order_ref in ask.refs)))
    return _read_page(client, ask.changed_since, Position.read(ask.cursor))


# --- a single order ---------------------------------------------------------------------------------------------------


def _read_one(client: Client, order_ref: str) -> Iterable[Fact]:
    answer = client.ask("GET", f"orders/{order_ref}")
    failure = failure_from(answer, "GET")
    if failure and failure.code == "not_found":
        return (OrderGone(ref=order_ref, updated_at=answered_at(answer)),)
    if failure:
        raise failure
    return _facts(client, record(json_body(answer)))


def _facts(client: Client, order: Record) -> tuple[Fact, ...]:
    """One order that a plugin has made unreadable must not keep the others from being read: it is logged and left out."""
    if is_draft(order):
        return ()
    try:
        fact = order_from(order)
    except Permanent as failure:
        log.warning(
            "order left out", extra={"order": ref(order.get("id")), "code": failure.code, "field": failure.hint}
        )
        return ()
    fulfilments = _fulfilments(client, fact.ref) if has_fulfilments(order) else []
    return (fact, *parcels_of(fact, order, fulfilments))


def _fulfilments(client: Client, order_ref: str) -> list[Record] | None:
    """None where they may not be read, or the feature was turned off again: then its address is gone ("no_route"), and the mark on
    the order is not. Neither is a reason to read no orders."""
    try:
        body, _ = client.get(f"orders/{order_ref}/fulfillments")
    except Permanent as failure:
        log.warning("fulfilments left out", extra={"order": order_ref, "code": failure.code})
        return None
    return records(body)


# --- all that changed -------------------------------------------------------------------------------------------------


def _read_page(client: Client, changed_since: datetime | None, position: Position) -> Page:
    body, answer = client.get("orders", {**_window(position), **_since(changed_since)})
    listed, total = _by_id(body), _total(answer)
    fresh = {order_id: order for order_id, order in listed.items() if order_id > position.last_id}
    if position.offset and len(fresh) == len(listed):  # the last order that was read is not among them
        return Page(facts=(), cursor=str(_step_back(position)))
    is_last = position.status == BINNED or changed_since is None
    following = _step_on(position, listed, total) or (None if is_last else Position(status=BINNED))
    return Page(
        facts=tuple(chain.from_iterable(_facts(client, order) for order in fresh.values())),
        cursor=str(following) if following else "",
        total=total if position.status == ALIVE else None,
    )


def _window(position: Position) -> dict[str, str]:
    window = {"status": position.status, "orderby": "id", "order": "asc", "per_page": str(PER_PAGE)}
    return {**window, "offset": str(position.offset)} if position.offset else window


def _since(changed_since: datetime | None) -> dict[str, str]:
    """`modified_after` means later than that second, so a second is given away. UTC must come without its Z and with the flag:
    with both the store shifts the value by its offset, with neither it takes it for local time."""
    if changed_since is None:
        return {}
    after = changed_since.astimezone(UTC) - timedelta(seconds=1)
    return {"modified_after": after.strftime("%Y-%m-%dT%H:%M:%S"), "dates_are_gmt": "true"}


def _by_id(body: object) -> dict[int, Record]:
    listed = {ref(order.get("id")): order for order in records(body)}
    if not isinstance(body, list) or "" in listed:
        raise Transient("unexpected_answer")
    return {int(order_ref): order for order_ref, order in listed.items()}


def _step_on(position: Position, listed: dict[int, Record], total: int | None) -> Position | None:
    """None behind the last page. The store's count tells which one that is, for some hosts cut pages shorter than we ask.
    `Transient` where it does not go on from where we were: the store counted a moment too early, or ignores `offset`."""
    end = position.offset + len(listed)
    is_ignored = bool(listed) and total is not None and position.offset >= total
    has_more = len(listed) >= PER_PAGE if total is None else bool(listed) and end < total
    if is_ignored or (has_more and len(listed) == 1):
        raise Transient("paging_refused")
    return (
        Position(status=position.status, offset=end - 1, last_id=max(position.last_id, *listed)) if has_more else None
    )


def _step_back(position: Position) -> Position:
    return Position(status=position.status, offset=max(position.offset - PER_PAGE, 0), last_id=position.last_id)


def _total(answer: Answer) -> int | None:
    said = answer.headers.get("x-wp-total", "")
    return int(said) if said.isascii() and said.isdecimal() else None
