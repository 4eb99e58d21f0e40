"""What comes twice is kept once, and what only looks alike is kept twice."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.kernel.runtime import Runtime
from tests.faults.numbers import NOT_SENT, Numbers, record
from tests.faults.stage import Stage
from tests.faults.truth import Truth, deliveries, post_until_acknowledged
from tests.jobs.test_bad_input import PLATFORMS, Store, headers_for, order_body
from tests.trials import SAME, TOGETHER

Record = Callable[[str, object], None]


def test_f16_one_delivery_posted_again_and_again_is_one_order_and_one_letter(
    stage: Stage, record_property: Record
) -> None:
    stage.start_web()
    stage.start_worker()
    (delivery,), truth = deliveries(1)[:1], Truth()
    with ThreadPoolExecutor(TOGETHER) as pool:
        tries = list(pool.map(lambda _: post_until_acknowledged([stage.hook()], delivery), range(SAME)))
    truth.told(delivery.ref, delivery.total, "thank_you")
    record(truth.compare(stage, "F16", SAME, "posts", stage.seconds_until_quiet()), record_property)
    assert truth.compare(stage, "F16", SAME, "posts").wrong == {}
    assert set(tries) == {1}, "one of them was not acknowledged at once"
    assert stage.count("SELECT count(*) FROM inbox") == 1
    assert sum(stage.mailbox.accepted.values()) == 1


@pytest.mark.parametrize("platform", PLATFORMS)
def test_one_delivery_told_many_times_at_once_is_one_row_and_one_job(runtime: Runtime, platform: str) -> None:
    store = Store(runtime, platform)
    body = order_body(platform)
    with ThreadPoolExecutor(TOGETHER) as pool:
        statuses = Counter(pool.map(lambda _: store.send(body), range(SAME)))
    with runtime.db.transaction(store.shop.id) as session:
        rows, jobs = (session.scalar(text(f"SELECT count(*) FROM {table}")) for table in ("inbox", "outbox"))  # noqa: S608
    assert (rows, jobs) == (1, 1)
    assert statuses == {200: SAME}
    assert store.kept() == [("applied", "")]


def test_f18_two_orders_of_one_second_share_a_delivery_id_and_both_are_kept(
    runtime: Runtime, record_property: Record
) -> None:
    store = Store(runtime, "woocommerce")
    for number in (1, 2):
        assert store.send(order_body("woocommerce", id=number)) == 200
    assert store.kept() == [("applied", ""), ("applied", "")]
    lost = 2 - store.orders()
    record(Numbers(fault="F18", trials=2, unit="orders", orders_lost=lost, **NOT_SENT), record_property)
    assert lost == 0


def test_a_second_deletion_of_an_order_is_no_duplicate_of_the_first(runtime: Runtime) -> None:
    store = Store(runtime, "woocommerce")
    body = json.dumps({"id": 7}).encode()
    for delivery_id in ("a", "b"):
        headers = {**headers_for("woocommerce", body, "order.deleted"), "X-WC-Webhook-Delivery-ID": delivery_id}
        assert store.send(body, **headers) == 200
    assert store.kept() == [("applied", ""), ("applied", "")]
