"""Money goes back once: whoever clicks how often, whatever answers are lost, whoever is killed in between."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from app.domain.effects import service as effects
from app.domain.effects.service import Draft
from app.domain.shops.rules import ShopFacts
from app.kernel.db import Database
from sandbox.faults import Fault, How, Where
from tests.conftest import Servers
from tests.faults.market import LosesHalf, Market, let_minutes_pass, market
from tests.faults.numbers import Numbers, record
from tests.faults.stage import Stage, raised, wait_until
from tests.faults.test_named_points import points, room
from tests.trials import CLICKS, KILLED_RETURNS, LONG, REFUND_KILLS, RETURNS

Record = Callable[[str, object], None]

PLATFORMS = ("woocommerce", "shopify")
WRITES = {"woocommerce": "/refunds POST", "shopify": "#Refund#"}
"""Which questions of ours make a store do it."""
POINTS = tuple(point for point in points() if room(point) == "effect")
AMOUNT = 100
AN_ORDER = 3
"""Returns of one and the same order."""


@pytest.fixture
def scene(servers: Servers, tmp_path: Path) -> Iterator[tuple[Stage, Market]]:
    """Both stores, and nobody at work yet."""
    with market(LosesHalf()) as stores, raised(servers, tmp_path, base_url=stores.woocommerce_url) as stage:
        yield stage, stores


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_f13_f21_clicks_by_the_dozen_and_answers_that_are_lost(
    scene: tuple[Stage, Market], platform: str, record_property: Record
) -> None:
    stage, stores = scene
    shop = stores.ready(stage, platform, -(-RETURNS // AN_ORDER))
    for _ in range(2):
        stage.start_worker()
    ids = click(stage, shop, RETURNS)
    seconds = stage.seconds_until_quiet(900)
    numbers = judge(stage, stores, shop, f"F13 F21 {platform}", RETURNS * CLICKS, "clicks", seconds)
    record(numbers, record_property)
    faults = stores.scene.faults
    assert isinstance(faults, LosesHalf)
    assert faults.lost, "no answer was lost"
    assert len(ids) == RETURNS
    assert numbers.wrong == {}
    assert given_back(stage, shop) == RETURNS * AMOUNT, "our rows say it too"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("platform", PLATFORMS if LONG else PLATFORMS[:1])
def test_f02_a_worker_dies_at_each_point_of_a_refund(
    servers: Servers, tmp_path: Path, platform: str, record_property: Record
) -> None:
    with market() as stores, raised(servers, tmp_path, base_url=stores.woocommerce_url) as stage:
        shop = stores.ready(stage, platform, len(POINTS))
        stage.start_worker()
        for number, point in enumerate(POINTS):
            stage.trap.set(point)
            if point == "effect.looked":
                stores.scene.faults.add([Fault(where=Where.HTTP, how=How.LOST, path=WRITES[platform])])
            intend_one(stage, shop, number)
            assert stage.trap.victim(), f"nobody passed {point}"
            assert wait_until(lambda: let_minutes_pass(stage, shop) or not stage.owes(), 120), point
        numbers = judge(stage, stores, shop, f"F02 {platform} refunds", len(POINTS), "points")
    record(numbers, record_property)
    assert numbers.wrong == {}


def intend_one(stage: Stage, shop: ShopFacts, number: int) -> None:
    with stage.db.transaction(shop.id) as session:
        order_ids = session.scalars(text("SELECT id FROM orders ORDER BY id")).all()
        draft = Draft(about_kind="return", about_id=number, order_id=order_ids[number], amount=AMOUNT)
        effects.intend(session, shop.id, draft)


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_f21_workers_are_killed_while_money_goes_back(
    scene: tuple[Stage, Market], platform: str, record_property: Record
) -> None:
    stage, stores = scene
    shop = stores.ready(stage, platform, -(-KILLED_RETURNS // AN_ORDER))
    workers, dice, killed = [stage.start_worker(), stage.start_worker()], random.Random(21), 0
    click(stage, shop, KILLED_RETURNS)
    while killed < REFUND_KILLS:
        time.sleep(dice.uniform(0.1, 0.3))
        if children := dice.choice(workers).children():
            with suppress(ProcessLookupError):
                os.kill(dice.choice(children), signal.SIGKILL)
                killed += 1
        let_minutes_pass(stage, shop)
    assert wait_until(lambda: let_minutes_pass(stage, shop) or not stage.owes(), 900)
    numbers = judge(stage, stores, shop, f"F21 kills {platform}", killed, "kills")
    record(numbers, record_property)
    assert numbers.wrong == {}


def click(stage: Stage, shop: ShopFacts, returns: int) -> set[int]:
    """Everybody at once asks for every return's refund, each several times; the ids they were given."""
    with stage.db.transaction(shop.id) as session:
        order_ids = session.scalars(text("SELECT id FROM orders ORDER BY id")).all()
    drafts = [
        Draft(about_kind="return", about_id=number, order_id=order_ids[number // AN_ORDER], amount=AMOUNT)
        for number in range(returns)
    ] * CLICKS
    random.Random(2).shuffle(drafts)

    def intend(draft: Draft) -> int:
        with db.transaction(shop.id) as session:
            return effects.intend(session, shop.id, draft)

    with closing(Database(stage.environ["DATABASE_URL"], pool_size=CLICKS)) as db, ThreadPoolExecutor(CLICKS) as pool:
        return set(pool.map(intend, drafts))


def judge(
    stage: Stage, stores: Market, shop: ShopFacts, fault: str, trials: int, unit: str, seconds: float | None = None
) -> Numbers:
    """By the store's own ledger, which counts every refund by the key it came with."""
    with stage.db.transaction(shop.id) as session:
        intended = {str(key) for key in session.scalars(text("SELECT key FROM effect"))}
        undone = session.scalar(text("SELECT count(*) FROM effect WHERE state <> 'done'")) or 0
        left = session.scalar(text("SELECT count(*) FROM outbox")) or 0
    paid = stores.refunds(shop.platform)
    money = sum(refund.amount for order in stores.store(shop.platform).orders.values() for refund in order.refunds)
    assert money == AMOUNT * paid.total()
    assert paid.keys() <= intended, "nobody had intended that"
    return Numbers(
        fault=fault,
        trials=trials,
        unit=unit,
        refunds_double=paid.total() - len(paid),
        refunds_missing=len(intended - paid.keys()),
        rows_stuck=max(left, undone),
        seconds=seconds,
    )


def given_back(stage: Stage, shop: ShopFacts) -> int:
    with stage.db.transaction(shop.id) as session:
        return session.scalar(text("SELECT sum(amount) FROM refund")) or 0
