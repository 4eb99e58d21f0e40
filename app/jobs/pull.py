"""Reading a store: each resource page by page after connecting, again and again to heal missed webhooks, or single things that are
in dispute."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.connectors import CONNECTORS
from app.connectors.base import Access, Ask, Page
from app.domain import apply as domain
from app.domain.apply import Applied, fetch_ref
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.schema import refresh_statistics
from app.domain.shops import service as shops
from app.domain.shops.models import SyncState
from app.domain.shops.rules import ShopFacts
from app.events import CustomerFact, DiscountFact, Fact, Gone, OrderFact, ProductFact, Resource, Source
from app.jobs.queue import LONGEST_LEASE, Queue, Work
from app.kernel.errors import Failure
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

Mark = tuple[str, datetime | None, datetime | None]
"""Cursor, beginning and watermark of a sweep."""
Thing = OrderFact | ProductFact | CustomerFact | DiscountFact
"""What a page counts; the rest of its facts belong to one of these."""

STATISTICS_AT = (500, 5_000, 50_000)
"""Things of a first import after which the planner is told how big the tables have become."""
OVERLAP = timedelta(minutes=10)
"""How far each sweep reaches back behind the one before it: a platform's list may lag behind its own events."""
DEEP_OVERLAP = timedelta(hours=25)
"""And once a day: a webhook may be as late as that, and what it told in the meantime may have been older than what it hid."""
DEEP_EVERY = timedelta(days=1)
WHOLE = frozenset({Resource.PRODUCTS})
"""Read from the beginning once a day: stock falls without leaving a moment of change, and a catalogue is small."""
ON_ITS_WAY = timedelta(minutes=2)
"""What changed less than this before a sweep began may still be told by its webhook: it is no drift."""


def access_to(runtime: Runtime, session: Session, shop: ShopFacts) -> Access:
    return Access(base_url=shop.base_url, secrets=shops.secrets_of(session, runtime.keys, shop.id))


# --- a page after the other -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a sweep stands: what it asks for next, when it began by our clock, and whether it reaches back further than usual.
    `found` is what the row said of it, by which a change in between is seen."""

    ask: Ask
    began_at: datetime
    is_deep: bool
    found: Mark


def pull_page(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """One page of a resource: asked for with no transaction open, written together with watermark and cursor. Not the last page:
    the work is given back to go on with the next one, so that a stop loses no more than a page. The last try of a page that came
    to no outcome writes nothing and owes its things one by one: what cannot be written then parks alone.

    A tick may owe a second reading while a page is under way. Whoever then comes late with a page writes what it says and leaves
    the sweep to the one who has moved it on."""
    claim = claims[0]
    connector, resource = CONNECTORS[shop.platform], Resource(claim.ref)
    if resource not in connector.resources:
        with runtime.db.transaction(shop.id) as session:
            outbox.finish(session, shop.id, claims)
        return
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
        position = _position(shops.sync_state(session, shop.id, resource), resource, runtime.clock.now())
    faultpoint("pull.before_call")
    try:
        page = connector.pull(access, runtime.http, position.ask)
    except Failure as failure:
        with runtime.db.transaction(shop.id) as session:
            shops.sync_state(session, shop.id, resource).last_error = failure.code
        raise
    faultpoint("pull.after_call")
    with runtime.db.transaction(shop.id) as session:
        if claim.attempts >= outbox.MAX_ATTEMPTS:
            outbox.owe_once(session, shop.id, "fetch", _named(page))
            applied = None
        else:
            applied = domain.apply(session, shop, page.facts, Source.PULL)
        state = shops.sync_state(session, shop.id, resource)
        is_ours = _mark(state) == position.found
        if is_ours:
            _advance(session, state, position, page, applied)
        if is_ours and page.cursor:
            outbox.release(session, shop.id, claims, is_progress=True)
        else:
            outbox.finish(session, shop.id, claims)
        faultpoint("pull.before_commit")
    faultpoint("pull.after_commit")


def _named(page: Page) -> list[str]:
    things = [(_resource_of(fact), fact.ref) for fact in page.facts if isinstance(fact, Thing | Gone)]
    return [fetch_ref(resource, ref) for resource, ref in things]


def _resource_of(fact: Thing | Gone) -> Resource:
    return fact.resource if isinstance(fact, Gone) else RESOURCES[type(fact)]


RESOURCES: dict[type[Fact], Resource] = {
    OrderFact: Resource.ORDERS,
    ProductFact: Resource.PRODUCTS,
    CustomerFact: Resource.CUSTOMERS,
    DiscountFact: Resource.DISCOUNTS,
}


def _position(state: SyncState, resource: Resource, now: datetime) -> Position:
    """On with the sweep that is under way, or at the beginning of a new one."""
    if state.cursor and state.started_at:
        is_deep = state.deep_at == state.started_at
        ask = Ask(resource=resource, changed_since=state.since, cursor=state.cursor)
        return Position(ask=ask, began_at=state.started_at, is_deep=is_deep, found=_mark(state))
    is_deep = state.deep_at is None or now - state.deep_at >= DEEP_EVERY
    return Position(
        ask=Ask(resource=resource, changed_since=_since(state, resource, is_deep=is_deep)),
        began_at=now,
        is_deep=is_deep,
        found=_mark(state),
    )


def _mark(state: SyncState) -> Mark:
    return state.cursor, state.started_at, state.watermark


def _since(state: SyncState, resource: Resource, *, is_deep: bool) -> datetime | None:
    if state.watermark is None or (is_deep and resource in WHOLE):
        return None
    return state.watermark - (DEEP_OVERLAP if is_deep else OVERLAP)


def _advance(session: Session, state: SyncState, position: Position, page: Page, applied: Applied | None) -> None:
    """The watermark moves to the moment the sweep began, never to the present: what changed meanwhile is asked for again. The
    store's clock goes before ours where it is behind: what it calls changed since is measured by that."""
    if not position.ask.cursor:
        _begin(session, state, position, page)
    started_at = state.started_at or position.began_at
    things = [fact for fact in page.facts if isinstance(fact, Thing)]
    if state.is_backfilled:
        state.swept += len(things)
        state.drift += _drift(things, applied, started_at)
    else:
        _count_progress(session, state, len(things), page.total)
    state.cursor = page.cursor
    state.last_error = ""
    if not page.cursor:
        state.watermark = started_at
        state.is_backfilled = True
        state.last_success_at = session.scalar(select(func.now()))


def _begin(session: Session, state: SyncState, position: Position, page: Page) -> None:
    state.since = position.ask.changed_since
    state.started_at = min(position.began_at, page.answered_at or position.began_at)
    state.swept = state.drift = 0
    if position.is_deep:
        state.deep_at = state.started_at
    if not state.is_backfilled:
        state.backfill_started_at = session.scalar(select(func.now()))


def _count_progress(session: Session, state: SyncState, seen: int, total: int | None) -> None:
    before = state.seen
    state.seen += seen
    state.total = total if total is not None else state.total
    if any(before < size <= state.seen for size in STATISTICS_AT):
        refresh_statistics(session)


def _drift(things: Sequence[Thing], applied: Applied | None, started_at: datetime) -> int:
    """How many things of a page our rows should have known already."""
    changed = applied.changed if applied else frozenset[domain.Thing]()
    return sum(
        (_resource_of(fact), fact.ref) in changed and fact.updated_at < started_at - ON_ITS_WAY for fact in things
    )


# --- single things ----------------------------------------------------------------------------------------------------


def fetch_things(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """The present state of single things whose news did not fit together."""
    wanted: dict[Resource, set[str]] = defaultdict(set)
    for claim in claims:
        resource, _, ref = claim.ref.partition("/")
        wanted[Resource(resource)].add(ref)
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
    connector = CONNECTORS[shop.platform]
    facts: list[Fact] = []
    faultpoint("fetch.before_call")
    for resource, refs in sorted(wanted.items()):
        facts += connector.pull(access, runtime.http, Ask(resource=resource, refs=tuple(sorted(refs)))).facts
    faultpoint("fetch.after_call")
    with runtime.db.transaction(shop.id) as session:
        domain.apply(session, shop, facts, Source.PULL)
        outbox.finish(session, shop.id, claims)
        faultpoint("fetch.before_commit")
    faultpoint("fetch.after_commit")


PULL = Work(kind="pull", queue=Queue.SLOW, batch=1, run=pull_page, lease=LONGEST_LEASE)
FETCH = Work(kind="fetch", queue=Queue.WORLD, batch=25, run=fetch_things, lease=LONGEST_LEASE)
