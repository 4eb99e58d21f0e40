"""Their order becomes ours. Read only the `_gmt` fields: the others are the site's local time without an offset."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from babel.numbers import get_currency_precision

from app.connectors.woocommerce.channels import origin_of
from app.connectors.woocommerce.reading import (
    Record,
    amount,
    email,
    link,
    minor_units,
    moment,
    needed,
    plain,
    record,
    records,
    ref,
    text,
)
from app.events import Address, Line, OrderFact, OrderStatus

STATUSES: dict[str, OrderStatus] = {
    "pending": OrderStatus.PENDING,
    "failed": OrderStatus.PENDING,  # the payment failed, and the shopper may still try again
    "on-hold": OrderStatus.CONFIRMED,  # ordered and waiting for a bank transfer: the shop keeps the goods for it
    "processing": OrderStatus.CONFIRMED,
    "completed": OrderStatus.COMPLETED,
    "cancelled": OrderStatus.CANCELLED,
    "refunded": OrderStatus.REFUNDED,
    "trash": OrderStatus.DELETED,
}

DRAFTS = frozenset({"checkout-draft", "auto-draft"})
"""A checkout page or an editor that somebody has opened: not an order yet."""

MOST_PIECES = 999_999

PICKUPS = frozenset({"local_pickup", "pickup_location"})
"""Shipping methods with which nothing is sent: the classic one and that of the block checkout."""


@dataclass(frozen=True, slots=True)
class Money:
    """How this order counts money. WooCommerce states every amount without tax beside its tax; a shop that enters its prices with
    tax shows them so, and its shoppers expect to find them so."""

    precision: int
    includes_tax: bool

    def of(self, holder: Record, name: str, tax_name: str) -> int:
        """Minor units of an amount, as the shopper saw it."""
        value = amount(holder.get(name)) or Decimal(0)
        tax = amount(holder.get(tax_name)) if self.includes_tax else None
        return minor_units(value + (tax or Decimal(0)), self.precision)


def is_draft(order: Record) -> bool:
    return text(order.get("status")) in DRAFTS


def order_from(order: Record) -> OrderFact:
    """`subtotal` is the sum of the lines, fees among them: after discount, before shipping.
    `Permanent("unreadable_order")` without id, moment of change, currency or total: all else has a harmless default."""
    currency = text(order.get("currency")).upper()
    money = Money(get_currency_precision(currency), order.get("prices_include_tax") is True)
    lines = _with_own_ref((*_lines(order, money), *_fees(order, money)))
    billing = record(order.get("billing"))
    channel, channel_name = origin_of(order)
    order_ref = needed("unreadable_order", "id", ref(order.get("id")))
    updated_at = needed("unreadable_order", "date_modified_gmt", moment(order.get("date_modified_gmt")))
    return OrderFact(
        ref=order_ref,
        number="#" + (text(order.get("number")).lstrip("#") or order_ref),
        status=_status(order),
        placed_at=moment(order.get("date_created_gmt")) or updated_at,
        updated_at=updated_at,
        currency=needed("unreadable_order", "currency", currency),
        total=minor_units(needed("unreadable_order", "total", amount(order.get("total"))), money.precision),
        subtotal=sum(line.total for line in lines),
        channel=channel,
        channel_name=channel_name,
        discount_codes=_codes(order),
        shipping=money.of(order, "shipping_total", "shipping_tax"),
        discount=money.of(order, "discount_total", "discount_tax"),
        tax=minor_units(amount(order.get("total_tax")) or Decimal(0), money.precision),
        email=email(billing.get("email")),
        phone=text(billing.get("phone")) or text(record(order.get("shipping")).get("phone")) or None,
        first_name=plain(billing.get("first_name")) or None,
        last_name=plain(billing.get("last_name")) or None,
        customer_ref=ref(order.get("customer_id")) or None,  # 0 is a guest
        address=_address(record(order.get("shipping"))) or _address(billing),
        lines=lines,
    )


def ships(order: Record) -> bool:
    """Whether anything is sent. Lines do not say what they are, so the order answers for all of them: it has a way of shipping
    that is no pickup (WooCommerce's own test, `WC_Order::needs_shipping_address`), and not only downloads in it."""
    methods = {text(line.get("method_id")) for line in records(order.get("shipping_lines"))}
    return order.get("needs_processing") is not False and bool(methods - PICKUPS - {""})


def _status(order: Record) -> OrderStatus:
    """Plugins add statuses ("packed", "awaiting-parts", "quote"), and no list of them is complete. An order that was paid, handed
    over or is to be paid at the door is one the shop counts on, whatever its plugin calls that; any other may be a mere wish."""
    known = STATUSES.get(text(order.get("status")))
    if known:
        return known
    is_settled = moment(order.get("date_paid_gmt")) or moment(order.get("date_completed_gmt"))
    return OrderStatus.CONFIRMED if is_settled or order.get("payment_method") == "cod" else OrderStatus.PENDING


def _lines(order: Record, money: Money) -> Iterable[Line]:
    requires_shipping = ships(order)
    for line in records(order.get("line_items")):
        title, variant = _names(line)
        yield Line(
            ref=ref(line.get("id")),
            title=title,
            variant=variant,
            quantity=_pieces(line),
            total=money.of(line, "total", "total_tax"),
            sku=text(line.get("sku")),
            product_ref=ref(line.get("product_id")),
            variant_ref=ref(line.get("variation_id")) or ref(line.get("product_id")),  # see products.py
            image_url=link(record(line.get("image")).get("src")),
            requires_shipping=requires_shipping,
        )


def _fees(order: Record, money: Money) -> Iterable[Line]:
    """A gift wrap or a surcharge is part of what was paid, and a receipt without it does not add up."""
    for fee in records(order.get("fee_lines")):
        total = money.of(fee, "total", "total_tax")
        if total:
            title = plain(fee.get("name"))
            yield Line(ref=ref(fee.get("id")), title=title, quantity=1, total=total, requires_shipping=False)


def _codes(order: Record) -> tuple[str, ...]:
    """As the store keeps them, in lower case."""
    codes = (text(line.get("code")) for line in records(order.get("coupon_lines")))
    return tuple(dict.fromkeys(filter(None, codes)))


def _with_own_ref(lines: Iterable[Line]) -> tuple[Line, ...]:
    """Lines and fees draw their ids from one table, so a line without an id of its own was never one of this store."""
    return tuple({line.ref: line for line in lines if line.ref}.values())


def _names(line: Record) -> tuple[str, str]:
    """Title and variant. A variation is called "Product - S, Blue"; with three attributes or more only its meta says which."""
    name, parent = plain(line.get("name")), plain(line.get("parent_name"))
    if not ref(line.get("variation_id")) or not parent:
        return name, ""
    if name.startswith(f"{parent} - "):
        return parent, name.removeprefix(f"{parent} - ")
    shown = (entry for entry in records(line.get("meta_data")) if not text(entry.get("key")).startswith("_"))
    return name, ", ".join(filter(None, (plain(entry.get("display_value")) for entry in shown)))


def _pieces(line: Record) -> int:
    """Plugins sell 1.5 metres: that is two for counting."""
    quantity = amount(line.get("quantity")) or Decimal(0)
    return min(max(int(quantity.to_integral_value(ROUND_CEILING)), 0), MOST_PIECES)


def _address(given: Record) -> Address | None:
    """None when nothing but a name or the shop's default country stands in it."""
    street = tuple(filter(None, (plain(given.get("address_1")), plain(given.get("address_2")))))
    city, postcode = plain(given.get("city")), text(given.get("postcode"))
    if not (street or city or postcode):
        return None
    names = (plain(given.get("first_name")), plain(given.get("last_name")))
    country = text(given.get("country")).upper()
    return Address(
        name=" ".join(filter(None, names)),
        company=plain(given.get("company")),
        street=street,
        city=city,
        postcode=postcode,
        region=plain(given.get("state")),
        country=country if len(country) == 2 else "",
    )
