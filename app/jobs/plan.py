"""Events are told to the follow-ups; what they answer is written into the ledger."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.history import service as history
from app.domain.history.service import Recorded
from app.domain.messages import service as messages
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import ShipmentEvent
from app.jobs import facts as gathered
from app.jobs.followups import FOLLOWUPS
from app.jobs.followups.base import Facts
from app.jobs.queue import Queue, Work
from app.kernel.crypto import recipient_hash
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

CHANNEL = "email"
"""The only channel until shoppers can choose."""


def plan_messages(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """Ask every follow-up that listens to each event, and plan what it answers."""
    now = runtime.clock.now()
    with runtime.db.transaction(shop.id) as session:
        events = history.load(session, [int(claim.ref) for claim in claims])
        facts = gathered.facts_for(session, shop, sorted({recorded.event.order_id for recorded in events}))
        shop_key = shops.recipient_key(session, runtime.keys, shop.id)
        for recorded in events:
            order_facts = facts.get(recorded.event.order_id)
            if order_facts:
                for draft in _drafts(shop_key, recorded, order_facts):
                    messages.plan(session, shop.id, draft, now)
        outbox.finish(session, shop.id, claims)
        faultpoint("plan.before_commit")
    faultpoint("plan.after_commit")


def _drafts(shop_key: bytes, recorded: Recorded, facts: Facts) -> list[messages.Draft]:
    event = recorded.event
    if isinstance(event, ShipmentEvent):
        facts = gathered.about(facts, "shipment", event.shipment_id)
    drafts: list[messages.Draft] = []
    for follow_up in FOLLOWUPS.values():
        plan = follow_up.plan(event, facts) if isinstance(event, follow_up.events) else None
        if plan:
            drafts.append(
                messages.Draft(
                    follow_up=follow_up.slug,
                    about_kind=plan.about_kind,
                    about_id=plan.about_id,
                    occurrence=plan.occurrence,
                    recipient_hash=recipient_hash(shop_key, facts.order.email or ""),
                    order_id=event.order_id,
                    event_id=recorded.id,
                    channel=CHANNEL,
                    occurred_at=event.occurred_at,
                    due_at=plan.due_at,
                )
            )
    return drafts


WORK = Work(kind="plan", queue=Queue.WORLD, batch=100, run=plan_messages, ahead=5)
