"""A shop that leaves in a file and comes back elsewhere is the same shop, to the last bit of every row of every table."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.domain.portability import tables
from app.domain.portability.service import erase_shop, export_shop, restore_shop
from app.domain.schema import METADATA
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.errors import Permanent
from tests.builders import NOON, a_shop
from tests.conftest import Servers
from tests.domain.portability.made_rows import EACH, fill

SCHEMA = "head"


def told(_what: str, _done: int, _total: int) -> None:
    pass


@pytest.fixture(scope="module")
def elsewhere_url(servers: Servers) -> Iterator[str]:
    suffix = f"elsewhere_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    yield servers.new_database(suffix)
    servers.postgres.drop_database(f"{servers.template}_{suffix}")


@pytest.fixture
def elsewhere(elsewhere_url: str) -> Iterator[Database]:
    """Another house, where shops live already and have drawn numbers."""
    with closing(Database(elsewhere_url)) as db:
        for number in range(3):
            a_shop(db, domain=f"neighbour{number}.example")
        yield db
        with db.house() as session:
            names = ", ".join(table.name for table in METADATA.sorted_tables)
            session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def shop(db: Database, keys: Keyring) -> ShopFacts:
    a_shop(db, domain="first.example")
    shop = a_shop(db, domain="shop.example")
    with db.transaction(shop.id) as session:
        fill(session, keys, shop.id)
    return shop


def rows_of(db: Database, shop_id: int) -> dict[str, list[str]]:
    """Every row of a shop as Postgres prints it, but for the shop's own number."""
    found: dict[str, list[str]] = {}
    with db.transaction(shop_id) as session:
        for table in METADATA.sorted_tables:
            local = "id" if table.name == "shop" else "shop_id"
            columns = ", ".join(f'"{column.name}"' for column in table.columns if column.name != local)
            statement = f'SELECT ROW({columns})::text FROM "{table.name}" WHERE {local} = :shop_id ORDER BY 1'  # noqa: S608
            found[table.name] = list(session.scalars(text(statement), {"shop_id": shop_id}))
    return found


def number_of(db: Database, public_id: str) -> int:
    with db.house() as session:
        found = shops.find_shop(session, public_id)
    assert found
    return found.id


def test_a_shop_that_was_exported_erased_and_restored_elsewhere_is_the_same(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    path, before = tmp_path / "shop.zip", rows_of(db, shop.id)
    assert all(before.values()), "a table that holds nothing proves nothing"
    manifest = export_shop(db, keys, shop, SCHEMA, NOON, path, told)
    assert {name: part.rows for name, part in manifest.parts.items()} == {n: len(rows) for n, rows in before.items()}
    gone = erase_shop(db, shop.id, told)
    assert gone == sum(map(len, before.values()))
    assert not any(rows_of(db, shop.id).values())
    restored = restore_shop(elsewhere, keys, SCHEMA, path, told, held_at=None)
    assert (restored.public_id, restored.rows, restored.unreadable, restored.unknown_keys) == (
        shop.public_id,
        gone,
        (),
        (),
    )
    number = number_of(elsewhere, shop.public_id)
    assert number != shop.id
    assert rows_of(elsewhere, number) == before


def test_the_neighbours_of_a_shop_that_is_erased_keep_every_row(db: Database, keys: Keyring, shop: ShopFacts) -> None:
    other = a_shop(db, domain="other.example")
    with db.transaction(other.id) as session:
        fill(session, keys, other.id)
    before = rows_of(db, other.id)
    erase_shop(db, shop.id, told)
    assert rows_of(db, other.id) == before


def test_every_table_is_carried(db: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path) -> None:
    assert {table.name for table in tables.TABLES} == set(METADATA.tables)
    export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", told)
    with zipfile.ZipFile(tmp_path / "shop.zip") as archive:
        for table in METADATA.sorted_tables:
            rows = [json.loads(line) for line in archive.read(f"{table.name}.jsonl").splitlines()]
            local = "id" if table.name == "shop" else "shop_id"
            expected = {column.name for column in table.columns} - {local}
            assert rows, table.name
            assert all(set(row) == expected for row in rows), table.name


def test_a_file_shows_no_secret_and_only_its_owner_can_read_it(
    db: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    path = tmp_path / "shop.zip"
    export_shop(db, keys, shop, SCHEMA, NOON, path, told)
    with zipfile.ZipFile(path) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"opens-the-store" not in everything
    assert (b"opens-the-store".hex()).encode() not in everything
    assert path.stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["shop.zip"]


def test_secrets_open_in_the_other_house_under_their_name_and_no_other(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    with db.transaction(shop.id) as session:
        recipients = shops.recipient_key(session, keys, shop.id)
    export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", told)
    restore_shop(elsewhere, keys, SCHEMA, tmp_path / "shop.zip", told, held_at=None)
    number = number_of(elsewhere, shop.public_id)
    with elsewhere.transaction(number) as session:
        assert shops.secrets_of(session, keys, number) == {"access_token": "opens-the-store"}
        assert shops.recipient_key(session, keys, number) == recipients
        session.execute(text("UPDATE credential SET name = 'other' WHERE name = 'access_token'"))
        assert shops.unreadable_secrets(session, keys, number) == ["other"]


def test_a_house_with_other_keys_says_so_and_keeps_nothing_unless_told_to(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    path, stranger = tmp_path / "shop.zip", Keyring([("t1", b"\x08" * 32)])
    export_shop(db, keys, shop, SCHEMA, NOON, path, told)
    with pytest.raises(Permanent, match="secrets_unreadable: t1"):
        restore_shop(elsewhere, stranger, SCHEMA, path, told, held_at=None)
    with elsewhere.house() as session:
        assert shops.find_shop(session, shop.public_id) is None
    restored = restore_shop(elsewhere, stranger, SCHEMA, path, told, held_at=None, without_keys=True)
    assert restored.unreadable == ("access_token", "recipients")
    assert restored.unknown_keys == ("t1",)


def test_a_new_row_never_gets_the_number_of_a_restored_one(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    with db.house() as session:
        session.execute(text("SELECT setval(pg_get_serial_sequence('outbox', 'id'), 5000)"))
    with db.transaction(shop.id) as session:
        session.execute(text("INSERT INTO outbox (shop_id, kind, ref) VALUES (:id, 'fetch', '1')"), {"id": shop.id})
    export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", told)
    restore_shop(elsewhere, keys, SCHEMA, tmp_path / "shop.zip", told, held_at=None)
    for name in ("shop.example", "neighbour0.example"):
        with elsewhere.house() as session:
            found = shops.find_shop_by_domain(session, "woocommerce", name)
        assert found
        with elsewhere.transaction(found.id) as session:
            insert = "INSERT INTO outbox (shop_id, kind, ref) VALUES (:id, 'fetch', '2') RETURNING id"
            assert (session.scalar(text(insert), {"id": found.id}) or 0) > 5001


def test_a_shop_that_is_here_is_not_restored_over(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    path = tmp_path / "shop.zip"
    export_shop(db, keys, shop, SCHEMA, NOON, path, told)
    with pytest.raises(Permanent, match="shop_is_here"):
        restore_shop(db, keys, SCHEMA, path, told, held_at=None)
    a_shop(elsewhere, domain=shop.domain)  # the same store, connected there by hand: another public id
    with pytest.raises(Permanent, match="shop_is_here"):
        restore_shop(elsewhere, keys, SCHEMA, path, told, held_at=None)


def test_a_file_for_another_schema_is_refused(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    export_shop(db, keys, shop, "0001", NOON, tmp_path / "shop.zip", told)
    with pytest.raises(Permanent, match="archive_of_other_schema: 0001, not head"):
        restore_shop(elsewhere, keys, SCHEMA, tmp_path / "shop.zip", told, held_at=None)


def damaged(path: Path, change: str) -> Path:
    """A copy of a file that something happened to."""
    copy = path.with_name(f"{change}.zip")
    if change == "cut":
        copy.write_bytes(path.read_bytes()[:-200])
        return copy
    if change == "no zip":
        copy.write_text("{}", encoding="utf-8")
        return copy
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(copy, "w") as new:
        for name in old.namelist():
            raw = old.read(name)
            if change == "row missing" and name == "scan.jsonl":
                raw = b"".join(raw.splitlines(keepends=True)[:-1])
            if change == "row changed" and name == "orders.jsonl":
                raw = raw.replace(b"plain", b"other", 1)
            if not (change == "manifest missing" and name == "manifest.json") and not (
                change == "table missing" and name == "hub.jsonl"
            ):
                new.writestr(name, raw)
    return copy


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("cut", "archive_unreadable"),
        ("no zip", "archive_unreadable"),
        ("manifest missing", "archive_unreadable"),
        ("table missing", "archive_unreadable"),
        ("row missing", "archive_damaged"),
        ("row changed", "archive_damaged"),
    ],
)
def test_a_damaged_file_leaves_nothing_behind(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path, change: str, code: str
) -> None:
    export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", told)
    with pytest.raises(Permanent, match=code):
        restore_shop(elsewhere, keys, SCHEMA, damaged(tmp_path / "shop.zip", change), told, held_at=None)
    with elsewhere.house() as session:
        assert shops.find_shop(session, shop.public_id) is None


def test_an_export_that_is_interrupted_leaves_no_file(
    db: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    def interrupt(what: str, _done: int, _total: int) -> None:
        if what == "orders":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", interrupt)
    assert list(tmp_path.iterdir()) == []


def test_an_erasure_that_is_interrupted_goes_on_where_it_stopped(db: Database, keys: Keyring, shop: ShopFacts) -> None:
    def interrupt(what: str, _done: int, _total: int) -> None:
        if what == "orders":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        erase_shop(db, shop.id, interrupt)
    assert 0 < sum(map(len, rows_of(db, shop.id).values())) < EACH * len(METADATA.tables)
    assert erase_shop(db, shop.id, told) > 0
    assert not any(rows_of(db, shop.id).values())


def test_what_is_read_is_one_moment_even_while_others_write(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    def meddle(what: str, _done: int, _total: int) -> None:
        if what == "credential":
            with db.transaction(shop.id) as session:
                session.execute(text("DELETE FROM hub"))
                session.execute(text("UPDATE orders SET number = 'late'"))

    before = rows_of(db, shop.id)
    export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", meddle)
    assert rows_of(db, shop.id) != before
    restore_shop(elsewhere, keys, SCHEMA, tmp_path / "shop.zip", told, held_at=None)
    assert rows_of(elsewhere, number_of(elsewhere, shop.public_id)) == before


def test_letters_that_may_have_left_elsewhere_wait_for_somebody_to_look(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    now = NOON + timedelta(hours=1)
    with db.transaction(shop.id) as session:
        session.execute(text("DELETE FROM outbox WHERE shop_id = :id"), {"id": shop.id})
        for kind, due in (("deliver", NOON), ("deliver", NOON + timedelta(days=5)), ("plan", NOON), ("fetch", NOON)):
            session.execute(
                text("INSERT INTO outbox (shop_id, kind, ref, due_at) VALUES (:id, :kind, '1', :due)"),
                {"id": shop.id, "kind": kind, "due": due},
            )
    export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", told)
    restore_shop(elsewhere, keys, SCHEMA, tmp_path / "shop.zip", told, held_at=now)
    number = number_of(elsewhere, shop.public_id)
    with elsewhere.transaction(number) as session:
        statement = "SELECT kind, last_error FROM outbox WHERE shop_id = :id ORDER BY kind, due_at"
        waiting = session.execute(text(statement), {"id": number}).all()
        assert shops.present(session, number, now).connected_at == now
    assert [tuple(row) for row in waiting] == [
        ("deliver", "restored"),
        ("deliver", ""),
        ("fetch", ""),
        ("plan", "restored"),
    ]


def test_what_its_worker_died_of_elsewhere_is_not_tried_again_by_itself(
    db: Database, elsewhere: Database, keys: Keyring, shop: ShopFacts, tmp_path: Path
) -> None:
    """Parked work that the relay would take up anew may have been done by the other house meanwhile, like any other."""
    with db.transaction(shop.id) as session:
        session.execute(text("DELETE FROM outbox WHERE shop_id = :id"), {"id": shop.id})
        for kind, error in (("deliver", "no_outcome"), ("deliver", "smtp_refused"), ("fetch", "no_outcome")):
            session.execute(
                text(
                    "INSERT INTO outbox (shop_id, kind, ref, due_at, attempts, created_at, parked_at, last_error)"
                    " VALUES (:id, :kind, '1', :due, 3, now() - interval '61 minutes', now() - interval '1 hour', :error)"
                ),
                {"id": shop.id, "kind": kind, "due": NOON, "error": error},
            )
    export_shop(db, keys, shop, SCHEMA, NOON, tmp_path / "shop.zip", told)
    restore_shop(elsewhere, keys, SCHEMA, tmp_path / "shop.zip", told, held_at=NOON + timedelta(hours=1))
    number = number_of(elsewhere, shop.public_id)
    with elsewhere.house() as session:
        outbox.try_again(session)
        statement = "SELECT kind, last_error, parked_at IS NOT NULL FROM outbox WHERE shop_id = :id ORDER BY 1, 2"
        rows = [tuple(row) for row in session.execute(text(statement), {"id": number})]
    assert rows == [
        ("deliver", "restored", True),
        ("deliver", "smtp_refused", True),
        ("fetch", "no_outcome", False),
    ]
