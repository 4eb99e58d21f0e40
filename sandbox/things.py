"""What the world is made of, as plain values: products, people, orders, parcels. Platforms say them their own way.

Amounts are in minor units and include tax (the shops sell to consumers). All moments are aware and in UTC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class OrderState(StrEnum):
    DRAFT = "draft"  # a checkout page is open; no order yet
    PENDING = "pending"  # placed, not paid
    ON_HOLD = "on_hold"
    FAILED = "failed"
    OPEN = "open"  # the shop counts on it and packs it
    COMPLETED = "completed"  # everything was handed over
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    BINNED = "binned"


class Channel(StrEnum):
    """Where an order was made."""

    ONLINE = "online"
    POS = "pos"  # over the counter: paid and taken away at once
    MARKETPLACE = "marketplace"  # another site sold it for the shop


class ScanStatus(StrEnum):
    LABEL_CREATED = "label_created"
    PICKED_UP = "picked_up"
    IN_TRANSIT = "in_transit"
    OUT_FOR_DELIVERY = "out_for_delivery"
    READY_FOR_PICKUP = "ready_for_pickup"
    DELIVERY_ATTEMPTED = "delivery_attempted"
    DELIVERED = "delivered"
    DELAYED = "delayed"
    EXCEPTION = "exception"
    RETURNED_TO_SENDER = "returned_to_sender"
    LOST = "lost"


@dataclass(slots=True, kw_only=True)
class Variant:
    """One thing to buy. `options` pairs an option's name with its value; empty for a product without a choice. `was` is the price
    before a sale, 0 without one; `stock` is not counted for what is virtual."""

    id: int
    title: str
    sku: str
    price: int
    was: int = 0
    options: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    stock: int = 500


@dataclass(slots=True, kw_only=True)
class Product:
    """`handle` is its word in addresses and its picture's name (sandbox/pictures.py). `sold` counts the pieces of paid orders."""

    id: int
    handle: str
    title: str
    description: str
    kind: str
    image_id: int
    tax_rate: int  # per cent
    created_at: datetime
    updated_at: datetime
    variants: list[Variant] = field(default_factory=list[Variant])
    tags: list[str] = field(default_factory=list[str])
    sold: int = 0
    is_virtual: bool = False
    is_listed: bool = True
    is_binned: bool = False


@dataclass(slots=True, kw_only=True)
class Address:
    first_name: str
    last_name: str
    street: str = ""
    extra: str = ""
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    company: str = ""
    phone: str = ""


@dataclass(slots=True, kw_only=True)
class Person:
    """A buyer. `language` is BCP 47; `ref` is his customer id at the store, 0 for a guest."""

    email: str
    language: str
    address: Address
    ref: int = 0

    @property
    def name(self) -> str:
        return f"{self.address.first_name} {self.address.last_name}"


@dataclass(slots=True, kw_only=True)
class Account:
    """Somebody with an account at one store: `id` is the `ref` of the person in his orders, of which there are so many."""

    id: int
    person: Person
    created_at: datetime
    updated_at: datetime
    orders: int = 0
    tags: list[str] = field(default_factory=list[str])


class CouponKind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"  # off the whole order
    SHIPPING = "shipping"  # nothing to pay for sending


@dataclass(slots=True, kw_only=True)
class Coupon:
    """A discount that is claimed with a code. `value` is in per cent or minor units; `limit` 0: as often as one likes; `used_by`
    holds a buyer for each time: his customer number, or a guest's address."""

    id: int
    code: str
    kind: CouponKind
    created_at: datetime
    updated_at: datetime
    value: int = 0
    title: str = ""
    minimum: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    limit: int = 0
    used_by: list[str] = field(default_factory=list[str])
    is_active: bool = True
    is_binned: bool = False
    extra: dict[str, Any] = field(default_factory=dict[str, Any])  # what only its platform knows

    @property
    def used(self) -> int:
        return len(self.used_by)


@dataclass(slots=True, kw_only=True)
class Line:
    """What was bought, as it was then. `discount` is this line's whole share; `product_id` 0: something the shop does not sell."""

    id: int
    product_id: int
    variant_id: int
    title: str
    variant_title: str
    sku: str
    quantity: int
    unit_price: int
    tax_rate: int
    handle: str = ""
    image_id: int = 0
    discount: int = 0
    options: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    requires_shipping: bool = True

    @property
    def total(self) -> int:
        return self.unit_price * self.quantity - self.discount


@dataclass(slots=True, kw_only=True)
class Fee:
    id: int
    title: str
    total: int
    tax_rate: int


@dataclass(slots=True, kw_only=True)
class Refund:
    """Money that went back. `items` pairs a line's id with a quantity; empty where money alone went back. `is_paid_out`: by the way
    of payment itself, not by hand."""

    id: int
    at: datetime
    amount: int
    reason: str = ""
    items: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    is_paid_out: bool = False
    extra: dict[str, Any] = field(default_factory=dict[str, Any])  # what only its platform knows


@dataclass(slots=True, kw_only=True)
class Scan:
    status: ScanStatus
    at: datetime
    place: str = ""
    country: str = ""


@dataclass(slots=True, kw_only=True)
class Parcel:
    """`items` pairs a line's id with a quantity. `number` is empty while (or because) the shop tells none."""

    id: int
    carrier: str
    number: str
    shipped_at: datetime
    updated_at: datetime
    items: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    scans: list[Scan] = field(default_factory=list[Scan])  # oldest first
    expected_from: datetime | None = None
    expected_until: datetime | None = None
    extra: dict[str, Any] = field(default_factory=dict[str, Any])  # what only its platform knows

    @property
    def status(self) -> ScanStatus | None:
        return self.scans[-1].status if self.scans else None


@dataclass(slots=True, kw_only=True)
class Order:
    id: int
    number: str  # as the shopper knows it, with its sign: "#1042"
    placed_at: datetime
    updated_at: datetime
    status: OrderState
    currency: str
    customer: Person
    key: str  # what an order's own page asks for: unguessable
    lines: list[Line] = field(default_factory=list[Line])
    fees: list[Fee] = field(default_factory=list[Fee])
    parcels: list[Parcel] = field(default_factory=list[Parcel])
    refunds: list[Refund] = field(default_factory=list[Refund])
    billing: Address | None = None  # None: the customer's address
    shipping: int = 0
    shipping_title: str = ""
    shipping_tax_rate: int = 0
    shipping_ref: int = 0  # the shipping line's id; the few ids behind it are free for a platform's own lines
    coupon: str = ""
    note: str = ""
    channel: Channel = Channel.ONLINE
    channel_name: str = ""  # the marketplace's, or the till's; empty online
    paid_at: datetime | None = None
    completed_at: datetime | None = None
    cancelled_at: datetime | None = None
    binned_from: OrderState | None = None
    is_taxed: bool = True  # False: exported, or made with net prices
    extra: dict[str, Any] = field(default_factory=dict[str, Any])  # what only its platform knows

    @property
    def discount(self) -> int:
        return sum(line.discount for line in self.lines)

    @property
    def subtotal(self) -> int:
        """The lines after discount, before shipping and fees."""
        return sum(line.total for line in self.lines)

    @property
    def total(self) -> int:
        return self.subtotal + sum(fee.total for fee in self.fees) + self.shipping

    @property
    def tax(self) -> int:
        """The tax that the total includes."""
        parts = [(line.total, line.tax_rate) for line in self.lines] + [(fee.total, fee.tax_rate) for fee in self.fees]
        return sum(self.tax_in(amount, rate) for amount, rate in [*parts, (self.shipping, self.shipping_tax_rate)])

    @property
    def refunded(self) -> int:
        return sum(refund.amount for refund in self.refunds)

    def tax_in(self, amount: int, rate: int) -> int:
        """The tax that `amount` includes at `rate` per cent."""
        return amount - round(amount * 100 / (100 + rate)) if self.is_taxed else 0

    def line(self, line_id: int) -> Line:
        return next(line for line in self.lines if line.id == line_id)

    def parcel(self, parcel_id: int) -> Parcel:
        return next(parcel for parcel in self.parcels if parcel.id == parcel_id)

    def unsent(self) -> list[tuple[int, int]]:
        """What no parcel holds yet: (line id, quantity)."""
        sent: dict[int, int] = {}
        for parcel in self.parcels:
            for line_id, quantity in parcel.items:
                sent[line_id] = sent.get(line_id, 0) + quantity
        left = [(line.id, line.quantity - sent.get(line.id, 0)) for line in self.lines if line.requires_shipping]
        return [(line_id, quantity) for line_id, quantity in left if quantity > 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Basket:
    """A wish to buy: variant id and quantity, for whom, and the odds and ends of a checkout."""

    customer: Person
    items: Sequence[tuple[int, int]]
    shipping: int = 0
    shipping_title: str = ""
    coupon: str = ""
    discount_percent: int = 0
    note: str = ""
    channel: Channel = Channel.ONLINE
    channel_name: str = ""
