"""Checks of one shop: the keys to its store, its webhooks, its stored secrets, how fresh it is, and what has stopped."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app.connectors import CONNECTORS
from app.domain.insight import service as insight
from app.domain.insight.service import ResourceSync
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import Resource
from app.jobs.check import WEBHOOKS
from app.jobs.doctor.finding import Finding, broken, fine, look
from app.jobs.pull import access_to
from app.kernel.errors import Failure
from app.kernel.runtime import Runtime

UNREADABLE = "sealed_value_unreadable"
UNCHECKED = timedelta(hours=2)
"""Webhooks are looked after once an hour."""
PERIODS = 3
"""A shop is stale when so many of its polls have brought nothing to an end."""
SHORTEST = timedelta(minutes=15)


def examine_shop(runtime: Runtime, shop: ShopFacts, *, repairs: bool) -> Iterator[Finding]:
    """Everything about one shop; with `repairs` its webhooks are put in order now."""
    readable = list(secrets(runtime, shop))
    yield from readable
    if not any(finding.code == UNREADABLE for finding in readable):
        yield from store(runtime, shop)
        if repairs:
            yield from repair(runtime, shop)
    with runtime.db.transaction(shop.id) as session:
        now = session.scalars(select(func.now())).one()
        read = {one.resource: one for one in insight.sync(session)}
        parked = insight.parked_work(session, shop.id)
    if not repairs:
        yield webhooks(read.get(WEBHOOKS), now)
    yield freshness(read.get(Resource.ORDERS), now, timedelta(seconds=runtime.settings.poll_seconds))
    for work in parked:
        again = f"python -m app.cli resume {shop.public_id} {work.kind}"
        yield look(
            "work", f"{work.count:,} of kind `{work.kind}` have stopped. When that is mended: {again}", work.error
        )


def secrets(runtime: Runtime, shop: ShopFacts) -> Iterator[Finding]:
    """Whether what is kept sealed can be opened, and by which keys."""
    with runtime.db.transaction(shop.id) as session:
        lost = shops.unreadable_secrets(session, runtime.keys, shop.id)
        sealed = shops.sealing_keys(session, shop.id)
    if lost:
        names = ", ".join(lost)
        told = f"Not all open ({names}): put the missing key back into SECRET_KEYS, or connect the store again."
        yield broken("secrets", told, UNREADABLE)
    old = sorted(set(sealed) - {runtime.keys.active})
    if old and not lost:
        yield look("secrets", f"Some are still sealed with {', '.join(old)}: python -m app.cli rotate-keys")
    elif not lost:
        yield fine("secrets", f"{sum(sealed.values())} stored keys open, sealed with {runtime.keys.active}.")


def store(runtime: Runtime, shop: ShopFacts) -> Iterator[Finding]:
    """Whether the store lets us in."""
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
    try:
        profile = CONNECTORS[shop.platform].probe(access, runtime.http)
        yield fine("store", f"{profile.name or shop.domain} lets us in with our keys.")
    except Failure as failure:
        yield broken("store", "Our keys do not open it.", failure.code)


def repair(runtime: Runtime, shop: ShopFacts) -> Iterator[Finding]:
    """Put the store's webhooks in order; the worker's own check writes it down."""
    connector = CONNECTORS[shop.platform]
    with runtime.db.transaction(shop.id) as session:
        access = access_to(runtime, session, shop)
    try:
        found = connector.subscribe(
            access, runtime.http, connector.callback_url(runtime.settings.public_url, shop.public_id)
        )
    except Failure as failure:
        yield broken("webhooks", "They could not be put in order.", failure.code)
        return
    with runtime.db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "check", [""])
    told = f"{found.in_order} were in order, {found.mended} were made or mended, {found.removed} taken away."
    yield fine("webhooks", told)


def webhooks(checked: ResourceSync | None, now: datetime) -> Finding:
    """What the hourly check found."""
    mend = "`doctor --repair` puts them in order now"
    if checked is None or (checked.last_success_at is None and not checked.error):
        return look("webhooks", f"Nobody has looked after them yet; {mend}.")
    if checked.error:
        return broken("webhooks", f"The last check did not get through; {mend}.", checked.error)
    age = now - (checked.last_success_at or now)
    if age > UNCHECKED:
        return look(
            "webhooks", f"Nobody has looked after them for {_hours(age)}: does the worker run? {mend.capitalize()}."
        )
    if checked.drift:
        return fine(
            "webhooks", f"The last check had to mend {checked.drift} of {checked.swept}; now they are in order."
        )
    return fine("webhooks", "In order.")


def freshness(orders: ResourceSync | None, now: datetime, poll: timedelta) -> Finding:
    """When orders were last read to the end."""
    if orders is None or (orders.last_success_at is None and not orders.error):
        return look("orders", "They were not read to the end yet: python -m app.cli watch shows how far they are.")
    if orders.last_success_at is None:
        return broken("orders", "The first import does not get on.", orders.error)
    age = now - orders.last_success_at
    if age <= max(PERIODS * poll, SHORTEST):
        return fine("orders", "Read to the end within the last minutes.")
    if orders.error:
        return broken("orders", f"Not read to the end for {_hours(age)}.", orders.error)
    return look("orders", f"Not read to the end for {_hours(age)}: does the worker run?")


def _hours(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 120 else f"{minutes // 60} hours"
