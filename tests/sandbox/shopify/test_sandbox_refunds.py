"""Refunds through the API: once for each key, never more than was paid, and a lost answer hides none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from app.connectors.base import Access, Ask
from app.connectors.shopify import CONNECTOR, write
from app.events import ProductFact, RefundFact, RefundIntent, Resource
from app.kernel.errors import Permanent, Uncertain
from app.kernel.http import Http
from sandbox.faults import Fault, How, Where
from sandbox.serving import Server
from sandbox.shopify.application import Platform, application
from sandbox.things import Order
from tests.sandbox.shopify.conftest import Ask as AskSandbox
from tests.sandbox.shopify.conftest import a_refund
from tests.sandbox.shops import KEYS, Fair

KEY = "4f5b6ebf-143c-4da5-8d0f-fb8553bfd85d"


@pytest.fixture
def order(fair: Fair) -> Order:
    order = fair.buy(fair.clothes)
    fair.sent(order)
    return order


def refund(ask: AskSandbox, asked: dict[str, Any], key: str = KEY) -> dict[str, Any]:
    return ask(write.REFUND, input=asked, key=key)["data"]["refundCreate"]


def effects(fair: Fair) -> list[tuple[str, int]]:
    truth: Any = fair.stage.ledger.truth()
    return [(one["key"], one["amount"]) for one in truth["effects"] if one["kind"] == "refund"]


def test_the_same_key_gives_the_first_result(fair: Fair, ask: AskSandbox, order: Order) -> None:
    first, again = refund(ask, a_refund(order, 500)), refund(ask, a_refund(order, 500))
    assert first == again
    assert first["userErrors"] == []
    assert effects(fair) == [(KEY, 500)]
    assert order.refunded == 500


def test_another_key_is_another_refund(fair: Fair, ask: AskSandbox, order: Order) -> None:
    refund(ask, a_refund(order, 500))
    refund(ask, a_refund(order, 500), "another")
    assert effects(fair) == [(KEY, 500), ("another", 500)]


def test_a_key_is_not_for_another_amount(fair: Fair, ask: AskSandbox, order: Order) -> None:
    refund(ask, a_refund(order, 500))
    refused = refund(ask, a_refund(order, 501))
    assert refused["refund"] is None
    assert "different operation parameters" in refused["userErrors"][0]["message"]
    assert effects(fair) == [(KEY, 500)]


def test_after_a_day_a_key_means_nothing_any_more(fair: Fair, ask: AskSandbox, order: Order) -> None:
    refund(ask, a_refund(order, 500))
    fair.later(hours=24)
    refund(ask, a_refund(order, 500))
    assert effects(fair) == [(KEY, 500), (KEY, 500)]


def test_keys_are_known_after_a_restart(fair: Fair, ask: AskSandbox, order: Order) -> None:
    first = refund(ask, a_refund(order, 500))
    again = application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy)
    assert again.app.test_client()
    assert refund(ask, a_refund(order, 500)) == first


def test_without_a_key_nothing_is_given_back(fair: Fair, ask: AskSandbox, order: Order) -> None:
    answer = ask(write.REFUND, input=a_refund(order, 500), key=" ")
    assert answer["data"] == {"refundCreate": None}
    assert "@idempotent" in answer["errors"][0]["message"]
    assert effects(fair) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"orderId": "gid://shopify/Order/1"},
        {"currency": "EUR"},
        {"refundLineItems": [{"lineItemId": "gid://shopify/LineItem/1", "quantity": 1}]},
        {"transactions": [{"parentId": "gid://shopify/OrderTransaction/1", "amount": "5.00"}]},
    ],
)
def test_what_does_not_belong_to_the_order_is_a_user_error(
    fair: Fair, ask: AskSandbox, order: Order, changes: dict[str, Any]
) -> None:
    refused = refund(ask, a_refund(order, 500, **changes))
    assert refused["refund"] is None
    assert refused["userErrors"][0]["field"][0] == "input"
    assert effects(fair) == []


def test_neither_money_nor_pieces_go_back_twice(fair: Fair, ask: AskSandbox, order: Order) -> None:
    assert refund(ask, a_refund(order, order.total + 1))["userErrors"]
    line = {"lineItemId": f"gid://shopify/LineItem/{order.lines[0].id}", "quantity": 3}
    assert refund(ask, a_refund(order, 500, refundLineItems=[line]))["userErrors"]
    shelf = {**line, "quantity": 1, "restockType": "RETURN"}
    assert refund(ask, a_refund(order, 500, refundLineItems=[shelf]))["userErrors"], "no place is named"
    assert effects(fair) == []


# --- the connector against it -----------------------------------------------------------------------------------------


@pytest.fixture
def access(fair: Fair, platform: Platform) -> Iterator[Access]:
    server = Server().start(platform.app)
    yield Access(base_url=server.url, secrets={"access_token": KEYS.access_token})
    server.stop()


@pytest.fixture
def http() -> Http:
    return Http(allow_private_addresses=True)


def intent(order: Order, amount: int = 500, **changes: Any) -> RefundIntent:
    asked = RefundIntent(key=KEY, order_ref=str(order.id), amount=amount, currency=order.currency)
    return replace(asked, **changes)


def test_money_goes_back_and_is_pulled_as_a_refund(fair: Fair, access: Access, http: Http, order: Order) -> None:
    line = order.lines[0]
    stock = fair.clothes.variant(line.variant_id)[1].stock
    wish = intent(order, items=((str(line.id), 1),), restock=True)
    assert CONNECTOR.find(access, http, wish) is None
    done = CONNECTOR.write(access, http, wish)
    assert CONNECTOR.find(access, http, wish) == done
    page = CONNECTOR.pull(access, http, Ask(refs=(str(order.id),)))
    (told,) = [fact for fact in page.facts if isinstance(fact, RefundFact)]
    assert (told.ref, told.amount, told.items) == (done.ref, 500, ((str(line.id), 1),))
    assert fair.clothes.variant(line.variant_id)[1].stock == stock + 1


def test_an_answer_that_is_lost_hides_no_refund(fair: Fair, access: Access, http: Http, order: Order) -> None:
    fair.stage.faults.add([Fault(where=Where.HTTP, how=How.LOST, target="shopify", path="#Refund#")])
    with pytest.raises(Uncertain):
        CONNECTOR.write(access, http, intent(order))
    assert effects(fair) == [(KEY, 500)], "it was done all the same"
    found = CONNECTOR.find(access, http, intent(order))
    assert found is not None
    assert CONNECTOR.write(access, http, intent(order)) == found
    assert effects(fair) == [(KEY, 500)]


def test_more_than_was_paid_never_leaves_the_house(fair: Fair, access: Access, http: Http, order: Order) -> None:
    CONNECTOR.write(access, http, intent(order, order.total - 100))
    with pytest.raises(Permanent) as refused:
        CONNECTOR.write(access, http, intent(order, 101, key="another"))
    assert refused.value.code == "too_much"
    CONNECTOR.write(access, http, intent(order, 100, key="another"))
    assert sum(amount for _, amount in effects(fair)) == order.total


def test_everything_a_store_holds_is_pulled(fair: Fair, access: Access, http: Http, order: Order) -> None:
    for resource, count in (
        (Resource.PRODUCTS, len(fair.clothes.products)),
        (Resource.CUSTOMERS, len(fair.clothes.accounts)),
        (Resource.DISCOUNTS, len(fair.clothes.coupons)),
        (Resource.ORDERS, 1),
    ):
        refs: set[str] = set()
        page = CONNECTOR.pull(access, http, Ask(resource=resource))
        assert page.total == count
        assert page.answered_at == fair.clock.at
        while True:
            refs |= {fact.ref for fact in page.facts if not isinstance(fact, RefundFact) and hasattr(fact, "ref")}
            if not page.cursor:
                break
            page = CONNECTOR.pull(access, http, Ask(resource=resource, cursor=page.cursor))
        assert len(refs) >= count, resource


def test_a_product_is_pulled_as_it_is_sold(fair: Fair, access: Access, http: Http) -> None:
    product = next(iter(fair.clothes.products.values()))
    (fact,) = CONNECTOR.pull(access, http, Ask(resource=Resource.PRODUCTS, refs=(str(product.id),))).facts
    assert isinstance(fact, ProductFact)
    assert (fact.title, fact.is_listed, fact.kind) == (product.title, True, product.kind)
    assert [one.stock for one in fact.variants] == [one.stock for one in product.variants]
    assert [one.ref for one in fact.variants] == [str(one.id) for one in product.variants]
