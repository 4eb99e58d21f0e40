"""Refunds through the API: once for each key, and only of what was paid and has not gone back.

Source: mutation refundCreate of 2026-10 and shopify.dev/docs/api/usage/implementing-idempotency: a key is kept for 24 hours; with
the same input it gives the first result, with another one an error. What a call without a key is answered is not published;
here it fails with a code of the sandbox's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import orjson

from sandbox.ledger import Ledger
from sandbox.shopify import objects
from sandbox.shopify.graphql import Arguments, FieldFailed, Node
from sandbox.shopify.shop import Shop, gid, payment_id
from sandbox.things import Order, Refund

KIND = "shopify/refund-key"
RETENTION = timedelta(hours=24)

OTHER_INPUT = "The same idempotency key cannot be used with different operation parameters."


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What a key was used for. `input` is a hash of what was asked."""

    key: str
    input: str
    at: datetime
    order: int
    refund: int


class Unacceptable(Exception):
    """Why a refund cannot be, and of which field of the input that is said."""

    def __init__(self, message: str, *field: str) -> None:
        super().__init__(message)
        self.message, self.field = message, ("input", *field)


class Refunds:
    """Hold the world's lock. Survives a restart."""

    def __init__(self, shop: Shop, ledger: Ledger) -> None:
        self._shop = shop
        self._ledger = ledger
        self._shelf = shop.store.world.shelf
        self._attempts = {one.key: one for one in self._shelf.all(KIND, Attempt)}

    def create(self, arguments: Arguments) -> Node:
        key = str(arguments.get("@idempotent", {}).get("key", "")).strip()
        if not key:
            raise FieldFailed("This mutation requires the @idempotent directive with a key", "IDEMPOTENCY_KEY_MISSING")
        try:
            order, refund = self._once(key, arguments["input"])
        except Unacceptable as error:
            return _payload(None, [Node("UserError", {"field": list(error.field), "message": error.message})])
        return _payload(objects.refund(order, refund), [])

    def _once(self, key: str, asked: Mapping[str, Any]) -> tuple[Order, Refund]:
        fingerprint = hashlib.sha256(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)).hexdigest()
        now = self._shop.store.world.now()
        earlier = self._attempts.get(key)
        if earlier is not None and now - earlier.at < RETENTION:
            return self._again(earlier, fingerprint)
        order = self._order(asked)
        refund = self._refund(order, asked)
        attempt = Attempt(key=key, input=fingerprint, at=now, order=order.id, refund=refund.id)
        self._attempts[key] = attempt
        self._shelf.put(KIND, key, attempt)
        self._ledger.happened(self._shop.store, "refund", key, str(order.id), refund.amount)
        return order, refund

    def _again(self, earlier: Attempt, fingerprint: str) -> tuple[Order, Refund]:
        if earlier.input != fingerprint:
            raise Unacceptable(OTHER_INPUT)
        order = self._shop.store.orders[earlier.order]
        return order, next(one for one in order.refunds if one.id == earlier.refund)

    def _order(self, asked: Mapping[str, Any]) -> Order:
        found = (one for one in self._shop.orders() if gid("Order", one.id) == asked["orderId"])
        order = next(found, None)
        if order is None:
            raise Unacceptable("Order does not exist", "orderId")
        if asked.get("currency") not in (None, order.currency):
            raise Unacceptable("Currency must be the order's presentment currency", "currency")
        return order

    def _refund(self, order: Order, asked: Mapping[str, Any]) -> Refund:
        lines: Sequence[Mapping[str, Any]] = asked.get("refundLineItems") or ()
        items = [_item(order, line) for line in lines]
        amount = sum(_amount(order, one) for one in asked.get("transactions") or ())
        if amount > order.total - order.refunded:
            raise Unacceptable("Refund amount is more than what is available", "transactions")
        return self._shop.store.refund(
            order,
            amount,
            str(asked.get("note") or ""),
            items,
            restock=any(line.get("restockType") in ("RETURN", "CANCEL") for line in lines),
            is_paid_out=True,
        )


def _item(order: Order, asked: Mapping[str, Any]) -> tuple[int, int]:
    line = next((one for one in order.lines if gid("LineItem", one.id) == asked["lineItemId"]), None)
    if line is None:
        raise Unacceptable("Line item does not exist", "refundLineItems")
    back = sum(quantity for refund in order.refunds for line_id, quantity in refund.items if line_id == line.id)
    if not 0 < asked["quantity"] <= line.quantity - back:
        raise Unacceptable("Quantity cannot refund more items than were purchased", "refundLineItems")
    if asked.get("restockType") in ("RETURN", "CANCEL") and not asked.get("locationId"):
        raise Unacceptable("Location is required to restock", "refundLineItems")
    return line.id, asked["quantity"]


def _amount(order: Order, asked: Mapping[str, Any]) -> int:
    if order.paid_at is None or asked.get("parentId") != gid("OrderTransaction", payment_id(order)):
        raise Unacceptable("Parent transaction does not exist", "transactions")
    if (asked.get("kind"), asked.get("gateway"), asked.get("orderId")) != (
        "REFUND",
        objects.GATEWAY,
        gid("Order", order.id),
    ):
        raise Unacceptable("Transaction is not one of this order", "transactions")
    return int(Decimal(asked["amount"]) * 100)


def _payload(refund: Node | None, errors: list[Node]) -> Node:
    return Node("RefundCreatePayload", {"refund": refund, "userErrors": errors})
