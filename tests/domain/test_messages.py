"""The ledger says everything once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import text

from app.domain.messages import service as messages
from app.domain.messages.rules import MOST_A_DAY, State, is_flood
from app.kernel.db import Database
from tests.builders import NOON, a_shop, owed

DRAFT = messages.Draft(
    follow_up="shipped",
    about_kind="shipment",
    about_id=7,
    occurrence=1,
    recipient_hash=b"anna",
    order_id=1,
    event_id=1,
    channel="email",
    occurred_at=NOON,
    due_at=NOON + timedelta(hours=2),
)


def rows(db: Database, shop_id: int, columns: str) -> list[tuple[object, ...]]:
    with db.transaction(shop_id) as session:
        return [tuple(row) for row in session.execute(text(f"SELECT {columns} FROM message ORDER BY id"))]  # noqa: S608


def test_the_same_thing_is_planned_once_and_can_only_come_earlier(db: Database) -> None:
    shop = a_shop(db)
    for due_at in (DRAFT.due_at, NOON, DRAFT.due_at):
        with db.transaction(shop.id) as session:
            messages.plan(session, shop.id, replace(DRAFT, due_at=due_at), NOON)
    assert rows(db, shop.id, "state, due_at") == [("planned", NOON)]
    with db.transaction(shop.id) as session:
        assert len(owed(session, "deliver")) == 1
        assert session.scalar(text("SELECT due_at FROM outbox")) == NOON


def test_another_occurrence_is_another_message(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        messages.plan(session, shop.id, DRAFT, NOON)
        messages.plan(session, shop.id, replace(DRAFT, occurrence=2), NOON)
    assert len(rows(db, shop.id, "id")) == 2


def test_news_older_than_three_days_is_written_down_as_skipped(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        messages.plan(session, shop.id, DRAFT, NOON + timedelta(days=3, seconds=1))
        assert owed(session, "deliver") == []
    assert rows(db, shop.id, "state, reason") == [("skipped", "stale")]


def test_a_message_moves_only_from_where_it_was(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        messages.plan(session, shop.id, DRAFT, NOON)
        (message_id,) = session.scalars(text("SELECT id FROM message"))
        assert messages.move(session, message_id, [State.PLANNED], State.SENDING)
        assert not messages.move(session, message_id, [State.PLANNED], State.SKIPPED)


def test_the_fuse_blows_at_twenty_a_day(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        for about_id in range(MOST_A_DAY):
            assert not is_flood(messages.written_lately(session, [b"anna", b"ben"])[b"anna"])
            messages.plan(session, shop.id, replace(DRAFT, about_id=about_id), NOON)
            session.execute(text("UPDATE message SET state = 'sent'"))
        written = messages.written_lately(session, [b"anna", b"ben"])
        assert written == {b"anna": MOST_A_DAY}
        assert is_flood(written[b"anna"])


def test_a_new_address_is_no_reason_to_say_it_again(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        messages.plan(session, shop.id, DRAFT, NOON)
        messages.plan(session, shop.id, replace(DRAFT, recipient_hash=b"anna2", due_at=NOON), NOON)
    assert rows(db, shop.id, "recipient_hash, due_at") == [(b"anna", NOON)]


def test_what_could_not_be_said_for_want_of_an_address_may_be_said_to_one(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        messages.plan(session, shop.id, DRAFT, NOON)
        session.execute(text("UPDATE message SET state = 'skipped', reason = 'no_address'"))
        messages.plan(session, shop.id, replace(DRAFT, recipient_hash=b"anna2"), NOON)
    assert rows(db, shop.id, "state") == [("skipped",), ("planned",)]
