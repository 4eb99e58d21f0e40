"""Giving money back, once for each key.

The store has no keys against doubles, so ours is written onto the refund, and looked for before anything is done. WooCommerce saves
such a mark a moment after the money has gone (WC_REST_Order_Refunds_Controller::prepare_object_for_database): a refund of the same
amount without any mark may be the one whose answer was lost, and then a person must look.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from babel.numbers import get_currency_precision

from app.connectors.woocommerce.client import Client
from app.connectors.woocommerce.failures import failure_from
from app.connectors.woocommerce.reading import Record, amount, meta, record, records, ref, text
from app.events import Done, RefundIntent
from app.kernel.errors import Failure, Permanent, Transient, Uncertain
from app.kernel.http import Answer, json_body

KEY = "_encore_refund"
MOST_REFUNDS = 100
REFUSED = "woocommerce_rest_cannot_create_order_refund"
REASONS: tuple[tuple[str, str, str], ...] = (
    (
        "does not support automatic refunds",
        "refund_not_supported",
        "The way of payment of this order takes no refunds from an app: give the money back by hand.",
    ),
    ("gateway for this order does not exist", "refund_not_supported", "The way of payment of this order is gone."),
    ("invalid refund amount", "refund_too_much", "More than is left of this order was to be given back."),
)
"""All have one code and one status (500), and only a text tells them apart: English, or whatever the site speaks."""

NOTHING_DONE = frozenset({"unreachable"})
"""What the way out says when it did not come as far as asking."""


def refund_once(client: Client, intent: RefundIntent) -> Done:
    """`Permanent` also for a currency or a line that is not the order's; `Uncertain` where the answer was lost."""
    done = _marked(_refunds(client, intent), intent)
    if done:
        return done
    order, _ = client.get(f"orders/{intent.order_ref}", {"_fields": "id,currency,line_items"})
    return _posted(client, intent, _body(intent, record(order)))


def find_refund(client: Client, intent: RefundIntent) -> Done | None:
    """`Uncertain("unmarked_refund")` where one that bears no mark of ours could be it."""
    refunds = _refunds(client, intent)
    done = _marked(refunds, intent)
    if done is None and any(_is_alike(refund, intent) for refund in refunds):
        raise Uncertain("unmarked_refund")
    return done


def _refunds(client: Client, intent: RefundIntent) -> list[Record]:
    body, _ = client.get(f"orders/{intent.order_ref}/refunds", {"per_page": str(MOST_REFUNDS)})
    return _listed(body)


def _listed(body: object) -> list[Record]:
    """Whatever is no list says nothing of what has been done."""
    if not isinstance(body, list):
        raise Transient("unexpected_answer")
    return records(cast("object", body))


def _marked(refunds: list[Record], intent: RefundIntent) -> Done | None:
    found = (ref(refund.get("id")) for refund in refunds if _mark(refund) == intent.key)
    return next((Done(ref=refund_ref) for refund_ref in found if refund_ref), None)


def _mark(refund: Record) -> str:
    return text(meta(refund.get("meta_data")).get(KEY))


def _is_alike(refund: Record, intent: RefundIntent) -> bool:
    return not _mark(refund) and amount(refund.get("amount")) == _money(intent.amount, intent.currency)


# --- asking -----------------------------------------------------------------------------------------------------------


def _body(intent: RefundIntent, order: Record) -> dict[str, Any]:
    """`api_refund` pays out by the order's own way of payment; both flags are true for the store when they are not named."""
    if text(order.get("currency")).upper() != intent.currency:
        raise Permanent("other_currency")
    ordered = {ref(line.get("id")): line for line in records(order.get("line_items"))}
    return {
        "amount": str(_money(intent.amount, intent.currency)),
        "api_refund": True,
        "api_restock": intent.restock,
        "meta_data": [{"key": KEY, "value": intent.key}],
        "line_items": [_line(ordered.get(line_ref), pieces, intent.currency) for line_ref, pieces in intent.items],
    }


def _line(line: Record | None, pieces: int, currency: str) -> dict[str, Any]:
    """What these pieces were sold for, without tax beside its tax, as the store keeps both."""
    ordered = amount(line.get("quantity")) if line else None
    if line is None or not ordered or pieces > ordered:
        raise Permanent("unknown_line")

    def share(value: object) -> float:
        whole = (amount(value) or Decimal(0)) * pieces / ordered
        return float(round(whole, get_currency_precision(currency)))

    taxes = [(ref(tax.get("id")), share(tax.get("total"))) for tax in records(line.get("taxes"))]
    return {
        "id": int(ref(line.get("id"))),
        "quantity": pieces,
        "refund_total": share(line.get("total")),
        "refund_tax": [{"id": int(rate), "refund_total": total} for rate, total in taxes if rate],
    }


def _money(value: int, currency: str) -> Decimal:
    """EUR 1450 is 14.50."""
    return Decimal(value).scaleb(-get_currency_precision(currency))


def _posted(client: Client, intent: RefundIntent, body: dict[str, Any]) -> Done:
    try:
        answer = client.ask("POST", f"orders/{intent.order_ref}/refunds", body=body)
    except Transient as failure:
        if failure.code in NOTHING_DONE:
            raise
        raise Uncertain("answer_lost") from failure
    failure = _failure_from(answer)
    if failure:
        raise failure
    made = ref(_object(answer).get("id"))
    if not made:
        raise Uncertain("answer_lost")
    return Done(ref=made)


def _failure_from(answer: Answer) -> Failure | None:
    """A store that breaks down in the middle may have paid out before it did."""
    said = _object(answer)
    if text(said.get("code")) == REFUSED:
        message = text(said.get("message")).lower()
        reasons = (Permanent(code, hint) for words, code, hint in REASONS if words in message)
        return next(reasons, Permanent("refund_refused"))
    failure = failure_from(answer, "POST")
    return Uncertain("answer_lost") if isinstance(failure, Transient) and answer.status >= 500 else failure


def _object(answer: Answer) -> Record:
    try:
        return record(json_body(answer))
    except Transient:
        return {}
