"""The merchant is told when syncing or sending breaks, once, and once when it is mended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from app.channels.base import Letter, Receipt
from app.domain.insight.trouble import Kind, Trouble
from app.domain.notices.service import Told
from app.domain.outbox import service as outbox
from app.domain.shops.rules import ShopFacts
from app.events import Resource
from app.jobs.alert import AGAIN_AFTER, due_notices, tell_merchant
from app.jobs.letters.notice import compose_notice
from app.jobs.schedule import periodic
from app.jobs.works import WORKS
from app.kernel.copy import catalogue
from app.kernel.errors import Failure, Permanent, Transient, Uncertain
from app.kernel.runtime import Runtime
from tests.builders import NOON, a_shop
from tests.jobs.line import run_until_quiet
from tests.sample_facts import HOUSE, shop

HOUR = timedelta(hours=1)


class Post:
    """A mail server that takes everything, or fails in one way: before the last moment, or after it."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.before: Failure | None = None
        self.after: Failure | None = None

    def send(self, letter: Letter, commit: Callable[[], None]) -> Receipt:
        if self.before:
            raise self.before
        commit()
        if self.after:
            raise self.after
        self.letters.append(letter)
        return Receipt()

    @property
    def subjects(self) -> list[str]:
        return [letter.subject for letter in self.letters]


@pytest.fixture
def post(monkeypatch: pytest.MonkeyPatch) -> Post:
    server = Post()
    monkeypatch.setattr("app.jobs.alert.CHANNELS", {"email": lambda _settings: server})
    return server


def a_told_shop(runtime: Runtime, **changes: Any) -> ShopFacts:
    return a_shop(runtime.db, **{"email": "office@shop.example", "language": "en", **changes})


def tick(runtime: Runtime, shop: ShopFacts) -> None:
    with runtime.db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "alert", [""])
    run_until_quiet(runtime, shop, "alert")


def read(runtime: Runtime, shop: ShopFacts, resource: str, error: str, ago: timedelta = timedelta()) -> None:
    """The store was read without failure for the last time so long ago."""
    with runtime.db.transaction(shop.id) as session:
        session.execute(
            text(
                "INSERT INTO sync_state (shop_id, resource, is_backfilled, last_success_at, last_error)"
                " VALUES (:id, :resource, true, now() - :ago, :error) ON CONFLICT (shop_id, resource)"
                " DO UPDATE SET last_success_at = excluded.last_success_at, last_error = excluded.last_error"
            ),
            {"id": shop.id, "resource": resource, "error": error, "ago": ago},
        )


def later(runtime: Runtime, shop: ShopFacts, passed: timedelta) -> None:
    with runtime.db.transaction(shop.id) as session:
        session.execute(text("UPDATE notice SET at = at - :passed"), {"passed": passed})


def a_letter(runtime: Runtime, shop: ShopFacts, state: str, number: int) -> None:
    with runtime.db.transaction(shop.id) as session:
        session.execute(
            text(
                "INSERT INTO message (shop_id, key, follow_up, about_kind, about_id, recipient_hash, order_id, event_id,"
                " channel, occurred_at, planned_at, due_at, state, reason)"
                " VALUES (:id, gen_random_uuid(), 'thank_you', 'order', :number, 'x', 1, 1, 'email', now(), now(), now(),"
                " :state, 'smtp_550')"
            ),
            {"id": shop.id, "state": state, "number": number},
        )


# --- what is due: pure ------------------------------------------------------------------------------------------------

WRONG = Trouble(kind=Kind.UNREADABLE, since=NOON, codes=("unreachable",))


@pytest.mark.parametrize(
    ("found", "told", "expected"),
    [
        ([], {}, []),
        ([WRONG], {}, [(Kind.UNREADABLE, False)]),
        ([WRONG], {Kind.UNREADABLE: Told(is_over=False, age=AGAIN_AFTER - HOUR)}, []),
        ([WRONG], {Kind.UNREADABLE: Told(is_over=False, age=AGAIN_AFTER)}, [(Kind.UNREADABLE, False)]),
        ([], {Kind.UNREADABLE: Told(is_over=False, age=HOUR)}, [(Kind.UNREADABLE, True)]),
        ([], {Kind.UNREADABLE: Told(is_over=True, age=HOUR)}, []),
        ([WRONG], {Kind.UNREADABLE: Told(is_over=True, age=HOUR)}, []),
        ([WRONG], {Kind.STOPPED: Told(is_over=False, age=HOUR)}, [(Kind.UNREADABLE, False), (Kind.STOPPED, True)]),
        ([Trouble(kind=Kind.MAIL_SERVER, since=NOON, codes=())], {}, []),
        ([], {"test": Told(is_over=False, age=HOUR)}, []),
    ],
)
def test_a_trouble_is_told_once_a_day_and_once_when_it_is_over(
    found: list[Trouble], told: dict[str, Told], expected: list[tuple[Kind, bool]]
) -> None:
    assert [(due.kind, due.is_over) for due in due_notices(found, told)] == expected


# --- what breaks ------------------------------------------------------------------------------------------------------


def test_a_store_that_cannot_be_read_is_told_after_half_an_hour_and_when_it_answers_again(
    runtime: Runtime, post: Post
) -> None:
    shop = a_told_shop(runtime)
    read(runtime, shop, "orders", "unreachable", timedelta(minutes=29))
    tick(runtime, shop)
    assert post.letters == []
    read(runtime, shop, "orders", "unreachable", timedelta(minutes=31))
    for _ in range(3):
        tick(runtime, shop)
    (letter,) = post.letters
    assert (letter.subject, letter.recipient) == ("We cannot read your shop", "office@shop.example")
    assert "https://encore.example/console" in letter.text
    read(runtime, shop, "orders", "")
    for _ in range(3):
        tick(runtime, shop)
    assert post.subjects[1:] == ["We can read your shop again"]


def test_trouble_that_lasts_is_told_of_again_the_next_day(runtime: Runtime, post: Post) -> None:
    shop = a_told_shop(runtime)
    read(runtime, shop, "orders", "unreachable", 2 * HOUR)
    for passed in (timedelta(), 23 * HOUR, HOUR, 2 * HOUR):
        later(runtime, shop, passed)
        tick(runtime, shop)
    assert len(post.letters) == 2


@pytest.mark.parametrize("code", ["bad_key", "token_revoked", "scope_missing"])
def test_refused_keys_are_told_at_once_and_by_one_mail(runtime: Runtime, post: Post, code: str) -> None:
    shop = a_told_shop(runtime)
    read(runtime, shop, "orders", code)
    read(runtime, shop, "webhooks", code, 9 * HOUR)
    with runtime.db.transaction(shop.id) as session:
        for kind in ("pull", "check"):
            outbox.owe(session, shop.id, kind, [Resource.ORDERS])
            outbox.park(session, shop.id, outbox.claim(session, shop.id, kind, NOON, 1), code)
    tick(runtime, shop)
    assert post.subjects == ["Your shop keeps us out"]


def test_a_first_import_is_given_time_before_anybody_is_told(runtime: Runtime, post: Post) -> None:
    shop = a_told_shop(runtime)
    with runtime.db.transaction(shop.id) as session:
        session.execute(
            text("INSERT INTO sync_state (shop_id, resource, last_error) VALUES (:id, 'orders', 'timed_out')"),
            {"id": shop.id},
        )
        session.execute(text("UPDATE shop SET connected_at = now() - interval '2 hours'"))
        session.execute(
            text("INSERT INTO outbox (shop_id, kind, ref, failures) VALUES (:id, 'pull', 'orders', 2)"), {"id": shop.id}
        )
    tick(runtime, shop)
    assert post.letters == []
    with runtime.db.house() as session:
        session.execute(text("UPDATE outbox SET failures = 9"))
    tick(runtime, shop)
    assert post.subjects == ["We cannot read your shop"]


def test_webhooks_that_cannot_be_mended_are_told(runtime: Runtime, post: Post) -> None:
    shop = a_told_shop(runtime)
    read(runtime, shop, "orders", "")
    read(runtime, shop, "webhooks", "key_cannot_write", HOUR)
    tick(runtime, shop)
    assert post.letters == []
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "check", [""])
        outbox.park(session, shop.id, outbox.claim(session, shop.id, "check", NOON, 1), "key_cannot_write")
    tick(runtime, shop)
    assert post.subjects == ["Your shop no longer calls us"]


def test_stopped_work_is_told_with_its_number(runtime: Runtime, post: Post) -> None:
    shop = a_told_shop(runtime)
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "ingest", ["1", "2"])
        outbox.park(session, shop.id, outbox.claim(session, shop.id, "ingest", NOON, 9), "no_outcome")
    tick(runtime, shop)
    assert post.subjects == ["Some work has stopped"]
    assert "2 pieces of work have stopped" in post.letters[0].text


@pytest.mark.parametrize(
    ("failed", "uncertain", "is_told"), [(2, 0, False), (3, 0, True), (0, 1, True)], ids=["two", "three", "in doubt"]
)
def test_letters_that_fail_are_told_beyond_what_a_wrong_address_explains(
    runtime: Runtime, post: Post, failed: int, uncertain: int, is_told: bool
) -> None:
    shop = a_told_shop(runtime)
    for number in range(failed + uncertain):
        a_letter(runtime, shop, "failed" if number < failed else "uncertain", number)
    tick(runtime, shop)
    assert post.subjects == (["Mails to shoppers are failing"] if is_told else [])


def test_a_mail_server_that_is_away_is_no_mail(runtime: Runtime, post: Post) -> None:
    shop = a_told_shop(runtime)
    with runtime.db.transaction(shop.id) as session:
        session.execute(
            text(
                "INSERT INTO outbox (shop_id, kind, ref, failures, last_error)"
                " VALUES (:id, 'deliver', '1', 5, 'mail_server_unreachable')"
            ),
            {"id": shop.id},
        )
    tick(runtime, shop)
    assert post.letters == []


# --- the mail itself --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_mail_that_was_not_taken_is_written_again_at_the_next_tick(runtime: Runtime, post: Post, moment: str) -> None:
    shop = a_told_shop(runtime)
    read(runtime, shop, "orders", "bad_key")
    setattr(post, moment, Transient("smtp_451"))
    tick(runtime, shop)
    setattr(post, moment, None)
    tick(runtime, shop)
    assert len(post.letters) == 1


@pytest.mark.parametrize(
    ("failure", "again"),
    [(Uncertain("no_reply_after_handover"), 0), (Permanent("smtp_550"), 1)],
    ids=["doubt", "refusal"],
)
def test_one_that_nobody_can_know_of_is_not_repeated_today(
    runtime: Runtime, post: Post, failure: Failure, again: int
) -> None:
    shop = a_told_shop(runtime)
    read(runtime, shop, "orders", "bad_key")
    post.after = failure
    tick(runtime, shop)
    post.after = None
    tick(runtime, shop)
    assert len(post.letters) == again
    with runtime.db.house() as session:
        assert session.scalar(text("SELECT count(*) FROM outbox")) == 0


def test_a_shop_without_an_address_is_told_by_the_console_alone(runtime: Runtime, post: Post) -> None:
    shop = a_told_shop(runtime, email="")
    read(runtime, shop, "orders", "bad_key")
    tick(runtime, shop)
    assert post.letters == []


def test_a_quiet_shop_hears_nothing(runtime: Runtime, post: Post) -> None:
    shop = a_told_shop(runtime)
    read(runtime, shop, "orders", "")
    tick(runtime, shop)
    assert post.letters == []
    assert {entry.kind for entry in periodic(runtime.settings)} <= set(WORKS)
    assert WORKS["alert"].run is tell_merchant


@pytest.mark.parametrize("is_over", [False, True], ids=["begun", "over"])
@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.MAIL_SERVER])
@pytest.mark.parametrize("language", catalogue().languages)
def test_every_mail_reads_whole_in_every_language(language: str, kind: Kind, is_over: bool) -> None:
    told = compose_notice(
        shop(language=language, email="office@nebelkamp.example"),
        kind,
        since=NOON,
        count=3,
        is_over=is_over,
        console_url="https://encore.example/console",
        house_address=HOUSE,
    )
    assert told.language.startswith(language)
    assert len(told.subject) <= 40
    for written in (told.html, told.text):
        assert "https://encore.example/console" in written
        assert "{{" not in written
        assert "None" not in written
    assert "#a3401c" in told.html
