"""Thanks for an order, at once: it is here, this is what happens next, this is whom to ask."""

from __future__ import annotations

from app.events import OrderPlaced
from app.jobs.followups.base import Facts, FollowUp, Plan, Skip


def plan(event: OrderPlaced, _facts: Facts) -> Plan:
    return Plan(due_at=event.occurred_at, about_kind="order", about_id=event.order_id)


def check(facts: Facts) -> str | Skip:
    if facts.order.is_called_off:
        return Skip("order_cancelled")
    return "thank_you" if facts.order.email else Skip("no_address")


FOLLOW_UP = FollowUp(slug="thank_you", events=(OrderPlaced,), plan=plan, check=check)
