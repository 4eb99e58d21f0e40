"""What the shops hold and what their parcels do, whatever platform speaks about it: the world that the sandbox's stores show.

Every change goes through a `Store`, which stamps it with the world's clock, writes it to the shelf and tells its listeners.
Threads: hold `world.lock` while reading an order; the stores' methods take it themselves, and listeners are called under it,
so they only queue.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from app.kernel.clock import Clock
from sandbox.shelf import Shelf
from sandbox.things import (
    Account,
    Address,
    Basket,
    Channel,
    Coupon,
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


class Turn(StrEnum):
    """What became of something that is no order."""

    CREATED = "created"
    UPDATED = "updated"
    BINNED = "binned"
    RESTORED = "restored"
    REMOVED = "removed"


Thing = Product | Account | Coupon


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """`variant` is set where it alone is what changed of its product, as its stock does with every order."""

    turn: Turn
    store: Store
    thing: Thing
    variant: Variant | None = None


Listener = Callable[[Change], None]
ThingListener = Callable[[Turned], None]


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
        self.accounts: dict[int, Account] = {}
        self.coupons: dict[int, Coupon] = {}
        self.orders: dict[int, Order] = {}
        self.listeners: list[Listener] = []
        self.thing_listeners: list[ThingListener] = []

    # --- ids ---------------------------------------------------------------------------------------------------------

    def next_id(self, reserve: int = 1) -> int:
        """The first of `reserve` ids that nothing else has or will have."""
        last = self.world.shelf.count(f"{self.slug}/id", reserve)
        return self.profile.first_id + (last - reserve) * self.profile.id_step

    def next_number(self, order_id: int) -> str:
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

    def coupon(self, code: str) -> Coupon | None:
        """Codes are the same in capitals and without."""
        return next((one for one in self.coupons.values() if one.code.casefold() == code.casefold()), None)

    # --- products, accounts, coupons ---------------------------------------------------------------------------------

    def add_thing(self, thing: Thing) -> None:
        """New in the store, with the id it has."""
        with self.world.lock:
            self._things(thing)[thing.id] = thing
            self._turned(Turn.CREATED, thing)

    def change_thing(self, thing: Thing, *, variant: Variant | None = None) -> None:
        """It was edited in place: stamp it, keep it, tell it."""
        with self.world.lock:
            self._turned(Turn.UPDATED, thing, variant)

    def bin_thing(self, thing: Product | Coupon) -> None:
        with self.world.lock:
            thing.is_binned = True
            self._turned(Turn.BINNED, thing)

    def restore_thing(self, thing: Product | Coupon) -> None:
        with self.world.lock:
            thing.is_binned = False
            self._turned(Turn.RESTORED, thing)

    def remove_thing(self, thing: Thing) -> None:
        """Deleted for good."""
        with self.world.lock:
            del self._things(thing)[thing.id]
            self.world.shelf.drop(self._kind(thing), thing.id)
            self._tell_thing(Turned(turn=Turn.REMOVED, store=self, thing=thing))

    def take_in(self, thing: Thing) -> None:
        """It has always been here: kept, and nobody is told."""
        self._things(thing)[thing.id] = thing
        self._keep_thing(thing)

    def take_up(self) -> bool:
        """Go on with what the shelf kept; whether there was anything."""
        shelf = self.world.shelf
        self.products = {one.id: one for one in shelf.all(f"product/{self.slug}", Product)}
        self.accounts = {one.id: one for one in shelf.all(f"account/{self.slug}", Account)}
        self.coupons = {one.id: one for one in shelf.all(f"coupon/{self.slug}", Coupon)}
        orders = sorted(shelf.all(f"order/{self.slug}", Order), key=lambda order: order.id)
        self.orders = {order.id: order for order in orders}
        return bool(self.products)

    def _things(self, thing: Thing) -> dict[int, Any]:
        return {Product: self.products, Account: self.accounts, Coupon: self.coupons}[type(thing)]

    def _kind(self, thing: Thing) -> str:
        return f"{type(thing).__name__.lower()}/{self.slug}"

    def _turned(self, turn: Turn, thing: Thing, variant: Variant | None = None) -> None:
        thing.updated_at = max(thing.updated_at, self.world.now())
        self._keep_thing(thing)
        self._tell_thing(Turned(turn=turn, store=self, thing=thing, variant=variant))

    def _keep_thing(self, thing: Thing) -> None:
        self.world.shelf.put(self._kind(thing), thing.id, thing)

    def _tell_thing(self, turned: Turned) -> None:
        for listener in self.thing_listeners:
            listener(turned)

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
            self._redeem(order)
            is_handed_over = not order.unsent() or order.channel == Channel.POS  # downloads only, or over the counter
            if is_paid and is_handed_over:
                order.status, order.completed_at = OrderState.COMPLETED, order.paid_at
            self._changed(order, Topic.ORDER_PLACED)
            self._follow_up(order)
            return order

    def add(self, order: Order, topic: Topic = Topic.ORDER_PLACED) -> Order:
        """An order that was put together elsewhere (a platform's own API)."""
        with self.world.lock:
            self.orders[order.id] = order
            self._changed(order, topic)
            if topic == Topic.ORDER_PLACED and order.paid_at:
                self._follow_up(order)
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
            number=self.next_number(order_id),
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
            channel=basket.channel,
            channel_name=basket.channel_name,
        )
        order.shipping_tax_rate = max((line.tax_rate for line in order.lines), default=0)
        order.is_taxed = basket.customer.address.country not in self.profile.exports_to
        order.shipping_ref = self.next_id(reserve=4)
        self.orders[order.id] = order
        return order

    def _follow_up(self, order: Order) -> None:
        """What a placed order leaves in the rest of the store."""
        self._welcome(order.customer)
        self._take_from_stock(order)

    def _welcome(self, customer: Person) -> None:
        """Who buys under a customer number has an account from then on."""
        if not customer.ref:
            return
        now = self.world.now()
        known = self.accounts.get(customer.ref)
        account = known or Account(id=customer.ref, person=replace(customer), created_at=now, updated_at=now)
        account.orders += 1
        if known:
            self.change_thing(account)
        else:
            self.add_thing(account)

    def _take_from_stock(self, order: Order) -> None:
        """Below 0 where more was promised than there is, as platforms count it."""
        for line in order.lines:
            if line.product_id in self.products:
                product, variant = self.variant(line.variant_id)
                product.sold += line.quantity if order.paid_at else 0
                variant.stock -= 0 if product.is_virtual else line.quantity
                self._turned(Turn.UPDATED, product, variant)

    def _redeem(self, order: Order) -> None:
        """Counted in silence: neither platform calls that a change of the coupon."""
        coupon = self.coupon(order.coupon) if order.coupon else None
        if coupon is not None:
            coupon.used_by.append(str(order.customer.ref or order.customer.email))
            self._keep_thing(coupon)

    def keep_orders(self, orders: Iterable[Order]) -> None:
        """Many at once, kept and told to nobody. Hold the world's lock."""
        added = {order.id: order for order in orders}
        self.orders.update(added)
        self.world.shelf.put_all(f"order/{self.slug}", added)

    def touch(self, order: Order, topic: Topic = Topic.ORDER_CHANGED) -> None:
        """The order was edited in place: stamp it, keep it, tell it."""
        with self.world.lock:
            self._changed(order, topic)

    def cancel(self, order: Order) -> None:
        with self.world.lock:
            order.status = OrderState.CANCELLED
            order.cancelled_at = self.world.now()
            self._changed(order, Topic.ORDER_CANCELLED)

    def refund(
        self,
        order: Order,
        amount: int,
        reason: str = "",
        items: Sequence[tuple[int, int]] = (),
        *,
        restock: bool = False,
        is_paid_out: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> Refund:
        """Money back; the whole of it turns the order to refunded. `items` pairs line ids with quantities, and `restock` puts those
        back on the shelf."""
        with self.world.lock:
            refund = Refund(
                id=self.next_id(),
                at=self.world.now(),
                amount=amount,
                reason=reason,
                items=list(items),
                is_paid_out=is_paid_out,
                extra=extra or {},
            )
            order.refunds.append(refund)
            if order.refunded >= order.total:
                order.status = OrderState.REFUNDED
            if restock:
                self._put_back(order, items)
            self._changed(order, Topic.ORDER_REFUNDED)
            return refund

    def forget_refund(self, order: Order, refund: Refund) -> None:
        """As if it had never been: the order's moment of change stays, and nobody is told."""
        with self.world.lock:
            order.refunds.remove(refund)
            self._keep(order)

    def _put_back(self, order: Order, items: Iterable[tuple[int, int]]) -> None:
        for line_id, quantity in items:
            line = order.line(line_id)
            if line.product_id in self.products:
                product, variant = self.variant(line.variant_id)
                variant.stock += quantity
                self._turned(Turn.UPDATED, product, variant)

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

    def add(self, profile: StoreProfile, furnish: Callable[[Store], Iterable[Thing]]) -> Store:
        """A store with its range (what `furnish` puts into a new one), and the orders that the shelf kept for it."""
        store = Store(self, profile)
        self.stores[store.slug] = store
        if not store.take_up():
            for thing in furnish(store):
                store.take_in(thing)
        for order in store.orders.values():
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
