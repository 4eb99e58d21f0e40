"""Deliveries: signed and named as documented, repeated as they were, given up after the eighth repetition."""

from __future__ import annotations

import time
from collections.abc import Iterator

import orjson
import pytest

from app.connectors.base import Inbound
from app.connectors.shopify import CONNECTOR, subscribe
from sandbox.faults import Fault, How, Where
from sandbox.shopify.application import Platform, application
from sandbox.shopify.webhooks import RETRIES
from tests.sandbox.receiver import Got, Receiver, receiver
from tests.sandbox.shopify.conftest import Ask
from tests.sandbox.shops import KEYS, Fair


@pytest.fixture
def app() -> Iterator[Receiver]:
    with receiver() as state:
        yield state


@pytest.fixture
def telling(platform: Platform, app: Receiver, ask: Ask) -> Iterator[Receiver]:
    """The store delivers what the connector asks for of orders, parcels and refunds."""
    for topic in (topic for topic in subscribe.TOPICS if topic.startswith(("ORDERS", "FULFILLMENT", "REFUNDS"))):
        assert ask(subscribe.SUBSCRIBE, topic=topic, uri=f"{app.url}/hooks/shopify")
    platform.webhooks.start()
    yield app
    platform.webhooks.stop()


def topics(got: list[Got]) -> list[str]:
    return sorted(one.headers["x-shopify-topic"] for one in got)


def test_a_delivery_is_signed_and_says_what_it_is(fair: Fair, telling: Receiver) -> None:
    order = fair.buy(fair.clothes)
    one = next(got for got in telling.wait_for(2) if got.headers["x-shopify-topic"] == "orders/create")
    assert orjson.loads(one.body)["id"] == order.id
    assert one.path == "/hooks/shopify"
    assert one.headers["x-shopify-shop-domain"] == KEYS.domain
    assert one.headers["x-shopify-api-version"] == "2026-10"
    assert one.headers["x-shopify-triggered-at"] == "2026-11-24T10:00:00.000000Z"
    assert one.headers["content-type"] == "application/json"
    inbound = Inbound(body=one.body, headers=one.headers)
    CONNECTOR.verify(inbound, [KEYS.client_secret.encode()])
    claim = CONNECTOR.claim(inbound)
    assert claim is not None
    assert (claim.shop, claim.topic) == (KEYS.domain, "orders/create")


def test_what_one_action_causes_shares_its_event_and_nothing_else(fair: Fair, telling: Receiver) -> None:
    fair.buy(fair.clothes)
    first = telling.wait_for(2)
    assert topics(first) == ["orders/create", "orders/updated"]
    assert len({got.headers["x-shopify-event-id"] for got in first}) == 1
    assert len({got.headers["x-shopify-webhook-id"] for got in first}) == 2
    fair.buy(fair.clothes)
    assert len({got.headers["x-shopify-event-id"] for got in telling.wait_for(4)}) == 2


def test_a_parcels_way_is_told(fair: Fair, telling: Receiver) -> None:
    order = fair.buy(fair.clothes)
    telling.wait_for(2)
    fair.sent(order)
    told = topics(telling.wait_for(10)[2:])
    assert told == ["fulfillment_events/create"] * 3 + ["fulfillments/create"] + ["fulfillments/update"] * 3 + [
        "orders/updated"
    ]


def test_money_that_goes_back_is_told(fair: Fair, telling: Receiver) -> None:
    order = fair.buy(fair.clothes)
    telling.wait_for(2)
    fair.clothes.refund(order, 500)
    assert topics(telling.wait_for(4)[2:]) == ["orders/updated", "refunds/create"]


def test_what_the_shop_sells_and_to_whom_is_told(fair: Fair, platform: Platform, app: Receiver, ask: Ask) -> None:
    for topic in (topic for topic in subscribe.TOPICS if topic.startswith(("PRODUCTS", "CUSTOMERS", "DISCOUNTS"))):
        ask(subscribe.SUBSCRIBE, topic=topic, uri=f"{app.url}/hooks/shopify")
    platform.webhooks.start()
    store = fair.clothes
    product, coupon = next(iter(store.products.values())), next(iter(store.coupons.values()))
    store.change_thing(product)
    store.remove_thing(next(iter(store.accounts.values())))
    store.bin_thing(coupon)
    assert topics(app.wait_for(3)) == ["customers/delete", "discounts/delete", "products/update"]
    platform.webhooks.stop()


def test_a_delivery_that_failed_comes_again_as_it_was(fair: Fair, telling: Receiver) -> None:
    telling.status = lambda got: 503 if got.headers["x-shopify-topic"] == "orders/create" else 200
    order = fair.buy(fair.clothes)
    telling.wait_for(2)
    telling.status = lambda _: 200
    fair.clothes.touch(order)
    settle(telling, 3)
    fair.later(seconds=57)
    again = telling.wait_for(4)[3]
    first = next(got for got in telling.got if got.headers["x-shopify-topic"] == "orders/create")
    assert again == first


def test_a_redirect_is_a_failure(fair: Fair, telling: Receiver) -> None:
    telling.status, telling.headers = lambda _: 302, {"Location": f"{telling.url}/elsewhere"}
    fair.buy(fair.clothes)
    settle(telling, 2)
    fair.later(seconds=57)
    assert {got.path for got in telling.wait_for(4)} == {"/hooks/shopify"}


def test_after_eight_repetitions_the_subscription_is_gone(fair: Fair, telling: Receiver, ask: Ask) -> None:
    telling.status = lambda got: 500 if got.headers["x-shopify-topic"] == "orders/create" else 200
    fair.buy(fair.clothes)
    for repetition in range(1, RETRIES + 1):
        settle(telling, 1 + repetition)
        fair.later(seconds=57 * 2 ** (repetition - 1))
    settle(telling, 2 + RETRIES)
    left = [one["topic"] for one in ask(subscribe.SUBSCRIPTIONS)["data"]["webhookSubscriptions"]["nodes"]]
    assert "ORDERS_CREATE" not in left
    assert "ORDERS_UPDATED" in left
    assert sum(got.headers["x-shopify-topic"] == "orders/create" for got in telling.got) == 1 + RETRIES


def test_what_is_still_owed_survives_a_restart(fair: Fair, platform: Platform, app: Receiver, ask: Ask) -> None:
    ask(subscribe.SUBSCRIBE, topic="ORDERS_CREATE", uri=f"{app.url}/hooks/shopify")
    fair.buy(fair.clothes)
    assert app.got == []  # nobody delivers yet
    fair.clothes.listeners.clear()
    again = application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy)
    again.webhooks.start()
    assert topics(app.wait_for(1)) == ["orders/create"]
    again.webhooks.stop()


def test_the_ledger_counts_what_was_sent_and_taken(fair: Fair, telling: Receiver) -> None:
    telling.status = lambda got: 500 if got.headers["x-shopify-topic"] == "orders/create" else 200
    fair.buy(fair.clothes)
    settle(telling, 2)
    told = fair.stage.ledger.truth()["webhooks"]
    assert told["by_store"]["shopify"] == {"emitted": 2, "acknowledged": 1}  # type: ignore[index]


@pytest.mark.parametrize(("how", "deliveries"), [(How.DROP, 1), (How.DUPLICATE, 3), (How.DELAY, 2)])
def test_faults_lose_double_and_delay(fair: Fair, telling: Receiver, how: How, deliveries: int) -> None:
    fair.stage.faults.add([Fault(where=Where.WEBHOOK, how=how, target="shopify", path="orders/create", seconds=0.1)])
    fair.buy(fair.clothes)
    telling.wait_for(deliveries)
    time.sleep(0.15)
    assert len(telling.got) == deliveries
    assert len({got.headers["x-shopify-webhook-id"] for got in telling.got}) == min(deliveries, 2)


def test_a_store_that_misses_the_answer_sends_again(fair: Fair, telling: Receiver) -> None:
    fault = Fault(where=Where.WEBHOOK, how=How.STATUS, target="shopify", path="orders/create", status=504)
    fair.stage.faults.add([fault])
    fair.buy(fair.clothes)
    settle(telling, 2)
    fair.later(seconds=57)
    assert topics(telling.wait_for(3)) == ["orders/create", "orders/create", "orders/updated"]


def settle(app: Receiver, count: int) -> None:
    """Wait until that much has come, and the store has noted the answers."""
    assert len(app.wait_for(count)) == count
    time.sleep(0.1)
