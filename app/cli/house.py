"""Commands about the house as a whole."""

from __future__ import annotations

import sys

import click
import orjson

from app.cli.entering import REFUSED, Told, start
from app.cli.terminal import progress
from app.domain.insight.audit import WRONG
from app.domain.insight.audit import audit as count
from app.domain.shops import service as shops
from app.kernel.migrate import present, upgrade


@click.command("migrate", help="Bring the database to this version's schema; safe to repeat.")
def migrate() -> None:
    db = start().db
    if not db.is_walled():
        raise Told(
            "The role of DATABASE_URL is a superuser or bypasses row-level security, which is the wall between shops."
            " Give Encore a role of its own (docs/self-hosting.md)."
        )
    upgrade(db)
    click.echo(f"The schema is at migration {present(db)}.")


@click.command("audit", help="Print what is owed, stuck or in doubt, as JSON; exit 1 when something is.")
def audit() -> None:
    runtime = start()
    with runtime.db.house() as session:
        everything = shops.list_shops(session)
    totals: dict[str, int] = {}
    with progress("Counting") as tell:
        for number, shop in enumerate(everything, start=1):
            with runtime.db.transaction(shop.id) as session:
                for name, found in count(session, shop.id, runtime.clock.now()).items():
                    totals[name] = totals.get(name, 0) + found
            tell("shops", number, len(everything))
    click.echo(orjson.dumps(totals).decode())
    sys.exit(REFUSED if any(totals.get(name) for name in WRONG) else 0)


COMMANDS = (migrate, audit)
