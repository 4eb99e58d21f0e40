"""The operator's commands: `python -m app.cli --help`."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from typing import TextIO
from urllib.parse import quote

import click
import orjson
from sqlalchemy import func, select

from app import wiring
from app.carriers import CARRIERS
from app.connectors import CONNECTORS
from app.connectors.base import Access
from app.domain.inbox import service as inbox
from app.domain.insight.audit import WRONG, audit
from app.domain.orders import service as orders
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts, misfits
from app.jobs import facts as gathered
from app.jobs.deliver import links_for
from app.jobs.pull import access_to
from app.jobs.track import credential_name
from app.jobs.works import WORKS
from app.kernel.config import BadSettings
from app.kernel.crypto import Link
from app.kernel.errors import Failure
from app.kernel.migrate import upgrade
from app.kernel.runtime import Runtime

CONSOLE_LINK_SECONDS = 900
CONNECTIONS = 1
TAKEN_UP = ("pull", "fetch", "ingest", "plan", "track", "retain")
"""Parked work that connecting again gives another try: all but letters, which were stopped for a reason of their own."""


@click.group(help="Encore, for the person who runs it.")
def cli() -> None:
    pass


@cli.command("make-key", help="Print a fresh value for SECRET_KEYS.")
def make_key() -> None:
    print("k1:" + base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())


@cli.command("migrate", help="Bring the database to this version's schema; safe to repeat.")
def migrate() -> None:
    db = _runtime().db
    if not db.is_walled():
        raise click.ClickException(
            "The role of DATABASE_URL is a superuser or bypasses row-level security, which is the wall between shops."
            " Give Encore a role of its own (docs/self-hosting.md)."
        )
    upgrade(db)


@cli.command("connect", help="Connect the store of PLATFORM at URL, subscribe to its webhooks and begin to import.")
@click.argument("platform", type=click.Choice(sorted(CONNECTORS)))
@click.argument("url")
@click.option("--credentials", type=click.File("r"), help="JSON object with the store's keys; - reads them from stdin.")
def connect(platform: str, url: str, credentials: TextIO | None) -> None:
    runtime = _runtime()
    connector = CONNECTORS[platform]
    given = orjson.loads(credentials.read()) if credentials else _ask(connector.credential_names)
    missing = [name for name in connector.credential_names if not given.get(name)]
    if missing:
        raise click.ClickException(f"These keys are missing: {', '.join(missing)}")
    access = Access(base_url=url.rstrip("/"), secrets={**given, "webhook_secret": secrets.token_urlsafe(32)})
    try:
        print(orjson.dumps({"shop": _connect(runtime, platform, access)}).decode())
    except Failure as failure:
        raise click.ClickException(f"The store could not be connected ({failure.code}). {failure.hint}") from None


def _connect(runtime: Runtime, platform: str, access: Access) -> str:
    """Try the keys, keep them sealed, subscribe, and owe the first import; the shop's public id."""
    connector = CONNECTORS[platform]
    profile = connector.probe(access, runtime.http)
    now = runtime.clock.now()
    store = shops.Store(
        platform=platform,
        domain=profile.domain,
        base_url=access.base_url,
        name=profile.name,
        timezone=profile.timezone,
        currency=profile.currency,
        language=profile.language,
        country=profile.country,
    )
    with runtime.db.house() as session:
        shop_id, public_id = shops.register(session, store, now)
    with runtime.db.transaction(shop_id) as session:
        for name in shops.forget_unreadable_secrets(session, runtime.keys, shop_id):
            print(
                f"What was kept as {name} cannot be opened with SECRET_KEYS any more and is forgotten.", file=sys.stderr
            )
        kept = shops.secrets_of(session, runtime.keys, shop_id)
        for name, value in {**access.secrets, **{n: v for n, v in kept.items() if n == "webhook_secret"}}.items():
            shops.store_secret(session, runtime.keys, shop_id, name, value)
        access = access_to(runtime, session, shops.present(session, shop_id, now))
    connector.subscribe(access, runtime.http, connector.callback_url(runtime.settings.public_url, public_id))
    with runtime.db.transaction(shop_id) as session:
        for kind in TAKEN_UP:
            outbox.unpark(session, shop_id, kind)
        outbox.owe_once(session, shop_id, "pull", [str(shop_id)])
    return public_id


def _ask(names: tuple[str, ...]) -> dict[str, str]:
    return {name: click.prompt(name, hide_input=True) for name in names}


@cli.command("carrier", help="Keep a shop's key for a carrier, so that its parcels are followed.")
@click.argument("shop")
@click.argument("carrier", type=click.Choice(sorted(CARRIERS)))
@click.option("--url", help="The carrier's address, when it is not the usual one.")
@click.option("--credentials", type=click.File("r"), help="JSON object with the keys; - reads them from stdin.")
def carrier(shop: str, carrier: str, url: str | None, credentials: TextIO | None) -> None:
    runtime = _runtime()
    found = _shop(runtime, shop)
    names = CARRIERS[carrier].credential_names
    given = orjson.loads(credentials.read()) if credentials else _ask(names)
    if missing := [name for name in names if not given.get(name)]:
        raise click.ClickException(f"These keys are missing: {', '.join(missing)}")
    access = {"base_url": url or CARRIERS[carrier].default_url, "secrets": {name: given[name] for name in names}}
    with runtime.db.transaction(found.id) as session:
        shops.store_secret(session, runtime.keys, found.id, credential_name(carrier), orjson.dumps(access).decode())
        outbox.unpark(session, found.id, "track")


@cli.command(
    "settings", help="Change a shop's settings: a JSON object of names and values on stdin (docs/operations.md)."
)
@click.argument("shop")
def settings(shop: str) -> None:
    runtime = _runtime()
    found = _shop(runtime, shop)
    values = orjson.loads(sys.stdin.read())
    if problems := misfits(values):
        raise click.ClickException("\n".join(problems))
    with runtime.db.transaction(found.id) as session:
        shops.choose(session, found.id, values, runtime.clock.now())


@cli.command("console-link", help="Print a one-time link into the console: of one shop, or of all.")
@click.option("--shop", help="The shop's public id.")
def console_link(shop: str | None) -> None:
    runtime = _runtime()
    with runtime.db.house() as session:
        all_shops = [facts.public_id for facts in shops.list_shops(session)]
        now = session.scalar(select(func.now()))
    chosen = [_shop(runtime, shop).public_id] if shop else all_shops
    if not chosen or now is None:
        raise click.ClickException("No shop is connected yet: python -m app.cli connect --help")
    link = Link(
        purpose="console",
        shop=",".join(chosen),
        subject=secrets.token_urlsafe(8),
        expires=int(now.timestamp()) + CONSOLE_LINK_SECONDS,
    )
    print(f"{runtime.settings.public_url}/console/enter/{quote(runtime.keys.sign(link))}")


@cli.command("track-link", help="Print the shopper's tracking page of an order.")
@click.argument("shop")
@click.argument("number")
def track_link(shop: str, number: str) -> None:
    runtime = _runtime()
    found = _shop(runtime, shop)
    with runtime.db.transaction(found.id) as session:
        ids = orders.number_search(session, number)
        if not ids:
            raise click.ClickException("This shop has no such order.")
        print(links_for(runtime, session, gathered.facts_for(session, found, ids)[ids[0]])["track"])


@cli.command("resume", help="Take up a shop's parked work of one KIND again, after what had stopped it was mended.")
@click.argument("shop")
@click.argument("kind", type=click.Choice(sorted(WORKS)))
def resume(shop: str, kind: str) -> None:
    runtime = _runtime()
    found = _shop(runtime, shop)
    with runtime.db.transaction(found.id) as session:
        print(f"{outbox.unpark(session, found.id, kind)} pieces of work are due again.")


@cli.command("replay", help="Read a delivery again from its raw bytes; DELIVERY is its number in the console.")
@click.argument("shop")
@click.argument("delivery", type=int)
def replay(shop: str, delivery: int) -> None:
    runtime = _runtime()
    found = _shop(runtime, shop)
    with runtime.db.transaction(found.id) as session:
        if not inbox.replay(session, delivery):
            raise click.ClickException("This shop has no such delivery, or its body has gone with age.")
        outbox.owe_once(session, found.id, "ingest", [str(delivery)])


@cli.command("audit", help="Print what is owed, stuck or in doubt, as JSON; exit 1 when something is.")
def print_audit() -> None:
    runtime = _runtime()
    with runtime.db.house() as session:
        everything = shops.list_shops(session)
    totals: dict[str, int] = {}
    for shop in everything:
        with runtime.db.transaction(shop.id) as session:
            for name, count in audit(session, shop.id, runtime.clock.now()).items():
                totals[name] = totals.get(name, 0) + count
    print(orjson.dumps(totals).decode())
    sys.exit(1 if any(totals.get(name) for name in WRONG) else 0)


def _shop(runtime: Runtime, public_id: str) -> ShopFacts:
    with runtime.db.house() as session:
        found = shops.find_shop(session, public_id)
    if found is None:
        raise click.ClickException("No such shop.")
    return found


def _runtime() -> Runtime:
    try:
        return wiring.start(os.environ, connections=CONNECTIONS, statement_timeout=300_000)
    except BadSettings as problem:
        raise click.ClickException(str(problem)) from None


if __name__ == "__main__":
    cli()
