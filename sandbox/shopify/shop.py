"""The one installation of our app in this store: who may ask, and how the platform spells ids, money, moments and places."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel import Locale

from sandbox.things import Address, Channel, Coupon, Order, OrderState, Parcel, Product, Scan, ScanStatus
from sandbox.world import Store

API_VERSION = "2026-10"

SCOPES = frozenset(
    {
        *("read_orders", "read_all_orders", "write_orders", "read_fulfillments", "read_products", "read_customers"),
        *("read_discounts", "read_locales", "read_legal_policies", "read_locations", "write_app_proxy"),
    }
)

EVENTS = {
    ScanStatus.LABEL_CREATED: "label_purchased",
    ScanStatus.PICKED_UP: "carrier_picked_up",
    ScanStatus.IN_TRANSIT: "in_transit",
    ScanStatus.OUT_FOR_DELIVERY: "out_for_delivery",
    ScanStatus.READY_FOR_PICKUP: "ready_for_pickup",
    ScanStatus.DELIVERY_ATTEMPTED: "attempted_delivery",
    ScanStatus.DELIVERED: "delivered",
    ScanStatus.DELAYED: "delayed",
    ScanStatus.EXCEPTION: "failure",
    ScanStatus.RETURNED_TO_SENDER: "failure",  # the platform has no word for these two
    ScanStatus.LOST: "failure",
}
"""The platform's eleven words for what a carrier saw; GraphQL writes them in capitals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """What the platform gave our app, and what it granted. `access_token` opens the Admin API, `client_secret` signs."""

    domain: str
    client_id: str
    client_secret: str
    access_token: str
    scopes: frozenset[str] = SCOPES


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The store with the app's keys to it. `url` is where its storefront stands, without a trailing slash."""

    store: Store
    url: str
    keys: Keys

    @property
    def id(self) -> int:
        return number_of(self.keys.domain) % 10**11

    def order_url(self, order: Order) -> str:
        """The order's own page, which its key opens without login."""
        return f"{self.url}/orders/{order.id}?key={order.key}"

    def picture_url(self, handle: str) -> str:
        return f"{self.url}/pictures/{handle}.svg"

    def local(self, moment: datetime) -> str:
        """As webhooks write moments: in the shop's zone, with its offset."""
        return moment.astimezone(ZoneInfo(self.store.profile.timezone)).isoformat(timespec="seconds")

    def orders(self) -> list[Order]:
        """What the platform shows: no open checkouts, nothing binned. Hold the world's lock."""
        hidden = (OrderState.DRAFT, OrderState.BINNED)
        return [order for order in self.store.orders.values() if order.status not in hidden]

    def coupons(self) -> list[Coupon]:
        """The platform has no bin for them."""
        return [coupon for coupon in self.store.coupons.values() if not coupon.is_binned]

    def product_url(self, handle: str) -> str:
        return f"{self.url}/products/{handle}"


# --- spelling ---------------------------------------------------------------------------------------------------------


def gid(kind: str, number: int) -> str:
    return f"gid://shopify/{kind}/{number}"


def number_of(text: str) -> int:
    """An id of at most 15 digits that is the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") % 10**15


def decimal(minor: int) -> str:
    """4150 -> "41.50"; every currency of the sandbox has two places."""
    sign = "-" if minor < 0 else ""
    return f"{sign}{abs(minor) // 100}.{abs(minor) % 100:02d}"


def utc(moment: datetime | None) -> str | None:
    """As GraphQL writes moments."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


@cache
def country_name(code: str) -> str:
    return str(cast(dict[str, Any], Locale("en").territories).get(code, code))


def full_name(address: Address) -> str:
    return f"{address.first_name} {address.last_name}".strip()


def event_id(parcel: Parcel, scan: Scan) -> int:
    return number_of(f"{parcel.id}/{scan.status}/{scan.at.isoformat()}")


# --- states -----------------------------------------------------------------------------------------------------------


def scans_known(parcel: Parcel) -> list[Scan]:
    """The scans that the platform hears of: it follows a parcel by its number. Oldest first."""
    return parcel.scans if parcel.number else []


def financial_status(order: Order) -> str:
    if order.paid_at is None:
        return "voided" if order.status is OrderState.CANCELLED else "pending"
    if order.status in (OrderState.REFUNDED, OrderState.CANCELLED):
        return "refunded"
    return "partially_refunded" if order.refunds else "paid"


def fulfillment_status(order: Order) -> str | None:
    """None: nothing has been sent. What is sold over the counter is handed over with it."""
    if order.channel is Channel.POS:
        return "fulfilled"
    if not order.parcels:
        return None
    return "partial" if order.unsent() else "fulfilled"


def outstanding(order: Order) -> int:
    return order.total if financial_status(order) == "pending" else 0


def current_total(order: Order) -> int:
    """What the order is worth after what was given back or called off."""
    if financial_status(order) in ("refunded", "voided"):
        return 0
    return order.total - order.refunded


def source_name(order: Order) -> str:
    """The word that an order is signed with: the platform's own, or the handle of the channel that made it."""
    own = {Channel.ONLINE: "web", Channel.POS: "pos"}
    return own.get(order.channel) or order.channel_name.lower()


def product_status(one: Product) -> str:
    """The platform has no bin for products: what the shop puts away is archived."""
    if one.is_binned:
        return "ARCHIVED"
    return "ACTIVE" if one.is_listed else "DRAFT"


def coupon_status(coupon: Coupon, now: datetime) -> str:
    if not coupon.is_active or (coupon.ends_at and coupon.ends_at <= now):
        return "EXPIRED"
    return "SCHEDULED" if coupon.starts_at and coupon.starts_at > now else "ACTIVE"


def payment_id(order: Order) -> int:
    """Every order is paid for in one piece."""
    return number_of(f"payment/{order.id}")
