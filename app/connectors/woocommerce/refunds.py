"""Money that went back for an order. The order tells only how much; when, and for which lines, stands at an address of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from babel.numbers import get_currency_precision

from app.connectors.woocommerce.reading import Record, amount, meta, minor_units, moment, records, ref
from app.events import OrderFact, RefundFact

REFUNDED_LINE = "_refunded_item_id"
"""A refund's lines have ids of their own, and name the order's in this."""


def has_refunds(order: Record) -> bool:
    return bool(records(order.get("refunds")))


def refunds_of(order: OrderFact, refunds: Iterable[Record]) -> tuple[RefundFact, ...]:
    """Oldest first; one without id or amount is none. `refunded_at` of one without a moment is that of the order."""
    precision = get_currency_precision(order.currency)
    facts = (_fact_from(order, refund, precision) for refund in refunds)
    return tuple(sorted(filter(None, facts), key=lambda fact: (fact.refunded_at, int(fact.ref))))


def _fact_from(order: OrderFact, refund: Record, precision: int) -> RefundFact | None:
    refund_ref, value = ref(refund.get("id")), amount(refund.get("amount"))
    if not refund_ref or value is None:
        return None
    return RefundFact(
        order_ref=order.ref,
        ref=refund_ref,
        refunded_at=moment(refund.get("date_created_gmt")) or order.updated_at,
        amount=abs(minor_units(value, precision)),
        items=tuple(_pieces(refund).items()),
    )


def _pieces(refund: Record) -> Counter[str]:
    """Quantities are told below zero; a line with none got money back and stays with the shopper."""
    pieces: Counter[str] = Counter()
    for line in records(refund.get("line_items")):
        line_ref, quantity = ref(meta(line.get("meta_data")).get(REFUNDED_LINE)), amount(line.get("quantity"))
        if line_ref and quantity:
            pieces[line_ref] += int(abs(quantity).to_integral_value())
    return +pieces
