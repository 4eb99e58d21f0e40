"""Claims, fences and what becomes of work that nobody finishes."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.kernel.db import Database
from tests.builders import NOON, a_shop


def owe(db: Database, shop_id: int, *refs: str) -> None:
    with db.transaction(shop_id) as session:
        outbox.owe(session, shop_id, "work", refs, NOON)


def claim(db: Database, shop_id: int, limit: int = 10) -> list[outbox.Claim]:
    with db.transaction(shop_id) as session:
        return outbox.claim(session, shop_id, "work", NOON, limit)


def let_leases_end(db: Database) -> None:
    with db.house() as session:
        session.execute(text("UPDATE outbox SET lease_until = now() - interval '1 second'"))


def test_work_is_not_claimed_before_it_is_due(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "work", ["later"], NOON.replace(hour=13))
    assert claim(db, shop.id) == []


def test_what_is_claimed_is_claimed_by_one(db: Database) -> None:
    shop = a_shop(db)
    owe(db, shop.id, "a", "b", "c")
    assert [taken.ref for taken in claim(db, shop.id, 2)] == ["a", "b"]
    assert [taken.ref for taken in claim(db, shop.id, 2)] == ["c"]
    assert claim(db, shop.id) == []


def test_a_lost_lease_cannot_write_an_outcome(db: Database) -> None:
    shop = a_shop(db)
    owe(db, shop.id, "a")
    zombie = claim(db, shop.id)
    let_leases_end(db)
    heir = claim(db, shop.id)
    with pytest.raises(outbox.Fenced), db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, zombie)
    with db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, heir)
    assert claim(db, shop.id) == []


def test_a_row_that_killed_its_worker_comes_alone_and_is_parked_after_three(db: Database) -> None:
    shop = a_shop(db)
    owe(db, shop.id, "poison", "good")
    assert len(claim(db, shop.id)) == 2
    for _ in range(4):
        let_leases_end(db)
        assert len(claim(db, shop.id)) == 1
    let_leases_end(db)
    assert claim(db, shop.id) == []
    with db.house() as session:
        assert (
            session.scalars(text("SELECT last_error FROM outbox WHERE parked_at IS NOT NULL")).all()
            == ["no_outcome"] * 2
        )


@pytest.mark.parametrize(
    ("reason", "age", "minutes", "tries"),
    [
        ("no_outcome", 1, 9, 0),
        ("no_outcome", 1, 11, 1),
        ("no_outcome", 60, 59, 0),
        ("no_outcome", 60, 61, 1),
        ("no_sense", 1, 10_000, 0),
    ],
)
def test_what_its_workers_died_of_is_tried_once_more_ever_more_patiently(
    db: Database, reason: str, age: int, minutes: int, tries: int
) -> None:
    shop = a_shop(db)
    owe(db, shop.id, "a")
    with db.house() as session:
        session.execute(
            text(
                "UPDATE outbox SET last_error = :reason, attempts = 3, parked_at = now() - make_interval(mins => :minutes),"
                " created_at = now() - make_interval(mins => :minutes + :age)"
            ),
            {"reason": reason, "age": age, "minutes": minutes},
        )
        assert outbox.try_again(session) == tries
    assert len(claim(db, shop.id)) == tries
    let_leases_end(db)
    assert claim(db, shop.id) == []


def test_a_recorded_failure_waits_and_forgets_its_attempts(db: Database) -> None:
    shop = a_shop(db)
    owe(db, shop.id, "a")
    for failures in range(5):
        (taken,) = claim(db, shop.id)
        assert (taken.attempts, taken.failures) == (1, failures)
        with db.transaction(shop.id) as session:
            outbox.retry_later(session, shop.id, [taken], "rate_limited", 60)
        assert claim(db, shop.id) == []
        let_leases_end(db)


def test_waiting_work_is_owed_once(db: Database) -> None:
    shop = a_shop(db)
    with db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "pull", ["1"])
        outbox.owe_once(session, shop.id, "pull", ["1"])
        assert session.scalar(text("SELECT count(*) FROM outbox")) == 1


def test_two_schedulers_strike_a_tick_once(db: Database) -> None:
    shop = a_shop(db)
    with db.house() as session:
        assert outbox.tick(session, "retain", 86_400) == [shop.id]
    with db.house() as session:
        assert outbox.tick(session, "retain", 86_400) == []


def test_work_that_waits_for_its_next_try_is_not_owed_a_second_time(db: Database) -> None:
    shop = a_shop(db)
    owe(db, shop.id, "a")
    taken = claim(db, shop.id)
    with db.transaction(shop.id) as session:
        outbox.retry_later(session, shop.id, taken, "store_unavailable", 60)
        outbox.owe_once(session, shop.id, "work", ["a"])
        assert session.scalar(text("SELECT count(*) FROM outbox")) == 1


def test_what_is_being_worked_on_may_be_owed_again(db: Database) -> None:
    shop = a_shop(db)
    owe(db, shop.id, "a")
    claim(db, shop.id)
    with db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "work", ["a"])
        assert session.scalar(text("SELECT count(*) FROM outbox")) == 2


def test_no_shop_is_left_out_when_more_is_due_than_is_told_at_once(db: Database) -> None:
    shops = [a_shop(db, domain=f"{number}.example") for number in range(6)]
    for shop in shops:
        owe(db, shop.id, "a")
    told: set[tuple[int, str]] = set()
    with db.house() as session:
        for _ in range(200):
            told |= set(outbox.due(session, NOON, limit=3))
    assert told == {(shop.id, "work") for shop in shops}
