"""One shop with a mountain of work and many quiet ones: what the quiet ones tell is read nearly as soon as if they were alone,
whether the mountain is news that came in or a store that is imported."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from statistics import median

import pytest
from sqlalchemy import text

from app.domain.shops.rules import ShopFacts
from app.kernel.db import Database
from sandbox import bulk
from tests.conftest import TRIALS, Servers
from tests.faults.market import Market, market
from tests.faults.stage import Stage, raised, wait_until
from tests.overload.masses import deliver, deliver_many, quiet_shops
from tests.trials import BACKLOG, IMPORTED_BESIDE, LONG, QUIET_NEWS

QUIET_SHOPS = 49
FLOOR = 0.1
"""Seconds that a quiet shop may wait longer on top of twice its wait alone: the busy shop's batch that has just begun."""
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
    assert_little(alone, beside)


@pytest.fixture
def importing(ground: Servers, tmp_path: Path) -> Iterator[tuple[Stage, Market]]:
    """A big store that has not been read yet."""
    with market() as stores:
        bulk.fill(stores.coffee, IMPORTED_BESIDE)
        with raised(ground, tmp_path, "import", base_url=stores.woocommerce_url) as stage:
            yield stage, stores


@pytest.mark.timeout(1800)
def test_an_import_costs_the_quiet_shops_little(
    importing: tuple[Stage, Market], record_property: Callable[[str, object], None]
) -> None:
    stage, stores = importing
    shops = quiet_shops(stage.db, QUIET_SHOPS)
    stage.start_worker()
    seconds_until_applied(stage.db, shops[0])
    alone = timed(stage.db, shops, lambda: False)
    stores.connect(stage, "woocommerce")
    begin_import(stage)
    assert wait_until(lambda: imported(stage), 60), stage.said()[-2_000:]
    began = time.monotonic()
    beside = timed(stage.db, shops, lambda: imported(stage) >= IMPORTED_BESIDE)
    rate = imported(stage) / (time.monotonic() - began)
    record_property(
        TRIALS,
        f"{IMPORTED_BESIDE} orders of one shop imported, {rate:.0f} a second;"
        f" {len(beside)} of {QUIET_SHOPS} quiet shops applied after {_told(alone)} alone, {_told(beside)} beside it",
    )
    assert len(beside) >= QUIET_NEWS / 3, "the import was over too early to have been in anybody's way"
    assert_little(alone, beside)


def begin_import(stage: Stage) -> None:
    """Its first sweep is struck; the quiet shops have no store that could be read."""
    with stage.db.house() as session:
        session.execute(text("UPDATE shop SET is_connected = true WHERE id = :id"), {"id": stage.shop.id})


def imported(stage: Stage) -> int:
    return stage.count("SELECT count(*) FROM orders")


def assert_little(alone: list[float], beside: list[float]) -> None:
    """The slowest count where the machine is this test's alone; elsewhere whoever runs beside it would be measured too."""
    assert median(beside) <= 2 * median(alone) + 3 * FLOOR
    if LONG:
        assert p95(beside) <= 2 * p95(alone) + FLOOR


def p95(waits: list[float]) -> float:
    return waits[len(waits) * 95 // 100]


def _told(waits: list[float]) -> str:
    return f"{median(waits) * 1e3:.0f} ms (p95 {p95(waits) * 1e3:.0f}, longest {waits[-1] * 1e3:.0f})"
