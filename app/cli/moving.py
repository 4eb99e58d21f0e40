"""Commands that let a shop leave, in a file or for good, and come in from one."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from app.cli.entering import Told, find_shop, start
from app.cli.terminal import progress
from app.domain.portability.service import Restored, erase_shop, export_shop, hold, restore_shop
from app.domain.shops import service as shops
from app.jobs.relay import forget_hints
from app.kernel import migrate
from app.kernel.errors import Permanent

SENTENCES = {
    "archive_unreadable": "This file is no export of a shop, or it is cut off. Nothing was restored.",
    "archive_damaged": "The file does not hold what its own list says ({hint}): copy it again. Nothing was restored.",
    "archive_of_other_schema": "The file was made by another version of Encore (schema {hint}): bring both installations to the"
    " same version, `migrate`, and export again. Nothing was restored.",
    "shop_is_here": "This shop, or another connection to the same store, is in this installation already. To replace it, `erase`"
    " it first. Nothing was restored.",
    "secrets_unreadable": "The keys to the store were sealed with {hint} of the other installation, which SECRET_KEYS does not"
    " hold here. Add that key behind your own and say it again; or restore with --without-keys and connect the store anew."
    " Nothing was restored.",
}


@click.command("export")
@click.argument("shop")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def export(shop: str, file: Path) -> None:
    """Write everything of SHOP into FILE while the house goes on. It holds personal data; the keys to the store stay sealed."""
    runtime = start()
    found = find_shop(runtime, shop)
    if file.exists():
        raise Told(f"{file} is there already: take another name, or remove it.")
    schema = migrate.present(runtime.db)
    try:
        with progress("Exporting") as tell:
            manifest = export_shop(runtime.db, runtime.keys, found, schema, runtime.clock.now(), file, tell)
    except OSError as error:
        raise Told(f"{file} could not be written: {error.strerror}.") from None
    rows = sum(part.rows for part in manifest.parts.values())
    click.echo(
        f"{rows:,} rows of {found.domain} are in {file}. It holds personal data: keep it as you keep the database."
    )


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--resume/--hold", "resumes", default=None, help="Whether letters go on at once or wait for somebody to look."
)
@click.option("--without-keys", is_flag=True, help="Also when the keys to the store cannot be opened here.")
def restore(file: Path, resumes: bool | None, without_keys: bool) -> None:
    """Put the shop of FILE into this installation: all of it or nothing.

    --resume when the other installation has sent nothing since the export (its worker was stopped, or the shop erased there):
    everything goes on where it stood. --hold otherwise: what was due waits until you `resume` it, and nobody is written to
    about what happened before now, because that may have been said already. Without either it asks you, and holds where
    nobody can be asked.
    """
    runtime = start()
    if resumes is None:
        resumes = _may_go_on()
    try:
        with progress("Restoring") as tell:
            restored = restore_shop(
                runtime.db,
                runtime.keys,
                migrate.present(runtime.db),
                file,
                tell,
                held_at=None if resumes else runtime.clock.now(),
                without_keys=without_keys,
            )
    except Permanent as refusal:
        if refusal.code not in SENTENCES:
            raise
        raise Told(SENTENCES[refusal.code].format(hint=refusal.hint)) from None
    for line in _outcome(restored, resumes=resumes):
        click.echo(line)


def _may_go_on() -> bool:
    if not sys.stdin.isatty():
        return False
    return click.confirm(
        "Has the other installation certainly sent nothing for this shop since the export, because its worker was stopped or"
        " the shop was erased there?",
        default=False,
    )


def _outcome(restored: Restored, *, resumes: bool) -> list[str]:
    lines = [f"{restored.rows:,} rows are back; the shop's id is {restored.public_id}, as before."]
    if not resumes:
        lines.append(
            "Letters that were due are held: look at them in the console, then `resume SHOP plan` and `resume SHOP deliver`."
        )
    if restored.unknown_keys:
        names = ", ".join(restored.unknown_keys)
        lines.append(
            f"Links in letters sent so far do not open here: they were signed with {names}, which SECRET_KEYS lacks."
        )
    lines.append(
        "Now connect the store again, so that its webhooks come here; what changed meanwhile is read by itself:"
        " python -m app.cli connect --help"
    )
    return lines


@click.command("hold")
def hold_all() -> None:
    """After the database itself was brought back from a backup, before the worker starts: what was due waits until it is resumed.

    Letters may have left since the backup was made. Nobody is written to about what happened before now; what comes in from
    now on is answered as ever.
    """
    runtime = start()
    now = runtime.clock.now()
    with runtime.db.house() as session:
        everything = shops.list_shops(session)
    held = 0
    for shop in everything:
        with runtime.db.transaction(shop.id) as session:
            held += hold(session, shop.id, now)
    click.echo(
        f"{held:,} pieces of work of {len(everything)} shops are held. Look at them in the console, then `resume SHOP deliver`"
        " (and `plan`, and `effect`); news from before now is nobody's."
    )


@click.command("erase")
@click.argument("shop")
@click.option("--yes", "is_sure", is_flag=True, help="Do not ask.")
def erase(shop: str, is_sure: bool) -> None:
    """Forget SHOP: every row, every delivery, every planned letter. There is no way back but a file made by `export`."""
    runtime = start()
    found = find_shop(runtime, shop)
    if not is_sure:
        typed = click.prompt(
            f"Everything of {found.domain} will be gone. Type its domain to go on", default="", show_default=False
        )
        if typed.strip() != found.domain:
            raise Told("That is another name: nothing was erased.")
    with progress("Erasing") as tell:
        gone = erase_shop(runtime.db, found.id, tell)
    forget_hints(runtime, found.id)
    click.echo(
        f"{gone:,} rows of {found.domain} are gone. Its store still sends webhooks here, which are answered with 404 until it gives"
        " up; take Encore's keys away there. Backups hold the shop until they are replaced."
    )


COMMANDS = (export, restore, hold_all, erase)
