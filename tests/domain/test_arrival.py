"""The order of arrival does not matter: generated histories are shuffled, doubled and thinned out, and one pull makes it right."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.domain.apply import apply
from app.domain.orders import service as orders
from app.domain.shipments import service as shipments
from app.domain.shipments.rules import RUNGS, Standing, highest
from app.domain.shops.rules import ShopFacts
from app.events import Fact, OrderFact, OrderStatus, ScanFact, ShipmentFact, ShipmentStatus, Source
from app.kernel.db import Database
from tests.builders import NOON, a_parcel, a_scan, a_shop, an_order
from tests.faults.numbers import NOT_SENT, Numbers, record
from tests.trials import ARRIVALS

serial = itertools.count(1)


@dataclass(frozen=True, slots=True)
class History:
    """What a store said over time, and what it would say now."""

    told: tuple[Fact, ...]
    orders: tuple[OrderFact, ...]
    parcels: tuple[ShipmentFact, ...]
    scans: tuple[ScanFact, ...]


MOST_EVENTS = 8


@st.composite
def histories(draw: st.DrawFn) -> History:
    """One to two orders that change, leave in up to two parcels, get numbers and scans: at most eight events. Some changes share a
    second."""
    told: list[Fact] = []
    last_orders: list[OrderFact] = []
    last_parcels: list[ShipmentFact] = []
    scans: list[ScanFact] = []
    moments = itertools.accumulate(iter(lambda: draw(st.integers(0, 2)), -1))

    def some(most: int) -> range:
        """How many more of something there are, as far as there is room."""
        return range(draw(st.integers(0, min(most, room()))))

    def room() -> int:
        return MOST_EVENTS - len(told) - len(scans)

    for number in range(draw(st.integers(1, 2))):
        if not room():
            break
        order = an_order(str(number), status=draw(st.sampled_from(OrderStatus)))
        told.append(order)
        for total in some(3):
            status = draw(st.sampled_from(OrderStatus))
            order = replace(order, status=status, total=total, updated_at=NOON + timedelta(seconds=next(moments)))
            told.append(order)
        last_orders.append(order)
        for position in some(2):
            if not room():
                break
            ref = f"{number}/{position}"
            parcel = a_parcel(str(number), ref=ref)
            told.append(parcel)
            for _ in some(1):
                parcel = replace(parcel, tracking_number=f"N{ref}", updated_at=NOON + timedelta(seconds=next(moments)))
                told.append(parcel)
            last_parcels.append(parcel)
            for hours in some(4):
                status = draw(st.sampled_from(ShipmentStatus))
                scans.append(a_scan(status, timedelta(hours=hours), ref, order_ref=str(number)))
    return History(told=(*told, *scans), orders=tuple(last_orders), parcels=tuple(last_parcels), scans=tuple(scans))


def rungs(db: Database, shop: ShopFacts) -> dict[str, int]:
    with db.transaction(shop.id) as session:
        found = shipments.facts_for_orders(session, orders.list_recent(session, 10))
    return {parcel.ref: RUNGS[parcel.standing.status] for parcels in found.values() for parcel in parcels}


def test_after_any_arrival_and_one_pull_we_say_what_the_store_says(
    db: Database, record_property: Callable[[str, object], None]
) -> None:
    tried: list[int] = []

    @settings(max_examples=ARRIVALS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(histories(), st.data())
    def check(history: History, data: st.DataObject) -> None:
        assert len(history.told) <= MOST_EVENTS
        shop = a_shop(db, domain=f"shop{next(serial)}.example")
        arrive(db, shop, history, data)
        with db.transaction(shop.id) as session:
            apply(session, shop, (*history.orders, *history.parcels, *history.scans), Source.PULL)
        check_equal(db, shop, history)
        tried.append(shop.id)

    check()
    record(Numbers(fault="F17", trials=len(tried), unit="histories", **NOT_SENT, rows_stuck=None), record_property)


def arrive(db: Database, shop: ShopFacts, history: History, data: st.DataObject) -> None:
    """A tenth of what was told is lost, a fifth comes twice, all of it in any order and in batches of any size."""
    kept = [fact for fact in history.told if data.draw(st.integers(0, 9)) > 0]
    doubled = [*kept, *(fact for fact in kept if data.draw(st.integers(0, 4)) == 0)]
    arrival = data.draw(st.permutations(doubled))
    stood: dict[str, int] = {}
    while arrival:
        size = data.draw(st.integers(1, 4))
        batch, arrival = arrival[:size], arrival[size:]
        with db.transaction(shop.id) as session:
            apply(session, shop, batch, Source.WEBHOOK)
        now = rungs(db, shop)
        assert all(now[ref] >= rung for ref, rung in stood.items()), "a parcel moved back"
        stood = now


def check_equal(db: Database, shop: ShopFacts, history: History) -> None:
    with db.transaction(shop.id) as session:
        ids = orders.list_recent(session, 10)
        ours = {order.ref: order for order in orders.facts_for(session, ids).values()}
        parcels = {
            parcel.ref: parcel for found in shipments.facts_for_orders(session, ids).values() for parcel in found
        }
    assert {ref: (order.status, order.total) for ref, order in ours.items()} == {
        order.ref: (order.status, order.total) for order in history.orders
    }
    assert {ref: parcel.tracking_number for ref, parcel in parcels.items()} == {
        parcel.ref: parcel.tracking_number for parcel in history.parcels
    }
    for ref, parcel in parcels.items():
        said = [Standing(status=scan.status, at=scan.occurred_at) for scan in history.scans if scan.shipment_ref == ref]
        assert parcel.standing == highest([Standing(status=ShipmentStatus.UNKNOWN, at=NOON), *said])
