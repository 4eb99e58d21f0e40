"""The one way in: a batch of facts becomes mirrors, history, projections and owed work, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from app.domain.history import service as history
from app.domain.hub import service as hub
from app.domain.orders import service as orders
from app.domain.outbox import service as outbox
from app.domain.shipments import service as shipments
from app.domain.shops.rules import ShopFacts
from app.events import Fact, OrderFact, OrderGone, ScanFact, ShipmentFact, Source, Stale

Kind = TypeVar("Kind", bound=Fact)


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """How much a batch changed: new events, and orders that must be pulled because somebody told too little."""

    events: int
    to_pull: int


def apply(session: Session, shop: ShopFacts, facts: Sequence[Fact], source: Source) -> Applied:
    """Write what `facts` say, in whatever order they come and however often. What was pulled is the platform's present state and
    settles disputes; what was told (webhooks) and does not fit is pulled again. Every order that the batch speaks of is held
    first: what is read of it below is what will be committed."""
    scans = _only(facts, ScanFact)
    orders.hold(session, _order_refs(facts), shipments.orders_of(session, scans))
    is_authoritative = source is Source.PULL
    seen = orders.write(session, shop.id, shop.language, _only(facts, OrderFact), is_authoritative=is_authoritative)
    gone = orders.mark_gone(session, _only(facts, OrderGone), is_authoritative=is_authoritative)
    parcels = _only(facts, ShipmentFact)
    owners = orders.ids_of(session, (fact.order_ref for fact in parcels))
    sent = shipments.write(session, shop.id, owners, parcels, is_authoritative=is_authoritative)
    scanned = shipments.record_scans(session, shop.id, scans)

    events = history.append(session, shop.id, (*seen.events, *sent.events, *scanned.events), source, shop.connected_at)
    outbox.owe(session, shop.id, "plan", (str(event.id) for event in events if not event.is_historic))
    orphans = {fact.order_ref for fact in parcels if fact.order_ref not in owners}
    told_too_little = {fact.order_ref for fact in _only(facts, Stale)}
    to_pull = seen.disputed | sent.disputed | scanned.disputed | orphans | told_too_little
    if is_authoritative:
        to_pull -= seen.ids.keys() | gone.keys()
    outbox.owe_once(session, shop.id, "fetch", to_pull)
    hub.project(session, shop, sorted({*seen.ids.values(), *gone.values(), *sent.order_ids, *scanned.order_ids}))
    return Applied(events=len(events), to_pull=len(to_pull))


def _order_refs(facts: Sequence[Fact]) -> set[str]:
    return {fact.ref if isinstance(fact, OrderFact | OrderGone) else fact.order_ref for fact in facts}


def _only(facts: Sequence[Fact], kind: type[Kind]) -> list[Kind]:
    return [fact for fact in facts if isinstance(fact, kind)]
