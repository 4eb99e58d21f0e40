"""A letter leaves once, and what became of it is written down by whoever knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.channels.base import Letter, Receipt
from app.domain.apply import apply
from app.domain.messages.rules import MOST_A_DAY
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import OrderStatus, Source
from app.jobs.queue import work_off
from app.jobs.works import WORKS
from app.kernel.clock import SetClock
from app.kernel.errors import Transient
from app.kernel.runtime import Runtime
from tests.builders import NOON, a_parcel, a_shop, an_order
from tests.jobs.line import run_until_quiet

HOUR = timedelta(hours=1)


def said(runtime: Runtime, shop: ShopFacts) -> list[tuple[object, ...]]:
    with runtime.db.transaction(shop.id) as session:
        rows = session.execute(text("SELECT follow_up, state, template, reply FROM message ORDER BY id"))
        return [tuple(row) for row in rows]


def test_an_address_that_changes_while_a_letter_waits_makes_no_second_letter(runtime: Runtime, clock: SetClock) -> None:
    shop = a_shop(runtime.db)
    clock.at = NOON + timedelta(minutes=1)
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, [an_order(email="typo@shopper.example"), a_parcel()], Source.WEBHOOK)
    run_until_quiet(runtime, shop, "plan", "deliver")
    changed = [an_order(updated_at=NOON + HOUR, email="right@shopper.example"), a_parcel("1001", "X1", NOON + HOUR)]
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, changed, Source.WEBHOOK)
    clock.at = NOON + 5 * HOUR
    run_until_quiet(runtime, shop, "plan", "deliver")
    assert [row[:3] for row in said(runtime, shop)] == [
        ("thank_you", "sent", "thank_you"),
        ("shipped", "sent", "shipped"),
    ]


def test_what_is_switched_off_when_it_is_due_is_skipped_and_never_sent_later(runtime: Runtime, clock: SetClock) -> None:
    shop = a_shop(runtime.db, switched_on=["shipped"])
    clock.at = NOON + timedelta(minutes=1)
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, [an_order(), a_parcel()], Source.WEBHOOK)
    run_until_quiet(runtime, shop, "plan", "deliver")
    with runtime.db.transaction(shop.id) as session:
        shops.choose(session, shop.id, {"switched_on": ["thank_you"]}, clock.at)
    clock.at = NOON + 3 * HOUR
    run_until_quiet(runtime, shop, "plan", "deliver")
    with runtime.db.transaction(shop.id) as session:
        rows = session.execute(text("SELECT follow_up, state, reason FROM message ORDER BY id")).all()
    assert [tuple(row) for row in rows] == [
        ("thank_you", "skipped", "switched_off"),
        ("shipped", "skipped", "switched_off"),
    ]


def test_a_shop_is_silent_until_somebody_switches_it_on(runtime: Runtime, clock: SetClock) -> None:
    shop = a_shop(runtime.db, switched_on=())
    clock.at = NOON + timedelta(minutes=1)
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, [an_order(), a_parcel(number="X1")], Source.WEBHOOK)
    run_until_quiet(runtime, shop, "plan", "deliver")
    assert {row[1] for row in said(runtime, shop)} == {"skipped"}


def thank_through(
    server: Any, runtime: Runtime, shop: ShopFacts, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One order comes in, and its letter goes to this server."""
    clock.at = NOON + timedelta(minutes=1)
    monkeypatch.setattr("app.jobs.deliver.CHANNELS", {"email": lambda _settings: server})
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, [an_order()], Source.WEBHOOK)
    run_until_quiet(runtime, shop, "plan", "deliver")


def another_takes_over(runtime: Runtime, shop: ShopFacts) -> None:
    """The lease ends, and another worker does what is due."""
    with runtime.db.house() as session:
        session.execute(text("UPDATE outbox SET lease_until = now() - interval '1 second'"))
    work_off(runtime, WORKS["deliver"], shop.id)


class Slow:
    """A mail server that thinks so long that another worker takes the work over."""

    def __init__(self, runtime: Runtime, shop: ShopFacts) -> None:
        self.runtime, self.shop, self.letters = runtime, shop, 0

    def send(self, _letter: Letter, commit: Callable[[], None]) -> Receipt:
        commit()
        self.letters += 1
        another_takes_over(self.runtime, self.shop)
        assert said(self.runtime, self.shop)[0][1] == "uncertain"
        return Receipt(reply="250 ok")


def test_an_answer_that_comes_after_the_lease_is_still_an_answer(
    runtime: Runtime, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = a_shop(runtime.db)
    server = Slow(runtime, shop)
    thank_through(server, runtime, shop, clock, monkeypatch)
    assert said(runtime, shop) == [("thank_you", "sent", "thank_you", "250 ok")]
    assert server.letters == 1
    with runtime.db.house() as session:
        assert session.scalar(text("SELECT count(*) FROM outbox")) == 0


class Refusing:
    """A mail server that has nothing against the letter until it is asked, and falls over before that."""

    def __init__(self) -> None:
        self.asked = 0

    def send(self, _letter: Letter, commit: Callable[[], None]) -> Receipt:
        self.asked += 1
        if self.asked == 1:
            raise Transient("mail_server_dropped", retry_after=0)
        commit()
        return Receipt(reply="250 ok")


def test_a_server_that_falls_over_before_the_letter_is_asked_again(
    runtime: Runtime, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = a_shop(runtime.db)
    server = Refusing()
    thank_through(server, runtime, shop, clock, monkeypatch)
    assert said(runtime, shop) == [("thank_you", "sent", "thank_you", "250 ok")]
    assert server.asked == 2


class Robbed:
    """A mail server so slow before the last moment that somebody else takes and does the work."""

    def __init__(self, runtime: Runtime, shop: ShopFacts) -> None:
        self.runtime, self.shop, self.taken = runtime, shop, 0
        self.is_first = True

    def send(self, _letter: Letter, commit: Callable[[], None]) -> Receipt:
        if self.is_first:
            self.is_first = False
            another_takes_over(self.runtime, self.shop)
        commit()
        self.taken += 1
        return Receipt(reply="250 ok")


def test_who_lost_the_work_before_the_last_moment_hands_nothing_over(
    runtime: Runtime, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = a_shop(runtime.db)
    server = Robbed(runtime, shop)
    thank_through(server, runtime, shop, clock, monkeypatch)
    assert said(runtime, shop) == [("thank_you", "sent", "thank_you", "250 ok")]
    assert server.taken == 1


class Noting:
    """Takes every letter but those to `refused`, and lets something happen after the first it took."""

    def __init__(self, refused: str = "", meanwhile: Callable[[], None] = lambda: None) -> None:
        self.refused, self.meanwhile, self.taken = refused, meanwhile, 0

    def send(self, letter: Letter, commit: Callable[[], None]) -> Receipt:
        if letter.recipient == self.refused:
            raise Transient("mail_server_dropped", retry_after=3600)
        commit()
        self.taken += 1
        if self.taken == 2:  # the first is claimed alone, the second with those behind it
            self.meanwhile()
        return Receipt(reply="250 ok")


def thank_many(
    server: Any, runtime: Runtime, shop: ShopFacts, clock: SetClock, monkeypatch: pytest.MonkeyPatch, *emails: str
) -> list[tuple[str, str]]:
    """An order for each address, and the letters about them; state and reason of each."""
    clock.at = NOON + timedelta(minutes=1)
    monkeypatch.setattr("app.jobs.deliver.CHANNELS", {"email": lambda _settings: server})
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, [an_order(f"{1001 + n}", email=email) for n, email in enumerate(emails)], Source.WEBHOOK)
    run_until_quiet(runtime, shop, "plan", "deliver")
    with runtime.db.transaction(shop.id) as session:
        rows = session.execute(text("SELECT state, reason FROM message ORDER BY order_id"))
        return [(row.state, row.reason) for row in rows]


def test_a_letter_that_is_not_taken_holds_none_of_those_that_were_claimed_with_it(
    runtime: Runtime, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, emails = a_shop(runtime.db), [f"s{n}@example.com" for n in range(6)]
    states = thank_many(Noting(refused=emails[2]), runtime, shop, clock, monkeypatch, *emails)
    assert [state for state, _ in states] == ["sent", "sent", "planned", "sent", "sent", "sent"]
    with runtime.db.house() as session:
        left = session.execute(text("SELECT attempts, failures, last_error FROM outbox")).all()
    assert [tuple(row) for row in left] == [(0, 1, "mail_server_dropped")]


def test_what_changes_while_a_server_thinks_counts_for_the_letters_behind(
    runtime: Runtime, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All were read together; facts that have grown old meanwhile are read again."""
    shop, emails = a_shop(runtime.db), [f"s{n}@example.com" for n in range(4)]

    def cancel_the_last() -> None:
        cancelled = an_order("1004", NOON + timedelta(seconds=30), email=emails[3], status=OrderStatus.CANCELLED)
        with runtime.db.transaction(shop.id) as session:
            apply(session, shop, [cancelled], Source.WEBHOOK)

    monkeypatch.setattr("app.jobs.deliver.FRESH_SECONDS", 0.0)
    server = Noting(meanwhile=cancel_the_last)
    states = thank_many(server, runtime, shop, clock, monkeypatch, *emails)
    assert [state for state, _ in states] == ["sent", "sent", "sent", "skipped"]
    assert server.taken == 3


def test_the_fuse_counts_letters_that_were_claimed_together(
    runtime: Runtime, clock: SetClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop, server = a_shop(runtime.db), Noting()
    states = thank_many(server, runtime, shop, clock, monkeypatch, *["anna@example.com"] * (MOST_A_DAY + 1))
    assert server.taken == MOST_A_DAY
    assert [(state, reason) for state, reason in states if state != "sent"] == [("planned", "circuit_breaker")]
