"""What was bought and what it cost, or what is in a parcel, as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.domain.orders.rules import OrderFacts
from app.domain.shipments.rules import ShipmentFacts
from app.events import Line
from app.jobs.followups.base import Facts
from app.jobs.letters.values import clean, standing_parcels
from app.kernel.copy import Speaker
from app.kernel.language import price

MOST_ROWS = 40
"""A mail over 100 kB is cut off by its reader's provider; what is more stands on the order's page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    title: str
    detail: str = ""
    amount: str = ""
    is_total: bool = False


def receipt_rows(order: OrderFacts, speaker: Speaker, values: Mapping[str, object]) -> tuple[Row, ...]:
    """Lines, delivery, total, and discount or tax where the sum needs them to come out."""

    def cost(amount: int) -> str:
        return price(amount, order.currency, speaker.locale)

    shown, hidden = order.lines[:MOST_ROWS], order.lines[MOST_ROWS:]
    rows = [_line_row(line, line.quantity, cost(line.total)) for line in shown]
    if hidden:
        rows.append(Row(title=_more(len(hidden), speaker), amount=cost(sum(line.total for line in hidden))))
    has_discount, has_tax = summands(order)
    if has_discount:
        rows.append(Row(title=speaker.text("phrases.discount"), amount=cost(-order.discount)))
    if order.shipping or any(line.requires_shipping for line in order.lines):
        delivery = cost(order.shipping) if order.shipping else speaker.text("phrases.free")
        rows.append(Row(title=speaker.text("phrases.shipping"), amount=delivery))
    if has_tax:
        rows.append(Row(title=speaker.text("phrases.tax"), amount=cost(order.tax)))
    included = speaker.text("phrases.tax_included", values) if order.tax and not has_tax else ""
    total = Row(title=speaker.text("phrases.total"), detail=included, amount=cost(order.total), is_total=True)
    return (*rows, total)


def summands(order: OrderFacts) -> tuple[bool, bool]:
    """Whether discount and tax are rows of their own. Shops differ: a line's total may have its discount and tax in it or not, and
    the order does not say which. The first reading that adds up to the total is the right one; none of them, then neither is shown.
    """
    lines = sum(line.total for line in order.lines) + order.shipping
    readings = ((False, False), (False, True), (True, False), (True, True))
    sums = {(discount, tax): lines - discount * order.discount + tax * order.tax for discount, tax in readings}
    return next((reading for reading in readings if sums[reading] == order.total), (False, False))


def parcel_rows(facts: Facts, parcel: ShipmentFacts, speaker: Speaker) -> tuple[Row, ...]:
    """What is inside, without prices: a parcel may be a present."""
    by_ref = {line.ref: line for line in facts.order.lines}
    inside = [(by_ref[ref], quantity) for ref, quantity in _items(facts.order, parcel) if ref in by_ref]
    rows = [_line_row(line, quantity, "") for line, quantity in inside[:MOST_ROWS]]
    if len(inside) > MOST_ROWS:
        rows.append(Row(title=_more(len(inside) - MOST_ROWS, speaker)))
    return tuple(rows)


def is_more_to_come(facts: Facts) -> bool:
    """Whether something of the order is in no parcel yet."""
    sent: Counter[str] = Counter()
    for parcel in standing_parcels(facts):
        sent.update(dict(_items(facts.order, parcel)))
    return any(sent[line.ref] < line.quantity for line in _to_ship(facts.order))


def _items(order: OrderFacts, parcel: ShipmentFacts) -> Sequence[tuple[str, int]]:
    return parcel.items or [(line.ref, line.quantity) for line in _to_ship(order)]


def _to_ship(order: OrderFacts) -> list[Line]:
    return [line for line in order.lines if line.requires_shipping]


def _line_row(line: Line, quantity: int, amount: str) -> Row:
    title = clean(line.title).replace("\n", " ")
    return Row(title=title if quantity == 1 else f"{quantity} × {title}", detail=clean(line.variant), amount=amount)


def _more(count: int, speaker: Speaker) -> str:
    return f"… {speaker.text('common.items', {'form': {'count': count}})}"
