"""A parcel has left: with its tracking number as soon as there is one, truthfully without it when none comes."""

from __future__ import annotations

from datetime import timedelta

from app.domain.shipments.rules import FINISHED, ShipmentFacts
from app.events import Channel, ShipmentSent, ShipmentStatus, TrackingNumberAdded
from app.jobs.followups.base import Facts, FollowUp, Plan, Skip

WAIT_FOR_NUMBER = timedelta(hours=2)
"""Many shops mark a parcel as sent first and paste its number later; two hours cover a packing round."""


def plan(event: ShipmentSent | TrackingNumberAdded, _facts: Facts) -> Plan:
    """The number's arrival plans the same message for its own moment, which brings the waiting one forward."""
    must_wait = isinstance(event, ShipmentSent) and not event.has_tracking
    due_at = event.occurred_at + WAIT_FOR_NUMBER if must_wait else event.occurred_at
    return Plan(due_at=due_at, about_kind="shipment", about_id=event.shipment_id)


def check(facts: Facts) -> str | Skip:
    if facts.order.is_called_off:
        return Skip("order_cancelled")
    if facts.order.channel is Channel.POS:  # its platform calls it shipped all the same
        return Skip("handed_over")
    if facts.order.channel is Channel.MARKETPLACE:
        return Skip("marketplace")
    if facts.shipment is None or facts.shipment.is_cancelled:
        return Skip("shipment_cancelled")
    if not facts.order.email:
        return Skip("no_address")
    return _news_of(facts.shipment)


def _news_of(parcel: ShipmentFacts) -> str | Skip:
    if parcel.standing.status in FINISHED:
        is_there = parcel.standing.status is ShipmentStatus.DELIVERED
        return Skip("already_delivered" if is_there else "already_returned")
    return "shipped" if parcel.tracking_number else "shipped_untracked"


FOLLOW_UP = FollowUp(
    slug="shipped",
    title="Your parcel has left",
    what="Says which things are in the parcel, who carries it and when it should be there, with the way to follow it.",
    when="Once for each parcel: as soon as it has a tracking number, or two hours after it left without one.",
    about_kind="shipment",
    events=(ShipmentSent, TrackingNumberAdded),
    plan=plan,
    check=check,
)
