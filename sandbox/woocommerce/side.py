"""What only WooCommerce knows of an order: meta, notes, fulfilments, how it was made and paid."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox.things import Channel, Order, OrderState, Parcel
from sandbox.world import Store

TRACKING = "_wc_shipment_tracking_items"
"""The meta key of the Shipment Tracking plugin."""

MARKETPLACE_NUMBERS = {"amazon": "_wpla_amazon_order_id"}

UNPAID = frozenset({OrderState.PENDING, OrderState.FAILED, OrderState.DRAFT})


@dataclass(slots=True, kw_only=True)
class Meta:
    id: int
    key: str
    value: Any

    def shown(self) -> dict[str, object]:
        return {"id": self.id, "key": self.key, "value": self.value}


@dataclass(slots=True, kw_only=True)
class Note:
    id: int
    at: datetime
    text: str
    is_for_customer: bool


@dataclass(slots=True, kw_only=True)
class Fulfilment:
    """A native fulfilment that somebody made over the API."""

    id: int
    is_fulfilled: bool
    status: str
    at: datetime
    meta: list[Meta] = field(default_factory=list[Meta])

    def items(self) -> list[dict[str, int]]:
        return [item for meta in self.meta if meta.key == "_items" for item in meta.value]


@dataclass(slots=True, kw_only=True)
class Side:
    order: int
    created_via: str
    payment_method: str = ""
    payment_title: str = ""
    transaction_id: str = ""
    ip_address: str = ""
    user_agent: str = ""
    cart_hash: str = ""
    meta: list[Meta] = field(default_factory=list[Meta])
    notes: list[Note] = field(default_factory=list[Note])
    fulfilments: list[Fulfilment] = field(default_factory=list[Fulfilment])


class Sides:
    """The sides of one store's orders, kept on the world's shelf. Call under the world's lock."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._shelf = store.world.shelf
        self._kind = f"side/{store.slug}"
        self._sides = {side.order: side for side in self._shelf.all(self._kind, Side)}

    def of(self, order: Order) -> Side:
        """An order's side; one that was not made over the API gets it when it is first looked at."""
        return self._sides.get(order.id) or self.keep(self._made(order))

    def keep(self, side: Side) -> Side:
        self._sides[side.order] = side
        self._shelf.put(self._kind, side.order, side)
        return side

    def meta(self, key: str, value: object) -> Meta:
        """A new entry with an id of its own."""
        return Meta(id=self._shelf.count(f"{self._kind}/meta"), key=key, value=value)

    def _made(self, order: Order) -> Side:
        if order.channel == Channel.POS:
            return Side(
                order=order.id, created_via="pos-rest-api", payment_method="pos_cash", payment_title=order.channel_name
            )
        if order.channel == Channel.MARKETPLACE:
            return self._from_marketplace(order)
        return self._from_storefront(order)

    def _from_marketplace(self, order: Order) -> Side:
        """As the plugins of WP Lab bring them in: under the marketplace's name, with its own number beside."""
        name = order.channel_name.lower()
        return Side(
            order=order.id,
            created_via=name,
            payment_method=name,
            payment_title=order.channel_name,
            meta=[self.meta(MARKETPLACE_NUMBERS.get(name, f"_{name}_order_id"), f"{order.id:03}-{order.key}")],
        )

    def _from_storefront(self, order: Order) -> Side:
        cart = hashlib.md5(order.key.encode(), usedforsecurity=False).hexdigest()
        nothing = hashlib.md5(b"[]", usedforsecurity=False).hexdigest()
        entries = {
            "_coupons_hash": nothing,
            "_fees_hash": nothing,
            "_shipping_hash": cart[::-1],
            "_taxes_hash": nothing,
            "is_vat_exempt": "no",
        }
        return Side(
            order=order.id,
            created_via="store-api",
            payment_method="stripe",
            payment_title="Kreditkarte",
            transaction_id=f"ch_{order.key}",
            ip_address=f"203.0.113.{order.id % 250 + 1}",
            user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
            cart_hash=cart,
            meta=[self.meta(key, value) for key, value in entries.items()],
        )


# --- what is derived from the order's parcels ----------------------------------------------------------------------------


def fulfilment_parcels(order: Order) -> list[Parcel]:
    """The shop writes the parcels of a divided order as native fulfilments, because only these say what is in which."""
    return order.parcels if len(order.parcels) > 1 or order.unsent() else []


def tracked_parcels(order: Order) -> list[Parcel]:
    """A parcel that holds the whole order goes into the plugin's meta, as soon as it has a number."""
    return [parcel for parcel in order.parcels if parcel.number and not fulfilment_parcels(order)]


def sent_items(order: Order, side: Side) -> dict[int, int]:
    """Line id -> pieces, over all native fulfilments."""
    sent: dict[int, int] = {}
    for parcel in fulfilment_parcels(order):
        for line_id, quantity in parcel.items:
            sent[line_id] = sent.get(line_id, 0) + quantity
    for item in (item for one in side.fulfilments if one.is_fulfilled for item in one.items()):
        sent[item["item_id"]] = sent.get(item["item_id"], 0) + item["qty"]
    return sent


def fulfilment_status(order: Order, side: Side) -> str:
    """The meta that native fulfilments leave on an order; empty without any."""
    if order.status == OrderState.COMPLETED and not any(line.requires_shipping for line in order.lines):
        return "fulfilled"
    sent = sent_items(order, side)
    if not sent and not side.fulfilments:
        return ""
    is_whole = all(sent.get(line.id, 0) >= line.quantity for line in order.lines if line.requires_shipping)
    return "fulfilled" if is_whole else "partially_fulfilled" if sent else "unfulfilled"
