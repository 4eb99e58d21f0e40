"""Commands that take stopped work up again."""

from __future__ import annotations

import click

from app.cli.entering import Told, find_shop, start
from app.domain.inbox import service as inbox
from app.domain.outbox import service as outbox
from app.jobs.works import WORKS


@click.command("resume", help="Take up a shop's parked work of one KIND again, after what had stopped it was mended.")
@click.argument("shop")
@click.argument("kind", type=click.Choice(sorted(WORKS)))
def resume(shop: str, kind: str) -> None:
    runtime = start()
    found = find_shop(runtime, shop)
    with runtime.db.transaction(found.id) as session:
        click.echo(f"{outbox.unpark(session, found.id, kind)} pieces of work are due again.")


@click.command("replay", help="Read a delivery again from its raw bytes; DELIVERY is its number in the console.")
@click.argument("shop")
@click.argument("delivery", type=int)
def replay(shop: str, delivery: int) -> None:
    runtime = start()
    found = find_shop(runtime, shop)
    with runtime.db.transaction(found.id) as session:
        if not inbox.replay(session, delivery):
            raise Told("This shop has no such delivery, or its body has gone with age.")
        outbox.owe_once(session, found.id, "ingest", [str(delivery)])


COMMANDS = (resume, replay)
