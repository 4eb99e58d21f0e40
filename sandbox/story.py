"""What happens when: steps in virtual time, kept on the shelf, so that a second start goes on where the first one ended."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from random import Random

from app.kernel.clock import SetClock
from sandbox.catalogue import people
from sandbox.fate import (
    QUICK,
    SMOOTH_HOURS,
    Fate,
    Numbering,
    basket,
    elsewhere,
    fate,
    journey,
    regret,
    tracking_number,
)
from sandbox.things import Basket, Channel, Order, OrderState, ScanStatus
from sandbox.world import Store, World

HISTORY = timedelta(days=30)
HISTORIC_ORDERS = 40
HOURS_BETWEEN_ORDERS = 6.0
TICK_SECONDS = 0.1
MISSED = timedelta(hours=12)
"""Nobody buys anything while the sandbox is off: a buyer who is later than this comes now, and once."""

SENDABLE = frozenset({OrderState.OPEN, OrderState.COMPLETED})


class Act(StrEnum):
    ARRIVE = "arrive"  # a buyer comes; the next one is planned
    APPEAR = "appear"  # a buyer of the past comes
    CHECK_OUT = "check_out"  # a draft becomes an order
    FORGET = "forget"  # a draft is swept away
    CANCEL = "cancel"
    SEND = "send"
    NUMBER = "number"
    SCAN = "scan"
    REFUND = "refund"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something to happen. `parcel` counts an order's parcels from 0; `is_part`: not everything goes into this one, or back."""

    at: datetime
    act: Act
    store: str
    id: int = 0
    order: int = 0
    parcel: int = 0
    status: ScanStatus | None = None
    place: str = ""
    country: str = ""
    carrier: str = ""
    is_numbered: bool = False
    is_part: bool = False
    expected: datetime | None = None


class Story:
    """Plans and plays. One thread plays (`run`); orders may be placed from others."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.is_playing = True
        self._lock = threading.RLock()
        self._steps = [(step.at, step.id, step) for step in world.shelf.all("step", Step)]
        heapq.heapify(self._steps)
        self._acts = {
            Act.ARRIVE: self._arrive,
            Act.APPEAR: self._appear,
            Act.CHECK_OUT: self._check_out,
            Act.FORGET: self._forget,
            Act.CANCEL: self._cancel,
            Act.SEND: self._send,
            Act.NUMBER: self._number,
            Act.SCAN: self._scan,
            Act.REFUND: self._refund,
        }

    # --- the course of things ----------------------------------------------------------------------------------------

    def begin(self, orders: int = HISTORIC_ORDERS) -> None:
        """The first start gives each store a past; a later one changes nothing."""
        if self._steps or any(store.orders for store in self.world.stores.values()):
            return
        now = self.world.now()
        for store in self.world.stores.values():
            dice = Random(f"{self.world.seed}/{store.slug}/history")
            for _ in range(orders):
                self._plan(Step(at=now - HISTORY * dice.random(), act=Act.APPEAR, store=store.slug))
            self._plan(Step(at=now + self._pause(dice), act=Act.ARRIVE, store=store.slug))
        self._live_through(now)

    def _live_through(self, now: datetime) -> None:
        """Play the past on a clock that is set to each step's moment, so that it is stamped as if it had been lived."""
        clock, past = self.world.clock, SetClock(now)
        self.world.clock = past
        while self._steps and self._steps[0][0] <= now:
            past.at = self._steps[0][0]
            self._play(self._take())
        self.world.clock = clock

    def run(self, stop: threading.Event) -> None:
        """Play what is due, until told to stop."""
        while not stop.wait(TICK_SECONDS):
            self.tick()

    def tick(self) -> None:
        while self.is_playing and (step := self._due()) is not None:
            self._play(step)

    def _due(self) -> Step | None:
        with self._lock:
            return self._take() if self._steps and self._steps[0][0] <= self.world.now() else None

    def _take(self) -> Step:
        with self._lock:
            step = heapq.heappop(self._steps)[2]
        self.world.shelf.drop("step", step.id)
        return step

    def _plan(self, step: Step) -> None:
        step = replace(step, id=self.world.shelf.count("step"), at=step.at.replace(microsecond=0))
        self.world.shelf.put("step", step.id, step)
        with self._lock:
            heapq.heappush(self._steps, (step.at, step.id, step))

    def _play(self, step: Step) -> None:
        self._acts[step.act](self.world.stores[step.store], step)

    # --- buyers ------------------------------------------------------------------------------------------------------

    def buy(self, store: Store, *, email: str = "", language: str = "", items: Sequence[tuple[int, int]] = ()) -> Order:
        """A purchase now that takes the plain happy path: sent after 6 hours, delivered after 40. `items` pairs variant ids with
        quantities (none: what the dice say). The e-mail address is used by no other order unless it is given."""
        serial = self.world.shelf.count(f"buyer/{store.slug}")
        dice = Random(f"{self.world.seed}/{store.slug}/buyer/{serial}")
        candidates = [person for person in people(store) if language in ("", person.language)]
        person = dice.choice(candidates or people(store))
        name, _, domain = person.email.partition("@")
        ref = store.next_id() if store.profile.first_number else 0
        buyer = replace(
            person, email=email or f"{name}+{serial}@{domain}", language=language or person.language, ref=ref
        )
        wish = basket(dice, store, buyer)
        order = store.place(replace(wish, items=items) if items else wish)
        self._follow(store, order, QUICK, dice)
        return order

    def _arrive(self, store: Store, step: Step) -> None:
        dice = Random(f"{self.world.seed}/{store.slug}/arrival/{self.world.shelf.count(f'arrival/{store.slug}')}")
        late = self.world.now() - step.at > MISSED
        self._plan(
            Step(at=(self.world.now() if late else step.at) + self._pause(dice), act=Act.ARRIVE, store=store.slug)
        )
        wish = basket(dice, store, dice.choice(people(store)))
        if store.profile.opens_drafts and dice.random() < 0.3:
            self._browse(store, wish, dice)
        else:
            self._follow_fate(store, store.place(elsewhere(dice, store, wish)))

    def _appear(self, store: Store, step: Step) -> None:
        dice = Random(f"{self.world.seed}/{store.slug}/past/{step.id}")
        wish = basket(dice, store, dice.choice(people(store)))
        self._follow_fate(store, store.place(elsewhere(dice, store, wish)))

    def _browse(self, store: Store, wish: Basket, dice: Random) -> None:
        """A checkout page is opened first. One in four is never sent off; the shop sweeps such drafts away after a day."""
        draft = store.open_checkout(wish)
        is_serious = dice.random() < 0.75
        delay = timedelta(minutes=9) if is_serious else timedelta(days=1)
        act = Act.CHECK_OUT if is_serious else Act.FORGET
        self._plan(Step(at=self.world.now() + delay, act=act, store=store.slug, order=draft.id))

    def _check_out(self, store: Store, step: Step) -> None:
        draft = store.orders.get(step.order)
        if draft is not None and draft.status == OrderState.DRAFT:
            customer = Random(f"{self.world.seed}/{store.slug}/{draft.id}/who").choice(people(store))
            self._follow_fate(store, store.place(Basket(customer=customer, items=()), draft=draft))

    def _forget(self, store: Store, step: Step) -> None:
        draft = store.orders.get(step.order)
        if draft is not None and draft.status == OrderState.DRAFT:
            store.remove(draft)

    def _pause(self, dice: Random) -> timedelta:
        return timedelta(hours=dice.uniform(0.5, 1.5) * HOURS_BETWEEN_ORDERS)

    # --- planning an order's course ----------------------------------------------------------------------------------

    def _follow_fate(self, store: Store, order: Order) -> None:
        dice = Random(f"{self.world.seed}/{store.slug}/{order.id}")
        pieces = sum(quantity for _, quantity in order.unsent())
        plan = fate(dice, store, may_split=pieces > 1)
        self._follow(store, order, plan, dice)
        change_of_mind = regret(dice)
        if change_of_mind is not None and plan.cancelled_after is None:
            at = order.placed_at + timedelta(hours=plan.sent_after + change_of_mind.after)
            is_part = not change_of_mind.is_whole
            self._plan(Step(at=at, act=Act.REFUND, store=store.slug, order=order.id, is_part=is_part))

    def _follow(self, store: Store, order: Order, plan: Fate, dice: Random) -> None:
        if not order.unsent() or order.channel == Channel.POS:
            return
        for step in self._course(store, order, plan, dice):
            self._plan(step)

    def _course(self, store: Store, order: Order, plan: Fate, dice: Random) -> Iterator[Step]:
        if plan.cancelled_after is not None:
            at = order.placed_at + timedelta(hours=plan.cancelled_after)
            yield Step(at=at, act=Act.CANCEL, store=store.slug, order=order.id)
            return
        sent_at = order.placed_at + timedelta(hours=plan.sent_after)
        is_split = plan.second_parcel_after is not None
        yield from self._parcel_course(
            store, order, plan, dice, Step(at=sent_at, act=Act.SEND, store=store.slug, is_part=is_split)
        )
        if plan.second_parcel_after is not None:
            later = sent_at + timedelta(hours=plan.second_parcel_after)
            second = Step(at=later, act=Act.SEND, store=store.slug, parcel=1)
            yield from self._parcel_course(store, order, plan, dice, second)

    def _parcel_course(self, store: Store, order: Order, plan: Fate, dice: Random, sending: Step) -> Iterator[Step]:
        legs = journey(dice, plan, store, order.customer)
        expected = sending.at + timedelta(hours=legs[1].after / 2 * SMOOTH_HOURS)
        is_numbered = plan.numbering == Numbering.AT_ONCE
        sending = replace(sending, order=order.id, carrier=plan.carrier, is_numbered=is_numbered, expected=expected)
        yield sending
        if plan.numbering == Numbering.NEVER:
            return
        if plan.numbering == Numbering.LATER:
            yield replace(sending, at=sending.at + timedelta(hours=1), act=Act.NUMBER)
        for leg in legs:
            at = sending.at + timedelta(hours=leg.after)
            yield replace(sending, at=at, act=Act.SCAN, status=leg.status, place=leg.place, country=leg.country)

    # --- what happens to an order ------------------------------------------------------------------------------------

    def _cancel(self, store: Store, step: Step) -> None:
        order = store.orders.get(step.order)
        if order is not None and order.status == OrderState.OPEN and not order.parcels:
            store.cancel(order)

    def _send(self, store: Store, step: Step) -> None:
        order = store.orders.get(step.order)
        if order is None or order.status not in SENDABLE or not order.unsent() or len(order.parcels) != step.parcel:
            return
        number = self._new_number(store, step.carrier) if step.is_numbered else ""
        items = _part(order.unsent()) if step.is_part else ()
        store.send(order, step.carrier, number, items, at=step.at, expected=step.expected)

    def _number(self, store: Store, step: Step) -> None:
        order = store.orders.get(step.order)
        if order is not None and len(order.parcels) > step.parcel and not order.parcels[step.parcel].number:
            store.number(order, order.parcels[step.parcel], self._new_number(store, step.carrier))

    def _scan(self, store: Store, step: Step) -> None:
        order = store.orders.get(step.order)
        if order is not None and len(order.parcels) > step.parcel and step.status is not None:
            parcel = order.parcels[step.parcel]
            store.scan(order, parcel, step.status, step.at, step.place, step.country)

    def _refund(self, store: Store, step: Step) -> None:
        """One line, which goes back on its shelf, or whatever has not been paid back yet."""
        order = store.orders.get(step.order)
        if order is None or order.status != OrderState.COMPLETED:
            return
        line = order.lines[0]
        if step.is_part and line.total:
            items = [(line.id, line.quantity)]
            store.refund(order, line.total, items=items, restock=True, is_paid_out=True)
        else:
            store.refund(order, order.total - order.refunded, is_paid_out=True)

    def _new_number(self, store: Store, carrier: str) -> str:
        return tracking_number(carrier, self.world.shelf.count(f"serial/{carrier}") + self.world.seed * 1000)


def _part(unsent: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """What goes ahead: the first line, or one piece of the only one."""
    first_line, quantity = unsent[0]
    return [(first_line, quantity if len(unsent) > 1 else quantity - 1)]
