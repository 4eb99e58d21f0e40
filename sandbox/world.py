"""What the shops hold and what their parcels do, whatever platform speaks about it: the world that the sandbox's stores show.

Every change goes through a `Store`, which stamps it with the world's clock, writes it to the shelf and tells its listeners.
Threads: hold `world.lock` while reading an order; the stores' methods take it themselves, and listeners are called under it,
so they only queue.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from app.kernel.clock import Clock
from sandbox.shelf import Shelf
from sandbox.things import (
    Address,
    Basket,
    Line,
    Order,
    OrderState,
    Parcel,
    Person,
    Product,
    Refund,
    Scan,
    ScanStatus,
    Variant,
)


class Topic(StrEnum):
    """What a listener is told of."""

    CHECKOUT_OPENED = "checkout_opened"
    ORDER_PLACED = "order_placed"
    ORDER_CHANGED = "order_changed"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_REFUNDED = "order_refunded"
    ORDER_BINNED = "order_binned"
    ORDER_RESTORED = "order_restored"
    ORDER_REMOVED = "order_removed"  # deleted for good
    PARCEL_SENT = "parcel_sent"
    PARCEL_NUMBERED = "parcel_numbered"  # one that had left without a tracking number got one
    PARCEL_SCANNED = "parcel_scanned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    topic: Topic
    store: Store
    order: Order
    parcel: Parcel | None = None


Listener = Callable[[Change], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreProfile:
    """What makes one store this store. Ids are `first_id` + n * `id_step`; an order's number is its id, or counted from
    `first_number`."""

    slug: str
    name: str
    currency: str
    language: str
    country: str
    timezone: str
    email: str
    street: str
    city: str
    postcode: str
    first_id: int = 1
    id_step: int = 1
    first_number: int = 0
    number_sign: str = ""
    opens_drafts: bool = False  # an open checkout page is an order of its own already
    exports_to: frozenset[str] = frozenset()  # countries that are sold to without tax


class Store:
    """One shop. Orders are kept by id, in the order they were placed."""

    def __init__(self, world: World, profile: StoreProfile) -> None:
        self.world = world
        self.profile = profile
        self.slug = profile.slug
        self.products: dict[int, Product] = {}
        self.orders: dict[int, Order] = {}
        self.listeners: list[Listener] = []

    # --- ids ---------------------------------------------------------------------------------------------------------

    def next_id(self, reserve: int = 1) -> int:
        """The first of `reserve` ids that nothing else has or will have."""
        last = self.world.shelf.count(f"{self.slug}/id", reserve)
        return self.profile.first_id + (last - reserve) * self.profile.id_step

    def _next_number(self, order_id: int) -> str:
        if not self.profile.first_number:
            return str(order_id)
        number = self.profile.first_number + self.world.shelf.count(f"{self.slug}/number") - 1
        return f"{self.profile.number_sign}{number}"

    # --- reading -----------------------------------------------------------------------------------------------------

    def variant(self, variant_id: int) -> tuple[Product, Variant]:
        """KeyError when the store does not sell it."""
        for product in self.products.values():
            for variant in product.variants:
                if variant.id == variant_id:
                    return product, variant
        raise KeyError(variant_id)

    # --- orders ------------------------------------------------------------------------------------------------------

    def open_checkout(self, basket: Basket) -> Order:
        """A draft: the lines are real, but nobody has given a name yet."""
        with self.world.lock:
            nobody = Person(email="", language=basket.customer.language, address=Address(first_name="", last_name=""))
            order = self._new_order(basket, nobody, OrderState.DRAFT)
            self._changed(order, Topic.CHECKOUT_OPENED)
            return order

    def place(self, basket: Basket, *, draft: Order | None = None, is_paid: bool = True) -> Order:
        """An order, from a draft or at once."""
        with self.world.lock:
            order = draft or self._new_order(basket, basket.customer, OrderState.DRAFT)
            order.customer = basket.customer
            order.status = OrderState.OPEN if is_paid else OrderState.PENDING
            order.paid_at = self.world.now() if is_paid else None
            self._take_from_stock(order)
            if is_paid and not order.unsent():  # nothing to pack: downloads only
                order.status, order.completed_at = OrderState.COMPLETED, order.paid_at
            self._changed(order, Topic.ORDER_PLACED)
            return order

    def add(self, order: Order, topic: Topic = Topic.ORDER_PLACED) -> Order:
        """An order that was put together elsewhere (a platform's own API)."""
        with self.world.lock:
            self.orders[order.id] = order
            self._changed(order, topic)
            return order

    def line_of(self, variant_id: int, quantity: int, discount_percent: int = 0) -> Line:
        product, variant = self.variant(variant_id)
        return Line(
            id=self.next_id(),
            product_id=product.id,
            variant_id=variant.id,
            title=product.title,
            variant_title=variant.title,
            sku=variant.sku,
            quantity=quantity,
            unit_price=variant.price,
            tax_rate=product.tax_rate,
            handle=product.handle,
            image_id=product.image_id,
            discount=variant.price * quantity * discount_percent // 100,
            options=list(variant.options),
            requires_shipping=not product.is_virtual,
        )

    def _new_order(self, basket: Basket, customer: Person, status: OrderState) -> Order:
        order_id, now = self.next_id(), self.world.now()
        order = Order(
            id=order_id,
            number=self._next_number(order_id),
            placed_at=now,
            updated_at=now,
            status=status,
            currency=self.profile.currency,
            customer=customer,
            key=self.world.word(f"{self.slug}/{order_id}"),
            lines=[
                self.line_of(variant_id, quantity, basket.discount_percent) for variant_id, quantity in basket.items
            ],
            shipping=basket.shipping,
            shipping_title=basket.shipping_title,
            coupon=basket.coupon,
            note=basket.note,
        )
        order.shipping_tax_rate = max((line.tax_rate for line in order.lines), default=0)
        order.is_taxed = basket.customer.address.country not in self.profile.exports_to
        order.shipping_ref = self.next_id(reserve=4)
        self.orders[order.id] = order
        return order

    def _take_from_stock(self, order: Order) -> None:
        for line in order.lines:
            product, variant = self.variant(line.variant_id)
            variant.stock = max(0, variant.stock - line.quantity)
            product.updated_at = self.world.now()
            self.world.shelf.put(f"product/{self.slug}", product.id, product)

    def touch(self, order: Order, topic: Topic = Topic.ORDER_CHANGED) -> None:
        """The order was edited in place: stamp it, keep it, tell it."""
        with self.world.lock:
            self._changed(order, topic)

    def cancel(self, order: Order) -> None:
        with self.world.lock:
            order.status = OrderState.CANCELLED
            order.cancelled_at = self.world.now()
            self._changed(order, Topic.ORDER_CANCELLED)

    def refund(self, order: Order, amount: int, reason: str = "") -> Refund:
        """Money back; the whole of it turns the order to refunded."""
        with self.world.lock:
            refund = Refund(id=self.next_id(), at=self.world.now(), amount=amount, reason=reason)
            order.refunds.append(refund)
            if sum(one.amount for one in order.refunds) >= order.total:
                order.status = OrderState.REFUNDED
            self._changed(order, Topic.ORDER_REFUNDED)
            return refund

    def bin(self, order: Order) -> None:
        with self.world.lock:
            order.binned_from, order.status = order.status, OrderState.BINNED
            self._changed(order, Topic.ORDER_BINNED)

    def restore(self, order: Order) -> None:
        """Out of the bin, as it was."""
        with self.world.lock:
            order.status, order.binned_from = order.binned_from or OrderState.OPEN, None
            self._changed(order, Topic.ORDER_RESTORED)

    def remove(self, order: Order) -> None:
        """Deleted for good."""
        with self.world.lock:
            del self.orders[order.id]
            self.world.shelf.drop(f"order/{self.slug}", order.id)
            self._tell(Change(topic=Topic.ORDER_REMOVED, store=self, order=order))

    # --- parcels -----------------------------------------------------------------------------------------------------

    def send(
        self,
        order: Order,
        carrier: str,
        number: str = "",
        items: Sequence[tuple[int, int]] = (),
        *,
        at: datetime | None = None,
        expected: datetime | None = None,
    ) -> Parcel:
        """A parcel leaves the shop with `items` (default: all that is left). The last one completes the order."""
        with self.world.lock:
            now = self.world.now()
            parcel = Parcel(
                id=self.next_id(),
                carrier=carrier,
                number=number,
                shipped_at=at or now,
                updated_at=now,
                items=list(items) or order.unsent(),
                expected_from=expected - timedelta(hours=1) if expected else None,
                expected_until=expected + timedelta(hours=2) if expected else None,
            )
            order.parcels.append(parcel)
            self.world.know(self, order, parcel)
            if not order.unsent():
                order.status, order.completed_at = OrderState.COMPLETED, now
            self._changed(order, Topic.PARCEL_SENT, parcel)
            return parcel

    def number(self, order: Order, parcel: Parcel, number: str) -> None:
        """A parcel that had left without a tracking number gets one."""
        with self.world.lock:
            parcel.number = number
            parcel.updated_at = self.world.now()
            self.world.know(self, order, parcel)
            self._changed(order, Topic.PARCEL_NUMBERED, parcel)

    def scan(
        self,
        order: Order,
        parcel: Parcel,
        status: ScanStatus,
        at: datetime,
        place: str = "",
        country: str = "",
    ) -> None:
        """The carrier saw the parcel. This is no news of the order: its `updated_at` stays."""
        with self.world.lock:
            parcel.scans.append(Scan(status=status, at=at, place=place, country=country))
            parcel.scans.sort(key=lambda one: one.at)
            parcel.updated_at = self.world.now()
            self._keep(order)
            self._tell(Change(topic=Topic.PARCEL_SCANNED, store=self, order=order, parcel=parcel))

    # --- keeping and telling -----------------------------------------------------------------------------------------

    def _changed(self, order: Order, topic: Topic, parcel: Parcel | None = None) -> None:
        order.updated_at = max(order.updated_at, self.world.now())
        self._keep(order)
        self._tell(Change(topic=topic, store=self, order=order, parcel=parcel))

    def _keep(self, order: Order) -> None:
        self.world.shelf.put(f"order/{self.slug}", order.id, order)

    def _tell(self, change: Change) -> None:
        for listener in self.listeners:
            listener(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A parcel with the order and the store it belongs to."""

    store: Store
    order: Order
    parcel: Parcel


class World:
    """All stores, and what the carrier knows. `clock` may be replaced: history is made on one that is set, then the fast
    one runs."""

    def __init__(self, clock: Clock, shelf: Shelf, seed: int = 1) -> None:
        self.clock = clock
        self.shelf = shelf
        self.seed = seed
        self.lock = threading.RLock()
        self.stores: dict[str, Store] = {}
        self.carrier_url = ""
        self._parcels: dict[str, Found] = {}

    def now(self) -> datetime:
        """Whole seconds, as stores keep them."""
        return self.clock.now().astimezone(UTC).replace(microsecond=0)

    def word(self, of: str) -> str:
        """Thirteen letters and digits that look random and are the same for the same seed."""
        number = int.from_bytes(hashlib.sha256(f"{self.seed}/{of}".encode()).digest()[:12], "big")
        letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        return "".join(letters[number // len(letters) ** place % len(letters)] for place in range(13))

    def add(self, profile: StoreProfile, products: Callable[[Store], Iterable[Product]]) -> Store:
        """A store with its range, and the orders that the shelf kept for it."""
        store = Store(self, profile)
        self.stores[store.slug] = store
        kept = list(self.shelf.all(f"product/{store.slug}", Product))
        for product in kept or list(products(store)):
            store.products[product.id] = product
            self.shelf.put(f"product/{store.slug}", product.id, product)
        for order in sorted(self.shelf.all(f"order/{store.slug}", Order), key=lambda order: order.id):
            store.orders[order.id] = order
            for parcel in order.parcels:
                self.know(store, order, parcel)
        return store

    def know(self, store: Store, order: Order, parcel: Parcel) -> None:
        """The carrier finds this parcel by its number from now on."""
        if parcel.number:
            self._parcels[parcel.number] = Found(store=store, order=order, parcel=parcel)

    def parcel(self, number: str) -> Found | None:
        return self._parcels.get(number)

    def tracking_url(self, parcel: Parcel) -> str:
        """The carrier's page for people; empty without a number."""
        return f"{self.carrier_url}/track/{parcel.number}" if parcel.number else ""
