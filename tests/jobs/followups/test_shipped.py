"""When the news of a parcel leaves, and in which form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from app.domain.shipments.rules import Standing
from app.events import Channel, OrderStatus, ShipmentSent, ShipmentStatus, TrackingNumberAdded
from app.jobs.followups import FOLLOWUPS
from app.jobs.followups.base import Facts, Plan, Skip
from app.jobs.followups.shipped import WAIT_FOR_NUMBER
from tests.sample_facts import SENT, facts, order, parcel

SHIPPED = FOLLOWUPS["shipped"]
AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
LATER = AT + timedelta(minutes=40)


@pytest.mark.parametrize(
    ("event", "due_at"),
    [
        (ShipmentSent(order_id=7, shipment_id=70, occurred_at=AT, has_tracking=True), AT),
        (ShipmentSent(order_id=7, shipment_id=70, occurred_at=AT, has_tracking=False), AT + WAIT_FOR_NUMBER),
        (TrackingNumberAdded(order_id=7, shipment_id=70, occurred_at=LATER), LATER),
    ],
)
def test_a_number_is_waited_for_and_its_arrival_brings_the_same_message_forward(
    event: ShipmentSent | TrackingNumberAdded, due_at: datetime
) -> None:
    assert SHIPPED.plan(event, facts(shipment=parcel())) == Plan(due_at=due_at, about_kind="shipment", about_id=70)


def about(status: ShipmentStatus, **changes: object) -> Facts:
    return facts(shipment=parcel(standing=Standing(status=status, at=SENT), **changes))


@pytest.mark.parametrize(
    ("about", "verdict"),
    [
        (about(ShipmentStatus.IN_TRANSIT), "shipped"),
        (about(ShipmentStatus.UNKNOWN), "shipped"),
        (about(ShipmentStatus.UNKNOWN, tracking_number=""), "shipped_untracked"),
        (about(ShipmentStatus.DELIVERED), Skip("already_delivered")),
        (about(ShipmentStatus.DELIVERED, tracking_number=""), Skip("already_delivered")),
        (about(ShipmentStatus.RETURNED_TO_SENDER), Skip("already_returned")),
        (about(ShipmentStatus.IN_TRANSIT, is_cancelled=True), Skip("shipment_cancelled")),
        (facts(), Skip("shipment_cancelled")),
        (facts(shipment=parcel(), order=order(status=OrderStatus.CANCELLED)), Skip("order_cancelled")),
        (facts(shipment=parcel(), order=order(email=None)), Skip("no_address")),
        (facts(shipment=parcel(), order=order(channel=Channel.POS)), Skip("handed_over")),
        (facts(shipment=parcel(), order=order(channel=Channel.MARKETPLACE)), Skip("marketplace")),
    ],
)
def test_it_is_checked_again_before_it_leaves(about: Facts, verdict: str | Skip) -> None:
    assert SHIPPED.check(about) == verdict
