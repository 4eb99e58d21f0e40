"""The vocabulary that both sides share. Facts are what a platform or carrier says now; events are what happened, and stay.

Connectors and carriers make facts, `domain.apply` turns them into rows and events, follow-ups read events. Nothing here
knows a platform, a database or a clock. All moments are aware and in UTC; money is in minor units of `currency` (EUR 1.00 is 100).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum


class Resource(StrEnum):
    """What is read from a store, page by page. Refunds and parcels come with their orders, variants with their products."""

    ORDERS = "orders"
    PRODUCTS = "products"
    CUSTOMERS = "customers"
    DISCOUNTS = "discounts"


class Channel(StrEnum):
    """Where an order was made; other rules hold for what a shopper may be told in each."""

    ONLINE = "online"
    POS = "pos"  # over the counter: nothing is on its way
    MARKETPLACE = "marketplace"  # sold by another site, which keeps the shopper for itself
    DRAFT = "draft"  # typed in by the shop's own people
    OTHER = "other"  # an app that we do not know


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
    channel: Channel = Channel.ONLINE
    channel_name: str = ""  # the platform's own word for it, to be shown
    discount_codes: tuple[str, ...] = ()
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
class RefundFact:
    """Money that went back for an order; told once and never changed. `amount` is what the shopper got, in minor units of the
    order's currency; `items` pairs a line's ref with a quantity and is empty where money alone went back."""

    order_ref: str
    ref: str
    refunded_at: datetime
    amount: int
    items: tuple[tuple[str, int], ...] = ()


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
class Variant:
    """One thing that can be bought. Prices are in the shop's own currency; `stock` is None where it is not counted."""

    ref: str
    title: str = ""  # what tells it apart: "Blue / M"; empty when there is only one
    sku: str = ""
    price: Decimal | None = None
    compare_at_price: Decimal | None = None  # what it cost before
    stock: int | None = None
    is_available: bool = True  # can be ordered now, whatever the stock says
    image_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductFact:
    """A product with all of its variants as its platform shows it now. `collections` are the platform's keys of the groups it
    stands in, None where this mouth of the platform does not say."""

    ref: str
    updated_at: datetime
    title: str
    is_listed: bool  # shoppers can find it
    url: str = ""
    image_url: str = ""
    kind: str = ""
    vendor: str = ""
    tags: tuple[str, ...] = ()
    collections: tuple[str, ...] | None = None
    variants: tuple[Variant, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFact:
    """Somebody with an account at the shop. Personal fields are None where unknown or withheld."""

    ref: str
    updated_at: datetime
    created_at: datetime | None = None
    email: str | None = None
    phone: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    language: str | None = None  # BCP 47
    country: str = ""
    tags: tuple[str, ...] = ()


class DiscountKind(StrEnum):
    PERCENT = "percent"
    AMOUNT = "amount"
    SHIPPING = "shipping"
    OTHER = "other"  # buy X get Y, an app's own rule


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountFact:
    """A discount that shoppers claim with a code. `value` is percent points or an amount in the shop's currency; `used` counts
    redemptions, and nobody may claim more than `usage_limit` (None: no limit)."""

    ref: str
    updated_at: datetime
    kind: DiscountKind
    codes: tuple[str, ...] = ()
    title: str = ""
    value: Decimal | None = None
    minimum: Decimal | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    usage_limit: int | None = None
    used: int = 0
    is_active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """The platform no longer shows this thing."""

    ref: str
    updated_at: datetime
    resource: Resource = Resource.ORDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Stale:
    """The sender told too little to act on: this thing must be pulled."""

    ref: str
    resource: Resource = Resource.ORDERS


Fact = OrderFact | ShipmentFact | ScanFact | RefundFact | ProductFact | CustomerFact | DiscountFact | Gone | Stale


# --- what a platform is asked to do -----------------------------------------------------------------------------------


class EffectKind(StrEnum):
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundIntent:
    """Give money back for an order, by its way of payment. `key` is ours and the same for every attempt; `amount` is in minor
    units of `currency`. `items` pairs a line's ref with a quantity, and `restock` puts those back on the shelf."""

    key: str
    order_ref: str
    amount: int
    currency: str
    items: tuple[tuple[str, int], ...] = ()
    restock: bool = False


Intent = RefundIntent


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The platform did it, now or at an earlier attempt; `ref` is its key for what came of it."""

    ref: str


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
class OrderRefunded(Event):
    """Money went back. `amount` in minor units of the order's currency."""

    amount: int


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
    for kind in (
        OrderPlaced,
        OrderCancelled,
        OrderRefunded,
        ShipmentSent,
        TrackingNumberAdded,
        ShipmentMoved,
        ShipmentDelivered,
    )
}
"""Every event that history may hold, by the name it is stored under."""
