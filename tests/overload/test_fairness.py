"""One shop with a mountain of work and many quiet ones: what the quiet ones tell is read nearly as soon as if they were alone."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from itertools import count
from statistics import median

import pytest
from sqlalchemy import text

from app.domain.shops.rules import ShopFacts
from app.kernel.db import Database
from tests.conftest import TRIALS
from tests.faults.stage import Stage, wait_until
from tests.overload.masses import deliver, deliver_many, quiet_shops
from tests.trials import BACKLOG, QUIET_NEWS

QUIET_SHOPS = 49
APPLIED_SECONDS = 10.0
"""Within which 99 of 100 events are applied after they were acknowledged (the objective for an installation)."""

numbers = count(1)


def seconds_until_applied(db: Database, shop: ShopFacts) -> float:
    """From the commit of one delivery until it has been read."""
    deliver(db, shop.id, next(numbers))
    began = time.monotonic()

    def is_read() -> bool:
        with db.transaction(shop.id) as session:
            return not session.scalar(text("SELECT count(*) FROM inbox WHERE state = 'received'"))

    assert wait_until(is_read, 60), "nobody has read it for a minute"
    return time.monotonic() - began


def timed(db: Database, shops: list[ShopFacts], is_over: Callable[[], bool]) -> list[float]:
    """Of so many deliveries of any of the shops, or as many as there is time for."""
    dice = random.Random(5)
    waits: list[float] = []
    while len(waits) < QUIET_NEWS and not is_over():
        waits.append(seconds_until_applied(db, dice.choice(shops)))
    return sorted(waits)


@pytest.mark.timeout(1800)
def test_a_busy_shop_costs_the_quiet_ones_little(stage: Stage, record_property: Callable[[str, object], None]) -> None:
    shops = quiet_shops(stage.db, QUIET_SHOPS)
    stage.start_worker()
    seconds_until_applied(stage.db, shops[0])  # the worker has come up
    alone = timed(stage.db, shops, lambda: False)
    deliver_many(stage.db, stage.shop.id, range(100_000, 100_000 + BACKLOG))
    began = time.monotonic()
    beside = timed(stage.db, shops, lambda: not stage.count("SELECT count(*) FROM inbox WHERE state = 'received'"))
    rate = stage.count("SELECT count(*) FROM inbox WHERE state <> 'received'") / (time.monotonic() - began)
    record_property(
        TRIALS,
        f"{BACKLOG} deliveries of one shop, read at {rate:.0f} a second; {len(beside)} of {QUIET_SHOPS} quiet shops applied after"
        f" {_told(alone)} alone, {_told(beside)} beside it",
    )
    assert len(beside) >= QUIET_NEWS / 3, "the backlog was over too early to have been in anybody's way"
    assert beside[-1] < APPLIED_SECONDS
    assert median(beside) < 2 * median(alone) + 0.3


def _told(waits: list[float]) -> str:
    p95 = waits[len(waits) * 95 // 100]
    return f"{median(waits) * 1e3:.0f} ms (p95 {p95 * 1e3:.0f}, longest {waits[-1] * 1e3:.0f})"
