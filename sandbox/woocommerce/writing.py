"""Orders made and changed over the REST API. Nothing is checked that WooCommerce does not check."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from sandbox.things import Address, Fee, Line, Order, OrderState, Person, Variant
from sandbox.woocommerce.orders import STATUSES
from sandbox.woocommerce.side import Side, Sides
from sandbox.world import Store

Body = Mapping[str, Any]
STATES = {word: state for state, word in STATUSES.items()}
STANDARD_RATE = 19
COUPON_PERCENT = 10
"""The sandbox has one kind of coupon, whatever its code."""


def cents(text: object) -> int:
    return int(Decimal(str(text or 0)) * 100)


class Writer:
    """Writes into one store. Call under the world's lock."""

    def __init__(self, store: Store, sides: Sides) -> None:
        self._store = store
        self._sides = sides

    def create(self, body: Body) -> Order:
        """A new order, as paid as the body says."""
        now = self._store.world.now()
        order_id = self._store.next_id()
        billing = cast(Body, body.get("billing", {}))
        order = Order(
            id=order_id,
            number=str(order_id),
            placed_at=now,
            updated_at=now,
            status=STATES[body.get("status", "pending")],
            currency=self._store.profile.currency,
            customer=Person(
                email=billing.get("email", ""),
                language=self._store.profile.language,
                address=address_from(body.get("shipping", {})),
                ref=body.get("customer_id", 0),
            ),
            billing=address_from(billing),
            key=self._store.world.word(f"rest/{order_id}"),
            note=body.get("customer_note", ""),
            shipping_ref=self._store.next_id(reserve=4),
        )
        order.is_taxed = order.customer.address.country not in self._store.profile.exports_to
        self._add_lines(order, body)
        self._sides.keep(
            Side(
                order=order_id,
                created_via="rest-api",
                payment_method=body.get("payment_method", ""),
                payment_title=body.get("payment_method_title", ""),
                transaction_id=body.get("transaction_id", ""),
                meta=[self._sides.meta(entry["key"], entry["value"]) for entry in body.get("meta_data", [])],
            )
        )
        if body.get("set_paid"):
            self._pay(order, is_cash=body.get("payment_method") == "cod")
        return self._store.add(order)

    def _add_lines(self, order: Order, body: Body) -> None:
        order.coupon = next((entry["code"] for entry in body.get("coupon_lines", [])), "")
        order.lines = [self._line(entry, COUPON_PERCENT if order.coupon else 0) for entry in body.get("line_items", [])]
        order.shipping_tax_rate = max((line.tax_rate for line in order.lines), default=STANDARD_RATE)
        for entry in body.get("shipping_lines", []):
            order.shipping += self._gross(order, entry.get("total"), order.shipping_tax_rate)
            order.shipping_title = entry.get("method_title", "")
        for entry in body.get("fee_lines", []):
            total = self._gross(order, entry.get("total"), STANDARD_RATE)
            fee = Fee(id=self._store.next_id(), title=entry.get("name", ""), total=total, tax_rate=STANDARD_RATE)
            order.fees.append(fee)

    def _gross(self, order: Order, net: object, rate: int) -> int:
        """The API speaks net, the world gross."""
        return round(cents(net) * (100 + rate) / 100) if order.is_taxed else cents(net)

    def _line(self, entry: Body, discount_percent: int) -> Line:
        quantity = int(entry.get("quantity", 1))
        variant = self._variant(entry)
        if variant is not None:
            return self._store.line_of(variant.id, quantity, discount_percent)
        return Line(
            id=self._store.next_id(),
            product_id=0,
            variant_id=0,
            title="",
            variant_title="",
            sku="",
            quantity=quantity,
            unit_price=0,
            tax_rate=STANDARD_RATE,
        )

    def _variant(self, entry: Body) -> Variant | None:
        product = self._store.products.get(int(entry.get("product_id", 0)))
        wanted = int(entry.get("variation_id", 0))
        variants = product.variants if product else []
        return next((one for one in variants if wanted in (0, one.id)), None)

    def _pay(self, order: Order, *, is_cash: bool) -> None:
        order.paid_at = self._store.world.now()
        is_done = is_cash or not order.unsent()  # measured: cash on delivery with set_paid is completed at once
        self._enter(order, OrderState.COMPLETED if is_done else OrderState.OPEN)

    def _enter(self, order: Order, state: OrderState) -> None:
        now = self._store.world.now()
        if state == OrderState.COMPLETED and order.completed_at is None:
            order.completed_at = now
        if state == OrderState.CANCELLED and order.cancelled_at is None:
            order.cancelled_at = now
        order.status = state

    def update(self, order: Order, body: Body) -> None:
        """Every PUT moves the modification date and is told, an empty one too (measurements/webhook-failures.json)."""
        side = self._sides.of(order)
        if body.get("set_paid") and order.paid_at is None:
            self._pay(order, is_cash=side.payment_method == "cod")
        if "status" in body:
            self._enter(order, STATES[body["status"]])
        if "customer_note" in body:
            order.note = body["customer_note"]
        if "billing" in body:
            order.billing = address_from(body["billing"], order.billing or order.customer.address)
            order.customer.email = body["billing"].get("email", order.customer.email)
        if "shipping" in body:
            order.customer.address = address_from(body["shipping"], order.customer.address)
        self._update_meta(side, body.get("meta_data", []))
        self._store.touch(order)

    def _update_meta(self, side: Side, entries: list[Body]) -> None:
        """By id, or by key; null deletes."""
        for entry in entries:
            kept = next((one for one in side.meta if entry.get("id") == one.id or entry.get("key") == one.key), None)
            if kept is None and entry.get("value") is not None:
                side.meta.append(self._sides.meta(entry["key"], entry["value"]))
            elif kept is not None and entry.get("value") is None:
                side.meta.remove(kept)
            elif kept is not None:
                kept.value = entry["value"]
        self._sides.keep(side)


FIELDS = {
    "first_name": "first_name",
    "last_name": "last_name",
    "company": "company",
    "street": "address_1",
    "extra": "address_2",
    "city": "city",
    "region": "state",
    "postcode": "postcode",
    "country": "country",
    "phone": "phone",
}


def address_from(body: Body, before: Address | None = None) -> Address:
    """An address as given, over the one that stood before."""
    base = before or Address(first_name="", last_name="")
    return Address(**{field: str(body.get(name, getattr(base, field))) for field, name in FIELDS.items()})
