"""What comes twice is kept once, and what only looks alike is kept twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.kernel.runtime import Runtime
from tests.conftest import TRIALS
from tests.jobs.test_bad_input import PLATFORMS, Store, headers_for, order_body
from tests.trials import SAME, TOGETHER


@pytest.mark.parametrize("platform", PLATFORMS)
def test_one_delivery_told_a_hundred_times_at_once_is_one_row_and_one_job(
    runtime: Runtime, platform: str, record_property: Callable[[str, object], None]
) -> None:
    store = Store(runtime, platform)
    body = order_body(platform)
    with ThreadPoolExecutor(TOGETHER) as pool:
        statuses = Counter(pool.map(lambda _: store.send(body), range(SAME)))
    with runtime.db.transaction(store.shop.id) as session:
        rows, jobs = (session.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("inbox", "outbox"))  # noqa: S608
    assert (rows, jobs) == (1, 1)
    assert statuses == {200: SAME}
    assert store.kept() == [("applied", "")]
    record_property(TRIALS, f"duplicated 0, lost 0 in {SAME} posts of one {platform} delivery, {TOGETHER} at once")


def test_two_orders_of_one_second_share_a_delivery_id_and_both_are_kept(runtime: Runtime) -> None:
    store = Store(runtime, "woocommerce")
    for number in (1, 2):
        assert store.send(order_body("woocommerce", id=number)) == 200
    assert store.kept() == [("applied", ""), ("applied", "")]
    assert store.orders() == 2


def test_a_second_deletion_of_an_order_is_no_duplicate_of_the_first(runtime: Runtime) -> None:
    store = Store(runtime, "woocommerce")
    body = json.dumps({"id": 7}).encode()
    for delivery_id in ("a", "b"):
        headers = {**headers_for("woocommerce", body, "order.deleted"), "X-WC-Webhook-Delivery-ID": delivery_id}
        assert store.send(body, **headers) == 200
    assert store.kept() == [("applied", ""), ("applied", "")]
