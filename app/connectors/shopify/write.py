"""Giving money back, once for each key: by Shopify's own key for a day, and for ever by the mark that our refund's note bears.

Sources: mutation refundCreate of 2026-10, which takes no call without a key; keys are kept for 24 hours
(shopify.dev/docs/api/usage/implementing-idempotency), so whoever comes later must look first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from app.connectors.shopify.client import Operation, Store
from app.connectors.shopify.money import amount_of, minor_units
from app.connectors.shopify.reading import key, needed_key, texts, whole
from app.events import Done, RefundIntent
from app.kernel.errors import Permanent, Transient, Uncertain
from app.kernel.reading import Tree, part, parts, text

REFUNDABLE = Operation("refunds", "Refundable")
SHELF = Operation("refunds", "Shelf")
REFUNDS_OF = Operation("refunds", "RefundsOf")
REFUND = Operation("refunds", "Refund")

MOST_LINES = 100
"""Of an order that are looked at for whether they have left; what is beyond is taken to have."""

NOTHING_DONE = frozenset({"unreachable", "throttled", "rate_limited"})
"""Failures of a call that the store has not begun with."""


def refund_once(store: Store, intent: RefundIntent) -> Done:
    """`Permanent`: "order_missing", "other_currency", "no_amount", "too_much", "refund_refused", or what any call may meet.
    `Uncertain` when the answer was lost or another attempt is still under way: `find_refund` tells later."""
    order = _order(store.ask(REFUNDABLE, order=_gid("Order", intent.order_ref), lines=MOST_LINES).data)
    return _marked(order, intent) or _give_back(store, intent, _input(store, order, intent))


def find_refund(store: Store, intent: RefundIntent) -> Done | None:
    order = part(store.ask(REFUNDS_OF, order=_gid("Order", intent.order_ref)).data, "order")
    return _marked(order, intent)


def _order(data: Tree) -> Tree:
    order = part(data, "order")
    if not order:
        raise Permanent("order_missing", "the store no longer shows this order")
    return order


def _marked(order: Tree, intent: RefundIntent) -> Done | None:
    """Of an order with more than a hundred refunds, the first hundred are looked at."""
    mark = _mark(intent)
    found = (one for one in parts(order, "refunds") if text(one, "note").endswith(mark))
    return next((Done(ref=needed_key(one, "id")) for one in found), None)


def _mark(intent: RefundIntent) -> str:
    return f"Encore {intent.key}"


def _gid(kind: str, ref: str) -> str:
    return f"gid://shopify/{kind}/{ref}"


# --- what is asked for ------------------------------------------------------------------------------------------------


def _input(store: Store, order: Tree, intent: RefundIntent) -> Mapping[str, object]:
    """RefundInput. Money goes back in what the shopper paid in, and an amount in another currency would be a guess."""
    if text(order, "presentmentCurrencyCode") != intent.currency:
        raise Permanent("other_currency", "the shopper paid in another currency: refund this order in the shop's admin")
    return {
        "orderId": _gid("Order", intent.order_ref),
        "currency": intent.currency,
        "note": _mark(intent),
        "notify": False,  # the house tells the shopper itself
        "refundLineItems": list(_line_items(order, intent, _shelf(store, intent))),
        "transactions": _transactions(order, intent),
    }


def _shelf(store: Store, intent: RefundIntent) -> str:
    """Where pieces are put back: whence the first parcel came, or the store's primary place; empty when none is to be."""
    if not (intent.restock and intent.items):
        return ""
    data = store.ask(SHELF, order=_gid("Order", intent.order_ref)).data
    places = [part(parcel, "location") for parcel in parts(part(data, "order"), "fulfillments")]
    return next((text(place, "id") for place in (*places, part(data, "location")) if place), "")


def _line_items(order: Tree, intent: RefundIntent, location: str) -> Iterable[Mapping[str, object]]:
    unsent = {key(line, "id"): whole(line, "unfulfilledQuantity") for line in parts(part(order, "lineItems"), "nodes")}
    for ref, quantity in intent.items:
        line = {"lineItemId": _gid("LineItem", ref), "quantity": quantity}
        if not location:
            yield {**line, "restockType": "NO_RESTOCK"}
        else:
            never_left = quantity <= unsent.get(ref, 0)
            yield {**line, "restockType": "CANCEL" if never_left else "RETURN", "locationId": location}


def _transactions(order: Tree, intent: RefundIntent) -> Sequence[Mapping[str, str]]:
    """Out of each payment what is left of it, oldest first, until the amount is reached; never more than was paid."""
    if intent.amount <= 0:
        raise Permanent("no_amount")
    missing = intent.amount
    taken: list[Mapping[str, str]] = []
    for payment, left in _payments(order, intent.currency):
        part_of_it = min(left, missing)
        if part_of_it > 0:
            missing -= part_of_it
            taken.append(
                {
                    "orderId": _gid("Order", intent.order_ref),
                    "parentId": text(payment, "id"),
                    "gateway": text(payment, "gateway"),
                    "kind": "REFUND",
                    "amount": amount_of(part_of_it, intent.currency),
                }
            )
    if missing or not taken:
        raise Permanent("too_much", "more than what was paid for this order and is still there")
    return taken


def _payments(order: Tree, currency: str) -> Iterable[tuple[Tree, int]]:
    """Each payment that came in, with what has not gone back of it or is about to."""
    transactions = [one for one in parts(order, "transactions") if text(one, "status") in ("SUCCESS", "PENDING")]
    gone: dict[str, int] = {}
    for one in transactions:
        if text(one, "kind") == "REFUND":
            payment = text(part(one, "parentTransaction"), "id")
            gone[payment] = gone.get(payment, 0) + _amount(one, currency)
    for one in transactions:
        if text(one, "kind") in ("SALE", "CAPTURE") and text(one, "status") == "SUCCESS":
            yield one, _amount(one, currency) - gone.get(text(one, "id"), 0)


def _amount(transaction: Tree, currency: str) -> int:
    return minor_units(text(part(part(transaction, "amountSet"), "presentmentMoney"), "amount"), currency)


# --- asking for it ----------------------------------------------------------------------------------------------------


def _give_back(store: Store, intent: RefundIntent, asked: Mapping[str, object]) -> Done:
    try:
        reply = store.ask(REFUND, input=asked, key=intent.key)
    except Transient as failure:
        if failure.code in NOTHING_DONE:
            raise
        raise Uncertain("answer_lost", failure.code) from failure
    except Permanent as failure:
        if _is_about_the_key(failure.hint):
            raise Uncertain("key_in_use") from failure
        raise
    outcome = part(reply.data, "refundCreate")
    if ref := key(part(outcome, "refund"), "id"):
        return Done(ref=ref)
    raise _refusal(parts(outcome, "userErrors"))


def _refusal(errors: Sequence[Tree]) -> Permanent | Uncertain:
    """Fields are named, what is said of them is not repeated. Without a refund and without a reason nobody knows what happened."""
    if not errors or any(_is_about_the_key(text(one, "message")) for one in errors):
        return Uncertain("key_in_use" if errors else "answer_lost")
    fields = {word for one in errors for word in texts(one, "field") if word.isidentifier()}
    return Permanent("refund_refused", ", ".join(sorted(fields)))


def _is_about_the_key(words: str) -> bool:
    """Another attempt with this key is under way, or went otherwise: IDEMPOTENCY_CONCURRENT_REQUEST and its like, whose codes are
    published for other mutations and whose words are what a refund's error has."""
    said = words.lower()
    return "idempotency" in said or "currently in progress" in said
