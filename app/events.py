"""The vocabulary that both sides share. Facts are what a platform or carrier says now; events are what happened, and stay.

Connectors and carriers make facts, `domain.apply` turns them into rows and events, follow-ups read events. Nothing here
knows a platform, a database or a clock. All moments are aware and in UTC; money is in minor units of `currency` (EUR 1.00 is 100).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class OrderStatus(StrEnum):
    PENDING = "pending"  # placed, but the shop does not count on it yet (payment open or failed)
    CONFIRMED = "confirmed"
    COMPLETED = "completed"  # everything was handed over
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    DELETED = "deleted"  # the platform no longer has it


class ShipmentStatus(StrEnum):
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
    UNKNOWN = "unknown"


class Source(StrEnum):
    """Who said so; every fact is kept with its source."""

    PLATFORM = "platform"  # its own word for where a parcel stands, with no event behind it
    WEBHOOK = "webhook"
    PULL = "pull"
    CARRIER = "carrier"


# --- facts ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """As the shopper gave it. `country` is ISO 3166-1 alpha-2 or empty."""

    name: str = ""
    company: str = ""
    street: tuple[str, ...] = ()
    city: str = ""
    postcode: str = ""
    region: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of an order. `total` is for all pieces, after discount, before shipping."""

    ref: str
    title: str
    quantity: int
    total: int
    variant: str = ""
    sku: str = ""
    product_ref: str = ""
    variant_ref: str = ""
    image_url: str = ""
    requires_shipping: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact:
    """An order as its platform shows it now. Names and addresses are None or empty where the platform withholds them."""

    ref: str  # the platform's own key, as text
    number: str  # as the shopper knows it, with its sign: "#1042"
    status: OrderStatus
    placed_at: datetime
    updated_at: datetime  # the platform's clock; older facts never overwrite newer ones
    currency: str
    total: int
    subtotal: int = 0
    shipping: int = 0
    discount: int = 0
    tax: int = 0
    channel: str = "online"
    language: str | None = None  # BCP 47; None where the platform does not say
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    customer_ref: str | None = None
    address: Address | None = None
    cancelled_at: datetime | None = None
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderGone:
    """The platform no longer shows this order."""

    ref: str
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentFact:
    """A parcel as its platform shows it now. `items` pairs a line's ref with a quantity; empty means not said."""

    order_ref: str
    ref: str
    updated_at: datetime
    shipped_at: datetime
    status: ShipmentStatus = ShipmentStatus.UNKNOWN
    carrier: str = ""  # the name that the shop gave it
    tracking_number: str = ""
    tracking_url: str = ""
    items: tuple[tuple[str, int], ...] = ()
    expected_from: date | None = None
    expected_until: date | None = None
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanFact:
    """Something happened to a parcel. It is found by `shipment_ref`, or by `tracking_number` where a carrier speaks."""

    status: ShipmentStatus
    occurred_at: datetime
    source: Source
    order_ref: str = ""
    shipment_ref: str = ""
    tracking_number: str = ""
    place: str = ""
    expected_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """The sender told too little to act on: this order must be pulled."""

    order_ref: str


Fact = OrderFact | OrderGone | ShipmentFact | ScanFact | Stale


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What happened to an order. Ids are ours; `occurred_at` is when it happened, not when we heard of it."""

    order_id: int
    occurred_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderPlaced(Event):
    """The shop counts on this order from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderCancelled(Event):
    """The order was called off, by whomever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentEvent(Event):
    shipment_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentSent(ShipmentEvent):
    """A parcel left the shop, with a tracking number or without one."""

    has_tracking: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingNumberAdded(ShipmentEvent):
    """A parcel that had left without a tracking number got one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentMoved(ShipmentEvent):
    """A parcel went up the ladder (domain/shipments/rules.py)."""

    status: ShipmentStatus
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentDelivered(ShipmentEvent):
    source: Source


EVENTS: dict[str, type[Event]] = {
    kind.__name__: kind
    for kind in (OrderPlaced, OrderCancelled, ShipmentSent, TrackingNumberAdded, ShipmentMoved, ShipmentDelivered)
}
"""Every event that history may hold, by the name it is stored under."""
