"""A whole shop leaves the house in a file, comes back from one, or is forgotten."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Table, text
from sqlalchemy.orm import Session

from app.domain.portability import tables
from app.domain.portability.archive import FORMAT, Manifest, Reader, opened, written
from app.domain.schema import refresh_statistics
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.crypto import Keyring
from app.kernel.db import ENTER, Database
from app.kernel.errors import Permanent

Tell = Callable[[str, int, int], None]
"""Hears how far a table is: its name, rows done, rows in all."""

AT_ONCE = 2_000
"""Rows that one statement takes away."""
MOST_ROWS, MOST_CHARACTERS = 500, 4_000_000
"""What one statement puts back: rows, or the text of few long ones."""
FIRST_TO_GO = ("credential", "outbox")
"""Without them nobody can call the store any more, and nothing is sent."""
MAY_HAVE_HAPPENED = ("deliver", "plan", "effect")
"""Work that ends in a letter, or in something done at the store."""


# --- out ----------------------------------------------------------------------------------------------------------------


def export_shop(
    db: Database, keys: Keyring, shop: ShopFacts, schema: str, at: datetime, path: Path, tell: Tell
) -> Manifest:
    """Everything of a shop as it stands at one moment, while the house goes on working. Secrets stay sealed."""
    with db.snapshot(shop.id) as session, written(path) as archive:
        for table in tables.TABLES:
            total = tables.count(session, shop.id, table)
            with closing(tables.read(session, shop.id, table)) as rows:
                archive.write(table.name, _told(rows, table.name, total, tell), tables.highest(session, shop.id, table))
        manifest = Manifest(
            format=FORMAT,
            made_at=at.isoformat(),
            schema=schema,
            public_id=shop.public_id,
            platform=shop.platform,
            domain=shop.domain,
            keys=keys.marks(),
            parts=archive.parts,
        )
        archive.close(manifest)
    return manifest


# --- in -----------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """`unreadable` names secrets that no key of this house opens, `unknown_keys` the keys whose links it does not take."""

    public_id: str
    rows: int
    unreadable: tuple[str, ...]
    unknown_keys: tuple[str, ...]


def restore_shop(
    db: Database,
    keys: Keyring,
    schema: str,
    path: Path,
    tell: Tell,
    *,
    held_at: datetime | None,
    without_keys: bool = False,
) -> Restored:
    """Put a shop back as it was, all of it or nothing, under the number that this house gives it; everything else keeps its number.

    `held_at` is now, where another house may have gone on sending after the file was made: letters that were due by then wait for
    somebody to look, and nobody is written to about what happened before. None where that cannot be: everything goes on.

    `Permanent`: "archive_unreadable", "archive_damaged", "archive_of_other_schema", "shop_is_here", or "secrets_unreadable"
    with the keys' ids, unless `without_keys`.
    """
    with opened(path) as archive:
        manifest = archive.manifest
        if manifest.schema != schema:
            raise Permanent("archive_of_other_schema", f"{manifest.schema}, not {schema}")
        _reserve(db, manifest)
        with db.house() as session:
            shop_id = _write(session, archive, tell)
            unreadable = tuple(shops.unreadable_secrets(session, keys, shop_id))
            unknown = tuple(key_id for key_id, mark in manifest.keys.items() if keys.marks().get(key_id) != mark)
            if unreadable and not without_keys:
                raise Permanent("secrets_unreadable", ", ".join(sorted(shops.sealing_keys(session, shop_id))))
            if held_at:
                hold(session, shop_id, held_at)
            refresh_statistics(session)
        rows = sum(part.rows for part in manifest.parts.values())
        return Restored(public_id=manifest.public_id, rows=rows, unreadable=unreadable, unknown_keys=unknown)


def _reserve(db: Database, manifest: Manifest) -> None:
    """Before anything is written: no row that this house makes may get a number that a restored one brings along."""
    for table in tables.TABLES:
        number = manifest.parts[table.name].highest if table.name in manifest.parts else 0
        if number:
            with db.house() as session:
                tables.reserve(session, table, number)


def _write(session: Session, archive: Reader, tell: Tell) -> int:
    parts = archive.manifest.parts
    if set(parts) != {table.name for table in tables.TABLES}:
        raise Permanent("archive_unreadable", "other tables")
    shop_id = 0
    for table in tables.TABLES:
        lines = _told(archive.lines(table.name), table.name, parts[table.name].rows, tell)
        if table.name == tables.SHOP:
            shop_id = _write_shop(session, lines)
            continue
        for batch in _batches(lines):
            tables.write(session, shop_id, table, batch)
    return shop_id


def _write_shop(session: Session, lines: Iterable[str]) -> int:
    """The shop, and enter it."""
    rows = list(lines)
    shop_id = tables.write_shop(session, rows[0]) if len(rows) == 1 else None
    if shop_id is None:
        raise Permanent("shop_is_here" if rows else "archive_unreadable")
    session.execute(ENTER, {"shop": str(shop_id)})
    return shop_id


def _batches(lines: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if len(batch) == MOST_ROWS or size >= MOST_CHARACTERS:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def hold(session: Session, shop_id: int, now: datetime) -> int:
    """These rows are older than what was done with them: what was due by now waits for somebody to look (how many of it), and
    nobody is written to about what happened before. Work whose workers died is held too: parked alone, it would be tried once
    more by itself (`outbox.try_again`)."""
    values = {"shop_id": shop_id, "now": now, "kinds": list(MAY_HAVE_HAPPENED)}
    held = session.execute(
        text(
            "UPDATE outbox SET parked_at = now(), lease_until = NULL, last_error = 'restored'"
            " WHERE shop_id = :shop_id AND kind = ANY(:kinds) AND due_at <= :now"
            " AND (parked_at IS NULL OR last_error = 'no_outcome') RETURNING id"
        ),
        values,
    )
    session.execute(text("UPDATE shop SET connected_at = :now WHERE id = :shop_id"), values)
    return len(held.all())


# --- gone ---------------------------------------------------------------------------------------------------------------


def erase_shop(db: Database, shop_id: int, tell: Tell) -> int:
    """Forget a shop: every row of it, how many there were. In small steps, so that the house goes on working; saying it again goes
    on where it stopped. What comes in meanwhile goes with the last step, which no writer can get behind."""
    with db.house() as session:
        session.execute(text("UPDATE shop SET is_connected = false WHERE id = :shop_id"), {"shop_id": shop_id})
    gone = 0
    for table in _to_go():
        with db.transaction(shop_id) as session:
            total = tables.count(session, shop_id, table)
        done = 0
        while done < total:
            with db.transaction(shop_id) as session:
                taken = tables.delete(session, shop_id, table, AT_ONCE)
            if not taken:
                break
            done += taken
            tell(table.name, done, total)
        gone += done
    with db.transaction(shop_id) as session:
        session.execute(text("SELECT FROM shop WHERE id = :shop_id FOR UPDATE"), {"shop_id": shop_id})
        for table in (*_to_go(), *(table for table in tables.TABLES if table.name == tables.SHOP)):
            while taken := tables.delete(session, shop_id, table, AT_ONCE):
                gone += taken
    with db.house() as session:
        tables.sample_anew(session)
    return gone


def _to_go() -> list[Table]:
    """Every table but the shops', what refers to others first."""
    rest = [table for table in reversed(tables.TABLES) if table.name != tables.SHOP]
    return sorted(rest, key=lambda table: table.name not in FIRST_TO_GO)


def _told(lines: Iterable[str], what: str, total: int, tell: Tell) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        yield line
        tell(what, number, total)
