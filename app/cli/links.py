"""Commands that print a link."""

from __future__ import annotations

import secrets
from urllib.parse import quote

import click
from sqlalchemy import func, select

from app.cli.entering import Told, find_shop, start
from app.domain.orders import service as orders
from app.domain.shops import service as shops
from app.jobs import facts as gathered
from app.jobs.deliver import links_for
from app.kernel.crypto import Link

LOGIN_LINK_SECONDS = 900


@click.command(
    "login-link", help="Print a one-time link into the console, good for 15 minutes: of one shop, or of all."
)
@click.option("--shop", help="The shop's id or domain.")
def login_link(shop: str | None) -> None:
    runtime = start()
    with runtime.db.house() as session:
        all_shops = [facts.public_id for facts in shops.list_shops(session)]
        now = session.scalars(select(func.now())).one()
    chosen = [find_shop(runtime, shop).public_id] if shop else all_shops
    if not chosen:
        raise Told("No shop is connected yet: python -m app.cli connect --help")
    link = Link(
        purpose="console",
        shop=",".join(chosen),
        subject=secrets.token_urlsafe(8),
        expires=int(now.timestamp()) + LOGIN_LINK_SECONDS,
    )
    click.echo(f"{runtime.settings.public_url}/console/enter/{quote(runtime.keys.sign(link))}")


@click.command("track-link", help="Print the shopper's tracking page of an order.")
@click.argument("shop")
@click.argument("number")
def track_link(shop: str, number: str) -> None:
    runtime = start()
    found = find_shop(runtime, shop)
    with runtime.db.transaction(found.id) as session:
        ids = orders.number_search(session, number)
        if not ids:
            raise Told("This shop has no such order.")
        click.echo(links_for(runtime, session, gathered.facts_for(session, found, ids)[ids[0]])["track"])


COMMANDS = (login_link, track_link)
