"""Webhooks that never come: a few at random, and all of them for days because the store has deleted the subscription."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.events import OrderStatus
from app.kernel.clock import SetClock, SystemClock
from sandbox.things import Order
from tests.conftest import Servers
from tests.faults.market import SHOPIFY, Market, Postman, market
from tests.faults.numbers import record
from tests.faults.stage import Stage, raised, wait_until
from tests.faults.truth import Truth
from tests.trials import MISSED, SOLD

Record = Callable[[str, object], None]

SHARE = 0.05
LONG_SINCE = timedelta(days=4)
"""So long ago that nobody wants to be thanked any more (domain/messages/rules.py)."""
LATELY = timedelta(hours=6)


@pytest.fixture(params=["woocommerce", "shopify"])
def scene(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> Iterator[tuple[Stage, Market]]:
    """A shop whose store is empty, connected long ago, and swept a moment ago."""
    with market(Postman()) as stores, raised(servers, tmp_path, base_url=stores.woocommerce_url) as stage:
        stage.environ |= {"SHOPIFY_CLIENT_ID": SHOPIFY.client_id, "SHOPIFY_CLIENT_SECRET": SHOPIFY.client_secret}
        stage.start_web()
        stage.environ["PUBLIC_URL"] = stage.urls[0]
        stage.shop = stores.connect(stage, request.param)
        with stage.db.house() as session:
            session.execute(
                text("UPDATE shop SET is_connected = (id = :id), connected_at = now() - interval '30 days'"),
                {"id": stage.shop.id},
            )
        stores.shopify.webhooks.start()
        stage.stack.callback(stores.shopify.webhooks.stop)
        stage.start_worker()
        assert wait_until(lambda: stores.subscriptions(request.param), 60), "nobody has subscribed"
        stage.seconds_until_quiet()
        yield stage, stores


@pytest.mark.timeout(1500)
def test_f29_a_sweep_finds_what_webhooks_missed(scene: tuple[Stage, Market], record_property: Record) -> None:
    stage, stores = scene
    postman, truth, platform = stores.scene.faults, Truth(), stage.shop.platform
    assert isinstance(postman, Postman)
    postman.share = SHARE
    for number in range(SOLD):
        sell_and_send(stores, platform, number, truth)
        stores.woocommerce.deliveries.drain()
    stage.seconds_until_quiet()
    topics = stores.subscriptions(platform)
    stores.delete_subscriptions(platform)
    let_the_last_sweep_be_long_ago(stage)
    old = [sell_at(stores, platform, LONG_SINCE, number, truth) for number in range(MISSED)]
    for number in range(MISSED):
        sell_at(stores, platform, LATELY, number, truth)
    assert stage.count("SELECT count(*) FROM orders") < SOLD + 2 * MISSED
    stage.begin_new_period()
    assert wait_until(lambda: stage.count("SELECT count(*) FROM orders") >= SOLD + 2 * MISSED, 60)
    assert wait_until(lambda: stores.subscriptions(platform), 60), "nobody has subscribed again"
    numbers = truth.compare(
        stage,
        f"F29 {platform}",
        postman.dropped + 2 * MISSED,
        "orders or news missed",
        stage.seconds_until_quiet(),
    )
    record(numbers, record_property)
    assert postman.dropped
    assert stores.subscriptions(platform) == topics
    assert numbers.wrong == {}
    assert unsaid(stage) == {(str(order.id), "skipped", "stale") for order in old}


def sell_and_send(stores: Market, platform: str, number: int, truth: Truth) -> None:
    """Told as placed and as handed over, if it is told."""
    order = stores.sell(platform, number)
    stores.store(platform).send(order, "DHL", f"0034043416109{order.id % 10**7:07d}")
    truth.told(str(order.id), order.total, "thank_you", "shipped", status=OrderStatus.COMPLETED)


def sell_at(stores: Market, platform: str, ago: timedelta, number: int, truth: Truth) -> Order:
    world = stores.scene.world
    world.clock = SetClock(datetime.now(UTC) - ago)
    order = stores.sell(platform, number)
    world.clock = SystemClock()
    truth.told(str(order.id), order.total, "thank_you")
    return order


def let_the_last_sweep_be_long_ago(stage: Stage) -> None:
    """As if the house had been away as long as the subscription."""
    with stage.db.transaction(stage.shop.id) as session:
        session.execute(
            text("UPDATE sync_state SET watermark = now() - interval '5 days', deep_at = now() - interval '5 days'")
        )


def unsaid(stage: Stage) -> set[tuple[str, str, str]]:
    with stage.db.transaction(stage.shop.id) as session:
        rows = session.execute(
            text(
                "SELECT o.ref, m.state, m.reason FROM message m JOIN orders o ON o.id = m.order_id"
                " WHERE m.state NOT IN ('sent', 'uncertain')"
            )
        )
        return {(row.ref, row.state, row.reason) for row in rows}
