"""Commands that connect a shop and settle how it is served."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from typing import TextIO

import click
import orjson

from app.carriers import CARRIERS
from app.cli.entering import Told, find_shop, json_from, start
from app.cli.terminal import Progress, progress
from app.connectors import CONNECTORS
from app.connectors.base import Access
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import misfits
from app.jobs.check import store_from
from app.jobs.followups import FOLLOWUPS
from app.jobs.pull import access_to
from app.jobs.track import credential_name
from app.kernel.runtime import Runtime

STEPS = 3
"""Trying the keys, keeping them, subscribing."""
TAKEN_UP = ("pull", "fetch", "ingest", "plan", "effect", "track", "check", "retain")
"""Parked work that connecting again gives another try: all but letters, which were stopped for a reason of their own."""


@click.command("connect")
@click.argument("platform", type=click.Choice(sorted(CONNECTORS)))
@click.argument("url")
@click.option("--credentials", type=click.File("r"), help="JSON object with the store's keys; - reads them from stdin.")
def connect(platform: str, url: str, credentials: TextIO | None) -> None:
    """Connect the store of PLATFORM at URL, subscribe to its webhooks and begin to import. Connecting again gives it new keys."""
    runtime = start()
    names = CONNECTORS[platform].credential_names
    given = _keys(names, credentials, f"The keys that {CONNECTORS[platform].title} gave you")
    access = Access(base_url=url.rstrip("/"), secrets={**given, "webhook_secret": secrets.token_urlsafe(32)})
    with progress("Connecting") as tell:
        public_id = _connect(runtime, platform, access, tell)
    click.echo(orjson.dumps({"shop": public_id}).decode())
    click.echo(f"The import has begun; to watch it: python -m app.cli watch {public_id}", err=True)


def _connect(runtime: Runtime, platform: str, access: Access, tell: Progress) -> str:
    """Try the keys, keep them sealed, subscribe, and owe the first import; the shop's public id."""
    connector = CONNECTORS[platform]
    profile = connector.probe(access, runtime.http)
    tell("steps", 1, STEPS)
    now = runtime.clock.now()
    with runtime.db.house() as session:
        shop_id, public_id = shops.register(session, store_from(platform, access.base_url, profile), now)
    with runtime.db.transaction(shop_id) as session:
        for name in shops.forget_unreadable_secrets(session, runtime.keys, shop_id):
            click.echo(
                f"What was kept as {name} cannot be opened with SECRET_KEYS any more and is forgotten.", err=True
            )
        kept = shops.secrets_of(session, runtime.keys, shop_id)
        for name, value in {**access.secrets, **{n: v for n, v in kept.items() if n == "webhook_secret"}}.items():
            shops.store_secret(session, runtime.keys, shop_id, name, value)
        access = access_to(runtime, session, shops.present(session, shop_id, now))
    tell("steps", 2, STEPS)
    connector.subscribe(access, runtime.http, connector.callback_url(runtime.settings.public_url, public_id))
    with runtime.db.transaction(shop_id) as session:
        for kind in TAKEN_UP:
            outbox.unpark(session, shop_id, kind)
        outbox.owe_once(session, shop_id, "pull", connector.resources)
    return public_id


@click.command("carrier", help="Keep a shop's key for a carrier, so that its parcels are followed.")
@click.argument("shop")
@click.argument("carrier", type=click.Choice(sorted(CARRIERS)))
@click.option("--url", help="The carrier's address, when it is not the usual one.")
@click.option("--credentials", type=click.File("r"), help="JSON object with the keys; - reads them from stdin.")
def carrier(shop: str, carrier: str, url: str | None, credentials: TextIO | None) -> None:
    runtime = start()
    found = find_shop(runtime, shop)
    given = _keys(CARRIERS[carrier].credential_names, credentials, "The keys that the carrier gave you")
    access = {"base_url": url or CARRIERS[carrier].default_url, "secrets": given}
    with runtime.db.transaction(found.id) as session:
        shops.store_secret(session, runtime.keys, found.id, credential_name(carrier), orjson.dumps(access).decode())
        outbox.unpark(session, found.id, "track")


@click.command("settings")
@click.argument("shop")
def settings(shop: str) -> None:
    """Change a shop's settings: a JSON object of names and values on stdin (docs/operations.md)."""
    runtime = start()
    found = find_shop(runtime, shop)
    values = json_from(sys.stdin, "What is read from stdin")
    if problems := misfits(values, FOLLOWUPS):
        raise Told("\n".join(problems))
    with runtime.db.transaction(found.id) as session:
        shops.choose(session, found.id, values, runtime.clock.now())


def _keys(names: Sequence[str], file: TextIO | None, what: str) -> dict[str, str]:
    """The named keys, from a file or asked for one by one, unseen."""
    if file is None:
        return {name: click.prompt(name, hide_input=True) for name in names}
    given = json_from(file, what)
    if missing := [name for name in names if not given.get(name)]:
        raise Told(f"These keys are missing: {', '.join(missing)}")
    return {name: str(given[name]) for name in names}


COMMANDS = (connect, carrier, settings)
