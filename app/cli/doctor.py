"""The command that looks at everything and says what to do."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import chain

import click
import orjson

from app import wiring
from app.cli.entering import REFUSED, find_shop, start
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.doctor import examine_house, house
from app.jobs.doctor.finding import Finding, Level, broken, look
from app.jobs.doctor.shops import examine_shop
from app.kernel.dns import Names
from app.kernel.runtime import Runtime
from app.web.console.reasons import reason

STYLES = {Level.OK: "green", Level.LOOK: "yellow", Level.BROKEN: "red"}
UNCHECKED = ("database_unchecked", "valkey_unchecked")
"""Findings about servers that do not answer, which is said already."""


@click.command("doctor")
@click.argument("shop", required=False)
@click.option("--repair", "repairs", is_flag=True, help="Put webhooks in order where they are not.")
@click.option(
    "--dkim-selector", default="", help="The name of the mail sender's DKIM key, as your mail provider shows it."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def doctor(shop: str | None, repairs: bool, dkim_selector: str, as_json: bool) -> None:
    """Look at everything, or at everything and SHOP, and say what to do; exit 1 when something is broken."""
    runtime = start()
    is_broken = False
    for subject, finding in _examine(runtime, shop, dkim_selector, repairs=repairs):
        is_broken |= finding.level is Level.BROKEN
        _tell(subject, finding, as_json=as_json)
    sys.exit(REFUSED if is_broken else 0)


def _examine(
    runtime: Runtime, name: str | None, selector: str, *, repairs: bool
) -> Iterator[tuple[ShopFacts | None, Finding]]:
    for finding in chain(examine_house(runtime, Names(), selector), _capacity(runtime)):
        yield None, finding
    for shop in _shops(runtime, name):
        for finding in examine_shop(runtime, shop, repairs=repairs):
            yield shop, finding


def _capacity(runtime: Runtime) -> Iterator[Finding]:
    """What web and worker judge when they start."""
    for found in wiring.findings(runtime):
        if found.code not in UNCHECKED:
            yield (broken if found.is_fatal else look)("capacity", found.sentence)


def _shops(runtime: Runtime, name: str | None) -> Iterable[ShopFacts]:
    if not (house.is_reachable(runtime) and house.is_migrated(runtime)):
        return ()
    if name:
        return (find_shop(runtime, name),)
    with runtime.db.house() as session:
        return shops.list_shops(session)


def _tell(shop: ShopFacts | None, finding: Finding, *, as_json: bool) -> None:
    if as_json:
        said = {**asdict(finding), "shop": shop.public_id if shop else ""}
        click.echo(orjson.dumps(said).decode())
        return
    why = f" {reason(finding.code)}" if finding.code and finding.level is not Level.OK else ""
    where = f"{shop.domain}: " if shop else ""
    level = click.style(f"{finding.level.value:<7}", fg=STYLES[finding.level])
    click.echo(f"{level} {where}{finding.check}: {finding.sentence}{why}")
