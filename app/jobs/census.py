"""Once a day a store is asked which of the things we know it still has. What was deleted for good while its webhook was lost
stands in no list of changes: only its absence tells."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from app.connectors import CONNECTORS
from app.domain.apply import fetch_ref
from app.domain.catalogue import service as catalogue
from app.domain.customers import service as customers
from app.domain.orders import service as orders
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.events import Resource
from app.jobs.pull import access_to
from app.jobs.queue import LONGEST_LEASE, Queue, Work
from app.kernel.runtime import Runtime

AT_ONCE = 100
"""Things asked for with one question; no platform's list takes more."""
RECENT = timedelta(days=55)
"""Of orders: nobody waits for older ones, and some platforms hide from most apps those that are older than 60 days."""

Refs = Callable[[Session, str, int, datetime], list[str]]
"""The first refs behind one, as many as are asked for, of what matters since a moment; in the order of their texts."""

KNOWN: Mapping[Resource, Refs] = {
    Resource.ORDERS: orders.refs_behind,
    Resource.PRODUCTS: catalogue.product_refs_behind,
    Resource.CUSTOMERS: customers.refs_behind,
    Resource.DISCOUNTS: catalogue.discount_refs_behind,
}


def take_census(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """One question about the things behind those of the work's ref ("products/14", empty for the beginning); what is missing is
    owed as a fetch, which finds it gone or, after all, there. The rest is owed as work of its own."""
    connector = CONNECTORS[shop.platform]
    resource, last = _position(claims[0].ref, connector.resources)
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
        refs = KNOWN[resource](session, last, AT_ONCE, runtime.clock.now() - RECENT)
    present = connector.existing(access, runtime.http, resource, refs) if refs else frozenset[str]()
    following = _following(resource, refs, connector.resources)
    with runtime.db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "fetch", [fetch_ref(resource, ref) for ref in refs if ref not in present])
        outbox.finish(session, shop.id, claims)
        outbox.owe_once(session, shop.id, "census", [following] if following else [])


def _position(ref: str, resources: Sequence[Resource]) -> tuple[Resource, str]:
    name, _, last = ref.partition("/")
    return (Resource(name) if name else resources[0]), last


def _following(resource: Resource, refs: Sequence[str], resources: Sequence[Resource]) -> str:
    """Where to go on: behind the last one, at the next resource, or nowhere."""
    if len(refs) == AT_ONCE:
        return f"{resource.value}/{refs[-1]}"
    later = resources[resources.index(resource) + 1 :]
    return f"{later[0].value}/" if later else ""


WORK = Work(kind="census", queue=Queue.SLOW, batch=1, run=take_census, lease=LONGEST_LEASE)
