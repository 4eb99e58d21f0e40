"""The one way in: a batch of facts becomes mirrors, history, projections and owed work, all in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.orm import Session

from app.domain.catalogue import service as catalogue
from app.domain.customers import service as customers
from app.domain.history import service as history
from app.domain.hub import service as hub
from app.domain.orders import service as orders
from app.domain.outbox import service as outbox
from app.domain.shipments import service as shipments
from app.domain.shops.rules import ShopFacts
from app.events import (
    CustomerFact,
    DiscountFact,
    Fact,
    Gone,
    OrderFact,
    ProductFact,
    RefundFact,
    Resource,
    ScanFact,
    ShipmentFact,
    Source,
    Stale,
)

Kind = TypeVar("Kind", bound=Fact)
Thing = tuple[Resource, str]
"""What a platform calls by its own key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What a batch did: new events, things that must be pulled because somebody told too little, and what our rows did not say
    before."""

    events: int
    to_pull: int
    changed: frozenset[Thing]


def apply(session: Session, shop: ShopFacts, facts: Sequence[Fact], source: Source) -> Applied:
    """Write what `facts` say, in whatever order they come and however often. What was pulled is the platform's present state and
    settles disputes; what was told (webhooks) and does not fit is pulled again."""
    is_authoritative = source is Source.PULL
    sold = _apply_catalogue(session, shop, facts, is_authoritative=is_authoritative)
    ordered = _apply_orders(session, shop, facts, source, is_authoritative=is_authoritative)
    to_pull = {
        *((Resource.PRODUCTS, ref) for ref in sold.disputed),
        *((Resource.ORDERS, ref) for ref in ordered.to_pull),
        *((fact.resource, fact.ref) for fact in _only(facts, Stale) if fact.resource is not Resource.ORDERS),
    }
    outbox.owe_once(session, shop.id, "fetch", (fetch_ref(*thing) for thing in to_pull))
    return Applied(events=ordered.events, to_pull=len(to_pull), changed=sold.changed | ordered.changed)


def fetch_ref(resource: Resource, ref: str) -> str:
    """Under which key the work of reading a single thing is owed: "orders/1001"."""
    return f"{resource.value}/{ref}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sold:
    changed: frozenset[Thing]
    disputed: frozenset[str]


def _apply_catalogue(session: Session, shop: ShopFacts, facts: Sequence[Fact], *, is_authoritative: bool) -> _Sold:
    """Everything that is no order: nothing of it makes an event."""
    products = catalogue.write_products(
        session, shop.id, shop.currency, _only(facts, ProductFact), is_authoritative=is_authoritative
    )
    discounts = catalogue.write_discounts(
        session, shop.id, _only(facts, DiscountFact), is_authoritative=is_authoritative
    )
    people = customers.write(session, shop.id, _only(facts, CustomerFact))
    gone = _only(facts, Gone)
    catalogue.mark_products_gone(session, _of(gone, Resource.PRODUCTS), is_authoritative=is_authoritative)
    catalogue.mark_discounts_gone(session, _of(gone, Resource.DISCOUNTS))
    customers.forget(session, _of(gone, Resource.CUSTOMERS))
    return _Sold(
        changed=frozenset(
            {
                *((Resource.PRODUCTS, ref) for ref in products.changed),
                *((Resource.DISCOUNTS, ref) for ref in discounts.changed),
                *((Resource.CUSTOMERS, ref) for ref in people),
            }
        ),
        disputed=products.disputed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ordered:
    events: int
    to_pull: frozenset[str]
    changed: frozenset[Thing]


def _apply_orders(
    session: Session, shop: ShopFacts, facts: Sequence[Fact], source: Source, *, is_authoritative: bool
) -> _Ordered:
    """Orders with their parcels, scans and refunds. Every order that the batch speaks of is held first: what is read of it below is
    what will be committed."""
    scans, parcels, refunds = _only(facts, ScanFact), _only(facts, ShipmentFact), _only(facts, RefundFact)
    refs = _order_refs(facts)
    if not refs and not scans:
        return _Ordered(events=0, to_pull=frozenset(), changed=frozenset())
    orders.hold(session, refs, shipments.orders_of(session, scans))
    seen = orders.write(session, shop.id, shop.language, _only(facts, OrderFact), is_authoritative=is_authoritative)
    gone = orders.mark_gone(session, _of(_only(facts, Gone), Resource.ORDERS), is_authoritative=is_authoritative)
    owners = orders.ids_of(session, (fact.order_ref for fact in (*parcels, *refunds)))
    sent = shipments.write(session, shop.id, owners, parcels, is_authoritative=is_authoritative)
    scanned = shipments.record_scans(session, shop.id, scans)
    refunded = orders.write_refunds(session, shop.id, owners, refunds)

    drafts = (*seen.events, *sent.events, *scanned.events, *refunded)
    events = history.append(session, shop.id, drafts, source, shop.connected_at)
    outbox.owe(session, shop.id, "plan", (str(event.id) for event in events if not event.is_historic))
    orphans = {fact.order_ref for fact in (*parcels, *refunds) if fact.order_ref not in owners}
    told_too_little = {fact.ref for fact in _only(facts, Stale) if fact.resource is Resource.ORDERS}
    to_pull = seen.disputed | sent.disputed | scanned.disputed | orphans | told_too_little
    if is_authoritative:
        to_pull -= seen.ids.keys() | gone.keys()
    touched = {*seen.ids.values(), *gone.values(), *sent.order_ids, *scanned.order_ids, *owners.values()}
    hub.project(session, shop, sorted(touched))
    return _Ordered(
        events=len(events),
        to_pull=to_pull,
        changed=frozenset((Resource.ORDERS, ref) for ref in (*seen.changed, *sent.changed)),
    )


def _order_refs(facts: Iterable[Fact]) -> set[str]:
    """The orders that a batch names."""
    refs: set[str] = set()
    for fact in facts:
        if isinstance(fact, OrderFact):
            refs.add(fact.ref)
        elif isinstance(fact, Gone | Stale):
            refs.update([fact.ref] if fact.resource is Resource.ORDERS else [])
        elif isinstance(fact, ShipmentFact | ScanFact | RefundFact):
            refs.update([fact.order_ref] if fact.order_ref else [])
    return refs


def _only(facts: Iterable[Fact], kind: type[Kind]) -> list[Kind]:
    return [fact for fact in facts if isinstance(fact, kind)]


def _of(gone: Iterable[Gone], resource: Resource) -> list[Gone]:
    return [fact for fact in gone if fact.resource is resource]
