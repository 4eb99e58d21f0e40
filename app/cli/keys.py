"""Commands about the house's own keys."""

from __future__ import annotations

import base64
import secrets
from collections import Counter
from datetime import datetime

import click
from sqlalchemy import func, select

from app.cli.entering import Told, start
from app.cli.terminal import progress
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.deliver import LINK_LIFE
from app.kernel.runtime import Runtime


@click.command("make-key", help="Print a fresh value for SECRET_KEYS.")
@click.option("--name", default="k1", show_default=True, help="What to call it: another name than those in use.")
def make_key(name: str) -> None:
    if not (name.isascii() and name.isalnum()):
        raise click.UsageError("--name is made of letters and digits.")
    click.echo(f"{name}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}")


@click.command("rotate-keys")
def rotate_keys() -> None:
    """Seal every stored secret with the first key of SECRET_KEYS, and say what the others are still needed for.

    To be run when web and worker have been started with the new key in front and the old one behind it; they go on meanwhile.
    """
    runtime = start()
    with runtime.db.house() as session:
        everything = shops.list_shops(session)
        now = session.scalars(select(func.now())).one()
    resealed, needed = _reseal(runtime, everything)
    active = runtime.keys.active
    click.echo(
        f"{resealed} secrets were sealed anew with {active}, and {needed.pop(active, 0)} are sealed with it now."
    )
    for key_id in runtime.keys.marks():
        if key_id != active:
            click.echo(_fate(key_id, needed.pop(key_id, 0), now))
    if lost := sum(needed.values()):
        raise Told(
            f"{lost} secrets are sealed with keys that SECRET_KEYS does not hold ({', '.join(sorted(needed))}): put them back,"
            " or connect those shops again (python -m app.cli doctor names them)."
        )


def _reseal(runtime: Runtime, everything: list[ShopFacts]) -> tuple[int, Counter[str]]:
    """One shop a transaction. How many secrets were sealed anew, and how many each key seals now."""
    resealed, needed = 0, Counter[str]()
    with progress("Sealing") as tell:
        for number, shop in enumerate(everything, start=1):
            with runtime.db.transaction(shop.id) as session:
                resealed += shops.reseal_secrets(session, runtime.keys, shop.id)
                needed += shops.sealing_keys(session, shop.id)
            tell("shops", number, len(everything))
    return resealed, needed


def _fate(key_id: str, sealed: int, now: datetime) -> str:
    if sealed:
        return f"{key_id}: keep it. {sealed} secrets sealed with it could not be opened; python -m app.cli doctor names them."
    until = (now + LINK_LIFE).date().isoformat()
    return (
        f"{key_id}: no secret needs it any more. Links in letters that were sent while it came first live for"
        f" {LINK_LIFE.days} days: keep it until then, {until} if web and worker got the new key today. If it has leaked,"
        " take it away at once: those links stop working, and nothing else does."
    )


COMMANDS = (make_key, rotate_keys)
