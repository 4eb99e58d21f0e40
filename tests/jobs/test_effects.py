"""What is intended is done once: asked for, looked up, asked once more or left to a person; a twin stands for the platform."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text

from app.connectors.base import Access
from app.domain.apply import apply
from app.domain.effects import service as effects
from app.domain.effects.service import Draft
from app.domain.insight.audit import audit
from app.domain.outbox import service as outbox
from app.domain.shops.rules import ShopFacts
from app.events import Done, EffectKind, Intent, Source
from app.jobs.queue import work_off
from app.jobs.works import WORKS
from app.kernel.errors import Failure, Permanent, Transient, Uncertain
from app.kernel.http import Http
from app.kernel.runtime import Runtime
from tests.builders import a_refund, a_shop, an_order, owed


@dataclass
class Platform:
    """Executes what it is asked. `failures` are raised in turn, before the work or (Uncertain) after it."""

    failures: list[Failure] = field(default_factory=list[Failure])
    done: list[str] = field(default_factory=list[str])
    asked: int = 0
    looked: int = 0
    is_executing: bool = True
    resembles: Failure | None = None
    effects = frozenset({EffectKind.REFUND})
    meanwhile: Callable[[], None] = field(default=lambda: None)

    def write(self, _access: Access, _http: Http, intent: Intent) -> Done:
        self.asked += 1
        failure = self.failures.pop(0) if self.failures else None
        if self.is_executing and (failure is None or isinstance(failure, Uncertain)):
            self.done.append(intent.key)
        self.meanwhile()
        if failure:
            raise failure
        return Done(ref="r1")

    def find(self, _access: Access, _http: Http, intent: Intent) -> Done | None:
        self.looked += 1
        if self.resembles:
            raise self.resembles
        return Done(ref="r1") if intent.key in self.done else None


@dataclass
class Counter:
    """A shop with one order and one refund intended for it."""

    runtime: Runtime
    shop: ShopFacts
    platform: Platform
    order_id: int
    effect_id: int

    def work(self) -> None:
        """What is due now, or waits for its next look, as if the wait were over."""
        with self.runtime.db.house() as session:
            session.execute(text("UPDATE outbox SET lease_until = NULL WHERE parked_at IS NULL"))
        work_off(self.runtime, WORKS["effect"], self.shop.id)

    def age(self, minutes: int) -> None:
        with self.runtime.db.transaction(self.shop.id) as session:
            session.execute(text("UPDATE effect SET called_at = now() - make_interval(mins => :n)"), {"n": minutes})

    def resume(self) -> None:
        with self.runtime.db.transaction(self.shop.id) as session:
            outbox.unpark(session, self.shop.id, "effect")
        self.work()

    def row(self) -> tuple[object, ...]:
        with self.runtime.db.transaction(self.shop.id) as session:
            return tuple(session.execute(text("SELECT state, reason, outcome, calls FROM effect")).one())

    def owed(self) -> int:
        with self.runtime.db.house() as session:
            return len(owed(session, "effect"))

    def audited(self, name: str) -> int:
        with self.runtime.db.transaction(self.shop.id) as session:
            return audit(session, self.shop.id, self.runtime.clock.now())[name]


@pytest.fixture
def counter(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> Counter:
    platform = Platform()
    monkeypatch.setattr("app.jobs.effects.CONNECTORS", {"woocommerce": platform})
    shop = a_shop(runtime.db)
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, [an_order()], Source.PULL)
        order_id = session.scalar(text("SELECT id FROM orders")) or 0
        draft = Draft(about_kind="return", about_id=1, order_id=order_id, amount=100)
        return Counter(runtime, shop, platform, order_id, effects.intend(session, shop.id, draft))


def test_it_is_done_once_and_the_order_is_read_anew(counter: Counter) -> None:
    counter.work()
    assert (counter.row(), counter.owed(), counter.platform.asked) == (("done", "", "r1", 1), 0, 1)
    with counter.runtime.db.house() as session:
        assert owed(session, "fetch") == ["orders/1001"]


def test_that_it_is_asked_for_is_committed_before_the_platform_hears_of_it(counter: Counter) -> None:
    seen: list[object] = []
    counter.platform.meanwhile = lambda: seen.append(counter.row()[0])
    counter.work()
    assert seen == ["calling"]


def test_what_was_surely_not_done_is_asked_for_again(counter: Counter) -> None:
    counter.platform.failures = [Transient("rate_limited", retry_after=0.0)] * 3
    counter.work()
    for _ in range(3):
        counter.work()
    assert counter.row() == ("done", "", "r1", 1)
    assert len(counter.platform.done) == 1


def test_a_lost_answer_is_looked_up_and_never_asked_for_again(counter: Counter) -> None:
    counter.platform.failures = [Uncertain("cut_off")]
    counter.work()
    assert counter.row()[:2] == ("uncertain", "cut_off")
    assert counter.audited("effects_uncertain") == 1
    counter.work()
    assert (counter.row(), counter.platform.asked, counter.owed()) == (("done", "", "r1", 1), 1, 0)


def test_what_shows_nowhere_is_asked_for_once_more_and_then_waits_for_a_person(counter: Counter) -> None:
    counter.platform.is_executing = False
    counter.platform.failures = [Uncertain("timed_out"), Uncertain("timed_out")]
    for minutes, asked in ((1, 1), (11, 2), (11, 2)):
        counter.work()
        counter.age(minutes)
        counter.work()
        assert counter.platform.asked == asked
    assert counter.row() == ("uncertain", "timed_out", "", 2)
    assert counter.audited("effects_stuck") == 1
    with counter.runtime.db.transaction(counter.shop.id) as session:
        assert effects.cancel(session, counter.shop.id, counter.effect_id)
    assert (counter.audited("effects_stuck"), counter.audited("effects_uncertain"), counter.owed()) == (0, 0, 0)


def test_where_something_else_may_be_it_a_person_is_asked_and_the_platform_never_again(counter: Counter) -> None:
    counter.platform.failures = [Uncertain("timed_out")]
    counter.platform.resembles = Uncertain("unmarked_refund")
    for minutes in (1, 11):
        counter.work()
        assert counter.audited("effects_stuck") == 0
        counter.age(minutes)
    counter.work()
    assert (counter.row()[0], counter.platform.asked, counter.audited("effects_stuck")) == ("uncertain", 1, 1)


def test_one_found_as_asked_for_is_looked_up_first(counter: Counter) -> None:
    """Its worker was killed: before the call, or after it."""
    with counter.runtime.db.transaction(counter.shop.id) as session:
        session.execute(text("UPDATE effect SET state = 'calling', calls = 1, called_at = now()"))
    counter.work()
    assert (counter.row()[:2], counter.platform.asked) == (("uncertain", "no_answer_recorded"), 0)
    counter.age(11)
    counter.work()
    assert (counter.row()[0], counter.platform.asked, len(counter.platform.done)) == ("done", 1, 1)


def test_a_second_call_that_did_nothing_leaves_the_first_in_doubt(counter: Counter) -> None:
    counter.platform.is_executing = False
    counter.platform.failures = [Uncertain("timed_out"), Transient("store_down")]
    counter.work()
    counter.age(11)
    counter.work()
    assert counter.row() == ("uncertain", "", "", 1)


def test_what_the_store_refuses_is_parked_and_tried_again_when_somebody_says_so(counter: Counter) -> None:
    counter.platform.failures = [Permanent("bad_key")]
    counter.work()
    assert (counter.row()[:2], counter.audited("effects_stuck")) == (("refused", "bad_key"), 1)
    counter.work()
    assert counter.platform.asked == 1
    counter.resume()
    assert (counter.row()[0], counter.audited("effects_stuck"), counter.owed()) == ("done", 0, 0)


def test_a_refused_one_is_not_tried_again_when_its_money_has_gone_another_way(counter: Counter) -> None:
    counter.platform.failures = [Permanent("refused")]
    counter.work()
    with counter.runtime.db.transaction(counter.shop.id) as session:
        apply(session, counter.shop, [a_refund(amount=an_order().total)], Source.PULL)
    counter.resume()
    assert (counter.row()[0], counter.platform.asked, counter.owed()) == ("refused", 1, 0)


def test_an_answer_that_comes_after_the_lease_is_still_an_answer(counter: Counter) -> None:
    counter.platform.meanwhile = lambda: rob(counter)
    counter.work()
    assert (counter.row()[0], counter.platform.asked) == ("done", 1)
    counter.work()  # the heir finds nothing left to do
    assert (counter.platform.asked, counter.owed()) == (1, 0)


def test_who_lost_the_work_cannot_say_that_nothing_was_done(counter: Counter) -> None:
    """His heir has it in doubt, and may be asking at this moment."""
    counter.platform.failures = [Transient("store_down")]
    counter.platform.meanwhile = lambda: rob(counter)
    counter.work()
    assert counter.row()[:2] == ("uncertain", "no_answer_recorded")


def rob(counter: Counter) -> None:
    """The lease ends while the platform thinks, and another worker looks after the work."""
    counter.platform.meanwhile = lambda: None
    done, counter.platform.done = counter.platform.done, []  # it does not show yet
    with counter.runtime.db.house() as session:
        session.execute(text("UPDATE outbox SET lease_until = now() - interval '1 second' WHERE kind = 'effect'"))
    work_off(counter.runtime, WORKS["effect"], counter.shop.id)
    assert counter.row()[0] == "uncertain"
    counter.platform.done = done
