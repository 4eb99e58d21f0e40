"""Commands that read a store anew, and show how far that is."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
from sqlalchemy import func, select

from app.cli.entering import LEFT, Told, find_shop, start
from app.cli.terminal import Progress, progress
from app.connectors import CONNECTORS
from app.domain.insight import service as insight
from app.domain.insight.service import ResourceSync
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import Resource
from app.kernel.runtime import Runtime
from app.web.console.reasons import reason
from app.web.console.wording import drift, time_left

PULL = "pull"
LOOK_EVERY = 1.0
NOBODY_AFTER = 30.0
"""Seconds after which work that nobody has taken up means that no worker runs."""
USUAL_REACH = timedelta(days=7)
"""How far `reconcile` reaches back unless it is told otherwise: longer than a store tries to deliver a webhook."""

RESOURCE = click.Choice([resource.value for resource in Resource])
DATE = click.DateTime(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
watching = click.option(
    "--watch/--no-watch", "is_watched", default=None, help="Show how far it is until it is done; usual on a terminal."
)


@click.command(
    "back-fill", help="Read a store from its beginning: everything, or one RESOURCE. Rows stay while it is read."
)
@click.argument("shop")
@click.argument("resource", type=RESOURCE, required=False)
@watching
def back_fill(shop: str, resource: str | None, is_watched: bool | None) -> None:
    _read_anew(shop, resource, None, is_watched)


@click.command("reconcile", help="Read again what changed in a store since a day, a week ago unless it is named.")
@click.argument("shop")
@click.argument("resource", type=RESOURCE, required=False)
@click.option("--since", type=DATE, help="A day in UTC, like 2026-11-01.")
@watching
def reconcile(shop: str, resource: str | None, since: datetime | None, is_watched: bool | None) -> None:
    now = datetime.now(UTC)
    moment = since.replace(tzinfo=UTC) if since else now - USUAL_REACH
    if moment > now:
        raise click.UsageError("--since lies ahead: it must be a day that has begun.")
    _read_anew(shop, resource, moment, is_watched)


@click.command(
    "watch", help="Show how far a store has been read, until the first import is done. Leaving does not stop it."
)
@click.argument("shop")
def watch(shop: str) -> None:
    runtime = start()
    found = find_shop(runtime, shop)
    _watch(runtime, found, CONNECTORS[found.platform].resources, Wanted(is_whole=True))


def _read_anew(name: str, resource: str | None, since: datetime | None, is_watched: bool | None) -> None:
    runtime = start()
    shop = find_shop(runtime, name)
    known = CONNECTORS[shop.platform].resources
    if resource and resource not in known:
        raise Told(f"{CONNECTORS[shop.platform].title} tells nothing of {resource}; there are {', '.join(known)}.")
    resources = (Resource(resource),) if resource else known
    begun_at = _restart(runtime, shop, resources, since)
    if sys.stderr.isatty() if is_watched is None else is_watched:
        _watch(runtime, shop, resources, Wanted(is_whole=since is None, after=begun_at))
    else:
        click.echo(f"The worker reads it from now on; to watch: python -m app.cli watch {shop.public_id}")


def _restart(runtime: Runtime, shop: ShopFacts, resources: Sequence[Resource], since: datetime | None) -> datetime:
    """Begin each sweep anew; whoever is in the middle of the old one loses it. The moment, by the database's clock."""
    with runtime.db.transaction(shop.id) as session:
        for resource in resources:
            shops.restart_sweep(session, shop.id, resource, since)
            outbox.withdraw(session, shop.id, PULL, resource)
        outbox.owe(session, shop.id, PULL, resources)
        return session.scalars(select(func.now())).one()


# --- watching -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is waited for: a reading of everything or of what changed, that ended after a moment (None: whenever it did)."""

    is_whole: bool
    after: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One resource at one moment: how far it is, and what becomes of the work that reads it."""

    sync: ResourceSync | None
    is_waiting: bool
    is_parked: bool
    error: str

    def is_done(self, wanted: Wanted) -> bool:
        if self.sync is None or self.sync.last_success_at is None:
            return False
        return self.sync.is_backfilled and (wanted.after is None or self.sync.last_success_at > wanted.after)


def _watch(runtime: Runtime, shop: ShopFacts, resources: Sequence[Resource], wanted: Wanted) -> None:
    try:
        with progress("Reading") as shown:
            for resource in resources:
                _watch_one(runtime, shop, resource, wanted, shown)
    except KeyboardInterrupt:
        click.echo(
            f"\nIt goes on without this window; to watch again: python -m app.cli watch {shop.public_id}", err=True
        )
        sys.exit(LEFT)


def _watch_one(runtime: Runtime, shop: ShopFacts, resource: Resource, wanted: Wanted, shown: Progress) -> None:
    began = time.monotonic()
    while True:
        look = _look(runtime, shop, resource)
        if look.is_done(wanted):
            shown.clear()
            click.echo(_outcome(resource, look.sync, wanted))
            return
        if look.is_parked:
            raise Told(
                f"Reading {resource} has stopped: {reason(look.error)} When that is mended:"
                f" python -m app.cli resume {shop.public_id} {PULL}"
            )
        shown.show(_line(resource, look, time.monotonic() - began))
        time.sleep(LOOK_EVERY)


def _look(runtime: Runtime, shop: ShopFacts, resource: Resource) -> Look:
    with runtime.db.transaction(shop.id) as session:
        job = outbox.find(session, shop.id, PULL, resource)
        return Look(
            sync=next((one for one in insight.sync(session) if one.resource == resource), None),
            is_waiting=job is not None and job.attempts == 0 and job.lease_until is None,
            is_parked=job is not None and job.parked_at is not None,
            error=job.last_error if job else "",
        )


def _line(resource: Resource, look: Look, seconds: float) -> str:
    sync = look.sync
    if look.error:
        return f"{resource}: {reason(look.error)} It is tried again by itself."
    if look.is_waiting and (sync is None or not sync.is_under_way):
        nobody = " Is a worker running (python -m app.worker)?" if seconds > NOBODY_AFTER else ""
        return f"{resource}: waiting to be read.{nobody}"
    if sync is None or sync.is_backfilled:
        return f"{resource}: {sync.swept if sync else 0:,} looked at so far."
    of = f" of {sync.total:,}" if sync.total is not None else ""
    return f"{resource}: {sync.seen:,}{of} read. {time_left(sync.time_left)}"


def _outcome(resource: Resource, sync: ResourceSync | None, wanted: Wanted) -> str:
    if sync is None or wanted.is_whole:
        return f"{resource}: all {sync.seen if sync else 0:,} read."
    return f"{resource}: {sync.swept:,} looked at. {drift(sync.drift, sync.swept)}"


COMMANDS = (back_fill, reconcile, watch)
