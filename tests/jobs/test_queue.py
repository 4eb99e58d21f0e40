"""Again later, or never by itself: what becomes of work that fails."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import pytest
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.jobs.queue import FIRST_DELAY, LONGEST_DELAY, Queue, Work, work_off
from app.kernel.errors import Permanent, Transient
from app.kernel.runtime import Runtime
from tests.builders import NOON, a_shop


def a_work(run: object, batch: int = 10) -> Work:
    return Work(kind="work", queue=Queue.NOW, batch=batch, run=run)  # type: ignore[arg-type]


def owe(runtime: Runtime, shop_id: int, *refs: str) -> None:
    with runtime.db.transaction(shop_id) as session:
        outbox.owe(session, shop_id, "work", refs, NOON.replace(hour=0))


def left(runtime: Runtime, columns: str = "ref") -> list[tuple[object, ...]]:
    with runtime.db.house() as session:
        return [tuple(row) for row in session.execute(text(f"SELECT {columns} FROM outbox ORDER BY id"))]  # noqa: S608


def finish_all(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    with runtime.db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, claims)


def test_work_that_is_done_is_gone(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, *map(str, range(25)))
    assert work_off(runtime, a_work(finish_all), shop.id) == 25
    assert left(runtime) == []


def test_one_bad_row_parks_alone(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, "good", "bad", "fine")

    def run(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
        if any(claim.ref == "bad" for claim in claims):
            raise Permanent("no_sense")
        finish_all(runtime, shop, claims)

    work_off(runtime, a_work(run), shop.id)
    assert left(runtime, "ref, last_error, parked_at IS NOT NULL") == [("bad", "no_sense", True)]


def test_a_bug_is_tried_three_times_and_parked(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, "a")
    tries: list[int] = []

    def run(_runtime: Runtime, _shop: ShopFacts, claims: Sequence[Claim]) -> None:
        tries.append(claims[0].attempts)
        raise ZeroDivisionError

    work_off(runtime, a_work(run), shop.id)
    assert tries == [1, 2, 3]
    assert left(runtime, "parked_at IS NOT NULL") == [(True,)]


@pytest.mark.parametrize(("asked", "most"), [(7.0, 7.0), (None, 5.0), (1e9, LONGEST_DELAY)])
def test_a_passing_failure_waits_as_long_as_it_was_asked_to(runtime: Runtime, asked: float | None, most: float) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, "a")

    def run(_runtime: Runtime, _shop: ShopFacts, _claims: Sequence[Claim]) -> None:
        raise Transient("rate_limited", retry_after=asked)

    assert work_off(runtime, a_work(run), shop.id) == 1
    ((wait, error),) = left(runtime, "extract(epoch FROM lease_until - now())::float, last_error")
    assert isinstance(wait, float)
    assert most / 2 - 1 < wait <= most
    assert error == "rate_limited"


def test_a_busy_database_is_no_fault_of_the_rows(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, "a", "b")

    def run(runtime: Runtime, shop: ShopFacts, _claims: Sequence[Claim]) -> None:
        with runtime.db.transaction(shop.id) as session:
            session.execute(text("SET LOCAL lock_timeout = '20ms'"))
            session.execute(text("SELECT id FROM shop FOR UPDATE"))

    with runtime.db.house() as session:
        session.execute(text("SELECT id FROM shop FOR UPDATE"))
        assert work_off(runtime, a_work(run), shop.id) == 2
    columns = "parked_at IS NULL AND lease_until > now(), attempts, failures, last_error"
    assert left(runtime, columns) == [(True, 0, 1, "database_busy")] * 2


def test_rows_wait_no_longer_the_more_often_the_database_breaks_off(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, "a")

    def run(runtime: Runtime, shop: ShopFacts, _claims: Sequence[Claim]) -> None:
        with runtime.db.transaction(shop.id) as session:
            session.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    for _ in range(6):
        with runtime.db.house() as session:
            session.execute(text("UPDATE outbox SET lease_until = NULL"))
        assert work_off(runtime, a_work(run), shop.id) == 1
    ((failures, wait),) = left(runtime, "failures, extract(epoch FROM lease_until - now())::float")
    assert failures == 6
    assert isinstance(wait, float)
    assert FIRST_DELAY / 2 - 1 < wait <= FIRST_DELAY


def test_a_statement_that_takes_too_long_comes_with_fewer_rows(runtime: Runtime) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, "a", "b")

    def run(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
        with runtime.db.transaction(shop.id) as session:
            session.execute(text("SET LOCAL statement_timeout = '100ms'"))
            session.execute(text("SELECT pg_sleep(:seconds)"), {"seconds": len(claims) - 1})
            outbox.finish(session, shop.id, claims)

    work_off(runtime, a_work(run), shop.id)
    assert left(runtime) == []


def slow_from(second: str) -> Callable[[Runtime, ShopFacts, Sequence[Claim]], None]:
    """Work that takes longer than a turn from this row on."""

    def run(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
        if claims[0].ref >= second:
            time.sleep(0.6)
        finish_all(runtime, shop, claims)

    return run


def ahead(run: Callable[[Runtime, ShopFacts, Sequence[Claim]], None]) -> Work:
    return Work(kind="work", queue=Queue.NOW, batch=1, run=run, ahead=10)


def test_what_was_claimed_ahead_is_given_back_when_the_time_is_up(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, *"abcd")
    monkeypatch.setattr("app.jobs.queue.SLICE_SECONDS", 0.5)
    assert work_off(runtime, ahead(slow_from("b")), shop.id) == 4
    assert left(runtime, "ref, attempts, lease_until") == [("c", 0, None), ("d", 0, None)]


def test_what_was_claimed_ahead_is_given_back_when_others_wait(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, *"abcd")
    monkeypatch.setattr("app.jobs.queue.TURN_SECONDS", 0.5)
    assert work_off(runtime, ahead(slow_from("b")), shop.id, lambda: True) == 4
    assert left(runtime, "ref, attempts, lease_until") == [("c", 0, None), ("d", 0, None)]


def test_nothing_is_claimed_ahead_where_a_batch_fills_the_turn(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = a_shop(runtime.db)
    owe(runtime, shop.id, *"abcd")
    monkeypatch.setattr("app.jobs.queue.TURN_SECONDS", 0.5)
    assert work_off(runtime, ahead(slow_from("a")), shop.id, lambda: True) == 1
    assert left(runtime, "ref, fence") == [("b", 0), ("c", 0), ("d", 0)]
