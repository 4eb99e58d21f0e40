"""The wall between shops, walked along for every table there is."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from app.domain.apply import apply
from app.domain.schema import METADATA, TABLES, WITHOUT_POLICY
from app.events import ShipmentStatus, Source
from app.kernel.db import Database
from tests.builders import NOON, a_customer, a_discount, a_parcel, a_product, a_refund, a_scan, a_shop, an_order

GUARDED = sorted(set(METADATA.tables) - WITHOUT_POLICY)


def test_every_table_is_in_the_register() -> None:
    assert {table.__tablename__ for table in TABLES} == set(METADATA.tables)


def test_every_key_is_led_by_the_shop() -> None:
    for name, table in METADATA.tables.items():
        first = next(iter(table.primary_key.columns)).name
        assert first == ("id" if name == "shop" else "shop_id"), name


def test_every_guarded_table_has_a_forced_policy_and_the_role_cannot_pass_it(db: Database) -> None:
    with db.house() as session:
        rows = session.execute(
            text(
                "SELECT c.relname, c.relrowsecurity AND c.relforcerowsecurity AS is_forced, count(p.polname) AS policies"
                " FROM pg_class c LEFT JOIN pg_policy p ON p.polrelid = c.oid"
                " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' GROUP BY 1, 2"
            )
        ).all()
        role = session.execute(text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")).one()
    assert {row.relname for row in rows if row.is_forced and row.policies == 1} == set(GUARDED)
    assert {row.relname for row in rows} - set(GUARDED) == WITHOUT_POLICY | {"alembic_version"}
    assert (role.rolsuper, role.rolbypassrls) == (False, False)


def fill(db: Database, domain: str) -> int:
    """A shop with a row in every table."""
    shop = a_shop(db, domain=domain)
    with db.transaction(shop.id) as session:
        facts = [
            *(an_order(), a_parcel(number="00340"), a_scan(ShipmentStatus.DELIVERED, NOON - NOON), a_refund()),
            *(a_product(), a_customer(), a_discount()),
        ]
        apply(session, shop, facts, Source.WEBHOOK)
        for statement in (
            "INSERT INTO shop_settings VALUES (:id, now(), '{}')",
            "INSERT INTO credential VALUES (:id, 'key', 'x', now())",
            "INSERT INTO sync_state (shop_id, resource) VALUES (:id, 'orders')",
            "INSERT INTO used_link VALUES (:id, 'x', now())",
            "INSERT INTO notice (shop_id, kind) VALUES (:id, 'test')",
            "INSERT INTO inbox (shop_id, dedupe_key, topic, event_id) VALUES (:id, 'x', 't', 'e')",
            "INSERT INTO effect (shop_id, key, kind, about_kind, about_id, occurrence, order_id, amount, values)"
            " VALUES (:id, gen_random_uuid(), 'refund', 'order', 1, 1, 1, 1, '{}')",
            "INSERT INTO message (shop_id, key, follow_up, about_kind, about_id, recipient_hash, order_id, event_id, channel,"
            " occurred_at, planned_at, due_at)"
            " VALUES (:id, gen_random_uuid(), 'f', 'order', 1, 'x', 1, 1, 'email', now(), now(), now())",
        ):
            session.execute(text(statement), {"id": shop.id})
    return shop.id


@pytest.mark.parametrize("table", GUARDED)
def test_another_shops_rows_can_be_neither_seen_nor_changed_nor_made(db: Database, table: str) -> None:
    mine, theirs = fill(db, "mine.example"), fill(db, "theirs.example")
    with db.transaction(mine) as session:
        assert set(session.scalars(text(f"SELECT shop_id FROM {table}"))) == {mine}  # noqa: S608
        touched = session.execute(
            text(f"UPDATE {table} SET shop_id = shop_id WHERE shop_id = :theirs"),  # noqa: S608
            {"theirs": theirs},
        )
        assert touched.rowcount == 0  # type: ignore[attr-defined]
    with pytest.raises(ProgrammingError, match="row-level security"), db.transaction(mine) as session:
        session.execute(text(f"UPDATE {table} SET shop_id = :theirs"), {"theirs": theirs})  # noqa: S608


@pytest.mark.parametrize("table", GUARDED)
def test_who_has_entered_no_shop_sees_nothing(db: Database, table: str) -> None:
    fill(db, "mine.example")
    with db.house() as session:
        assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0  # noqa: S608


def test_a_shop_is_left_when_the_transaction_ends(db: Database) -> None:
    shop_id = fill(db, "mine.example")
    for _ in range(20):
        with db.transaction(shop_id) as session:
            assert session.scalar(text("SELECT count(*) FROM orders")) == 1
        with db.house() as session:
            assert session.scalar(text("SELECT count(*) FROM orders")) == 0


def test_the_migrations_make_what_the_models_say(db: Database) -> None:
    with db.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), METADATA) == []


def test_the_head_named_beside_the_migrations_is_the_newest(db: Database) -> None:
    folder = Path(__file__).parents[2] / "migrations"
    newest = max(path.name.split("_")[0] for path in (folder / "versions").glob("[0-9]*.py"))
    assert (folder / ".current-head").read_text().strip() == newest
    with db.house() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == newest
