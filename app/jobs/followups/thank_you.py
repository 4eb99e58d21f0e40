"""Thanks for an order, at once: it is here, this is what happens next, this is whom to ask."""

from __future__ import annotations

from app.events import Channel, OrderPlaced
from app.jobs.followups.base import Facts, FollowUp, Plan, Skip


def plan(event: OrderPlaced, _facts: Facts) -> Plan:
    return Plan(due_at=event.occurred_at, about_kind="order", about_id=event.order_id)


def check(facts: Facts) -> str | Skip:
    if facts.order.is_called_off:
        return Skip("order_cancelled")
    if facts.order.channel is Channel.MARKETPLACE:
        return Skip("marketplace")
    return "thank_you" if facts.order.email else Skip("no_address")


FOLLOW_UP = FollowUp(
    slug="thank_you",
    title="Thank you for your order",
    what="Thanks, says what happens next and when it should be there, and lists what was bought and where it goes.",
    when="Once for each order, as soon as your shop counts on it: when it is paid, or accepted without payment.",
    about_kind="order",
    events=(OrderPlaced,),
    plan=plan,
    check=check,
)
