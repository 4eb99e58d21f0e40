"""Reading a store: page by page after connecting, again and again to heal missed webhooks, or single orders that are in dispute."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.connectors import CONNECTORS
from app.connectors.base import Access, Ask, Page
from app.domain import apply as domain
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.schema import refresh_statistics
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import OrderFact, OrderGone, Source
from app.jobs.queue import LONGEST_LEASE, Queue, Work
from app.kernel.errors import Failure
from app.kernel.runtime import Runtime

log = logging.getLogger(__name__)

ORDERS = "orders"
STATISTICS_AT = (500, 5_000, 50_000)
"""Orders of a first import after which the planner is told how big the tables have become."""
OVERLAP = timedelta(minutes=10)
"""How far each pull reaches back behind the one before it: a platform's list may lag behind its own events."""


def access_to(runtime: Runtime, session: Session, shop: ShopFacts) -> Access:
    return Access(base_url=shop.base_url, secrets=shops.secrets_of(session, runtime.keys, shop.id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where a pull stands: what it asks for next, and when it began by the business clock."""

    ask: Ask
    started_at: datetime


def pull_orders(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """One page of orders: asked for with no transaction open, written together with watermark and cursor. Not the last page: the
    work is given back to go on with the next one, so that a stop loses no more than a page. The last try of a page that came to
    no outcome writes nothing and owes its orders one by one: what cannot be written then parks alone."""
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
        position = _position(session, shop.id, runtime.clock.now())
    try:
        page = CONNECTORS[shop.platform].pull(access, runtime.http, position.ask)
    except Failure as failure:
        with runtime.db.transaction(shop.id) as session:
            shops.sync_state(session, shop.id, ORDERS).last_error = failure.code
        raise
    with runtime.db.transaction(shop.id) as session:
        if claims[0].attempts >= outbox.MAX_ATTEMPTS:
            named = (fact.ref for fact in page.facts if isinstance(fact, OrderFact | OrderGone))
            outbox.owe_once(session, shop.id, "fetch", named)
        else:
            domain.apply(session, shop, page.facts, Source.PULL)
        _advance(session, shop.id, position, page)
        if page.cursor:
            outbox.release(session, shop.id, claims, is_progress=True)
        else:
            outbox.finish(session, shop.id, claims)


def _position(session: Session, shop_id: int, now: datetime) -> Position:
    state = shops.sync_state(session, shop_id, ORDERS)
    since = state.watermark - OVERLAP if state.watermark else None
    started_at = state.started_at if state.cursor and state.started_at else now
    return Position(ask=Ask(changed_since=since, cursor=state.cursor), started_at=started_at)


def _advance(session: Session, shop_id: int, position: Position, page: Page) -> None:
    """The watermark moves to the moment the pull began, never to the present: what changed meanwhile is asked for again."""
    state = shops.sync_state(session, shop_id, ORDERS)
    if not state.is_backfilled:
        before = state.seen
        state.seen += sum(isinstance(fact, OrderFact) for fact in page.facts)
        if any(before < size <= state.seen for size in STATISTICS_AT):
            refresh_statistics(session)
        state.total = page.total if page.total is not None else state.total
    state.cursor = page.cursor
    state.started_at = position.started_at
    state.last_error = ""
    if not page.cursor:
        state.watermark = position.started_at
        state.is_backfilled = True
        state.last_success_at = session.scalar(select(func.now()))


def fetch_orders(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    """The present state of single orders whose news did not fit together."""
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
    refs = tuple(sorted({claim.ref for claim in claims}))
    page = CONNECTORS[shop.platform].pull(access, runtime.http, Ask(refs=refs))
    with runtime.db.transaction(shop.id) as session:
        domain.apply(session, shop, page.facts, Source.PULL)
        outbox.finish(session, shop.id, claims)


PULL = Work(kind="pull", queue=Queue.SLOW, batch=1, run=pull_orders, lease=LONGEST_LEASE)
FETCH = Work(kind="fetch", queue=Queue.NOW, batch=25, run=fetch_orders, lease=LONGEST_LEASE)
