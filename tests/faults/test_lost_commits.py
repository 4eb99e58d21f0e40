"""A connection breaks right after a commit was sent, and nobody here knows whether it counts: nothing doubles, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.channels.base import Letter, Receipt
from app.domain.apply import apply
from app.events import Source
from app.kernel.clock import SetClock
from app.kernel.db import Database
from app.kernel.runtime import Runtime
from app.worker import ROLES
from tests.builders import NOON, a_shop, an_order
from tests.faults.numbers import record
from tests.faults.proxy import Proxy
from tests.faults.stage import Stage, wait_until
from tests.faults.truth import Truth, deliveries, post_until_acknowledged
from tests.jobs.line import run_until_quiet
from tests.trials import CUTS

ONE_IN = 7
"""Commits is cut."""
A_BATCH = 20


@pytest.mark.timeout(600)
def test_f10_the_outcome_of_a_commit_is_unknown(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    with ExitStack() as stack:
        proxy = Proxy(stage.environ["DATABASE_URL"], ONE_IN)
        stack.callback(proxy.stop)
        stage.start_web(DATABASE_URL=proxy.url)
        worker = stage.start_worker(DATABASE_URL=proxy.url)
        assert wait_until(lambda: len(worker.children()) == len(ROLES), 30)
        children = worker.children()
        proxy.most = CUTS
        truth, first = Truth(), 10_000
        with ThreadPoolExecutor(4) as pool:
            while proxy.cuts < CUTS:
                told = deliveries(A_BATCH, first)
                first += A_BATCH
                list(pool.map(lambda delivery: post_until_acknowledged([stage.hook()], delivery), told))
                for delivery in told:
                    truth.told(delivery.ref, delivery.total, "thank_you")
                stage.seconds_until_quiet(3)
        numbers = truth.compare(stage, "F10", proxy.cuts, "cuts", stage.seconds_until_quiet())
    record(numbers, record_property)
    assert numbers.wrong == {}, stage.left()
    assert stage.count("SELECT count(*) FROM inbox") == len(truth.orders)
    assert numbers.msgs_uncertain <= CUTS
    assert worker.children() == children, "a process died of a broken connection"


class Server:
    """A mail server that takes letters, beside a database that breaks off at the commit before or the one after."""

    def __init__(self, proxy: Proxy, moment: str) -> None:
        self.proxy, self.moment, self.letters = proxy, moment, 0

    def send(self, _letter: Letter, commit: Callable[[], None]) -> Receipt:
        self._break_off("before")
        commit()
        self.letters += 1
        self._break_off("after")
        return Receipt(reply="250 ok")

    def _break_off(self, moment: str) -> None:
        """At the next commit, once."""
        if self.moment == moment:
            self.proxy.most, self.moment = self.proxy.cuts + 1, ""


@pytest.mark.parametrize("has_arrived", [False, True])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_letter_is_not_in_doubt_because_the_database_broke_off(
    runtime: Runtime,
    database_url: str,
    clock: SetClock,
    monkeypatch: pytest.MonkeyPatch,
    moment: str,
    has_arrived: bool,
) -> None:
    shop = a_shop(runtime.db)
    clock.at = NOON + timedelta(minutes=1)
    with runtime.db.transaction(shop.id) as session:
        apply(session, shop, [an_order()], Source.WEBHOOK)
    proxy = Proxy(database_url, one_in=1)
    proxy.cuts = proxy.most = int(has_arrived)
    server = Server(proxy, moment)
    monkeypatch.setattr("app.jobs.deliver.CHANNELS", {"email": lambda _settings: server})
    with closing(Database("postgresql+psycopg://" + proxy.url.partition("://")[2])) as through:
        run_until_quiet(replace(runtime, db=through), shop, "plan", "deliver")
        with through.house() as session:
            session.execute(text("UPDATE outbox SET lease_until = NULL"))
        run_until_quiet(replace(runtime, db=through), shop, "deliver")
    proxy.stop()
    with runtime.db.transaction(shop.id) as session:
        states = [row.state for row in session.execute(text("SELECT state FROM message"))]
        assert session.scalar(text("SELECT count(*) FROM outbox")) == 0
    assert (states, server.letters, proxy.cuts) == (["sent"], 1, 1 + has_arrived)
