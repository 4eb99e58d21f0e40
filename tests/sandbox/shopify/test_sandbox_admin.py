"""The Admin API as an app meets it: its answers, its pages, and the ways in which it says no."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from graphql import parse, print_ast

from app.connectors.shopify import customers, discounts, products, subscribe, write
from app.connectors.shopify import orders as pulled
from app.connectors.shopify.client import DOCUMENTS, PATH, Operation
from app.connectors.shopify.profile import LANGUAGES, POLICIES, SHOP
from sandbox.faults import Fault, How, Where
from sandbox.shopify.application import Platform, application
from sandbox.world import OrderState, ScanStatus
from tests.sandbox.shopify.conftest import Ask
from tests.sandbox.shops import KEYS, TEN, Fair

TOKEN = {"X-Shopify-Access-Token": KEYS.access_token}
URI = "http://127.0.0.1:9/hooks/shopify"


def code_of(answer: dict[str, Any]) -> str:
    (error,) = answer["errors"]
    return error["extensions"]["code"]


def orders_in(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [edge["node"] for edge in answer["data"]["orders"]["edges"]]


# --- who may ask, and what --------------------------------------------------------------------------------------------


def test_a_wrong_token_is_401(platform: Platform) -> None:
    answer = platform.app.test_client().post(PATH, json={"query": "{ shop }"}, headers={"X-Shopify-Access-Token": "x"})
    assert answer.status_code == 401
    assert "Invalid API key or access token" in answer.get_json()["errors"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"query": 7}'])
def test_a_body_without_a_query_is_400(platform: Platform, body: bytes) -> None:
    assert platform.app.test_client().post(PATH, data=body, headers=TOKEN).status_code == 400


@pytest.mark.parametrize(("query", "code"), [("{ shop { name } }", "UNKNOWN_DOCUMENT"), ("{ shop {", "PARSE_ERROR")])
def test_only_the_connectors_documents_are_run(platform: Platform, query: str, code: str) -> None:
    answer = platform.app.test_client().post(PATH, json={"query": query}, headers=TOKEN)
    assert (answer.status_code, code_of(answer.get_json())) == (200, code)


def test_a_documents_layout_does_not_matter(platform: Platform) -> None:
    query = print_ast(parse(DOCUMENTS["shop"]))
    body = {"query": query, "operationName": "Shop"}
    answer = platform.app.test_client().post(PATH, json=body, headers=TOKEN)
    assert answer.get_json()["data"]["shop"]["myshopifyDomain"] == KEYS.domain


def test_answers_are_dated_by_the_stores_own_clock(platform: Platform) -> None:
    answer = platform.app.test_client().post(PATH, json={"query": "{"}, headers=TOKEN)
    assert answer.date == TEN


@pytest.mark.parametrize(
    ("missing", "operation", "variables"),
    [
        ("read_orders", pulled.ORDERS, {"first": 2}),
        ("read_orders", pulled.ORDERS_BY_IDS, {"ids": ["gid://shopify/Order/1"]}),
        ("read_products", products.PRODUCTS, {"first": 2}),
        ("read_products", products.PRODUCTS_BY_IDS, {"ids": ["gid://shopify/Product/1"]}),
        ("read_customers", customers.CUSTOMERS, {"first": 2}),
        ("read_customers", customers.CUSTOMERS_COUNT, {}),
        ("read_discounts", discounts.DISCOUNTS, {"first": 2}),
        ("read_legal_policies", POLICIES, {}),
        ("write_orders", write.REFUND, {"input": {"orderId": "gid://shopify/Order/1"}, "key": "k"}),
        ("read_locales", LANGUAGES, {}),
    ],
)
def test_a_field_beyond_the_granted_scopes_is_null_and_says_which(
    fair: Fair, missing: str, operation: Operation, variables: dict[str, Any]
) -> None:
    keys = replace(KEYS, scopes=KEYS.scopes - {missing, missing.replace("read_", "write_")})
    client = application(fair.stage, fair.clothes, keys, "http://shop.test", fair.buy).app.test_client()
    body = {"query": DOCUMENTS[operation.document], "operationName": operation.name, "variables": variables}
    answer = client.post(PATH, json=body, headers=TOKEN).get_json()
    assert code_of(answer) == "ACCESS_DENIED"
    assert missing in answer["errors"][0]["extensions"]["requiredAccess"]
    assert nothing(answer["data"])


def nothing(data: Any) -> bool:
    """A field that fails is null; what holds it is not, where the store leaves that to the schema's own rules."""
    return data is None or (isinstance(data, dict) and all(nothing(value) for value in data.values()))


# --- cost -------------------------------------------------------------------------------------------------------------


def test_every_answer_bears_its_bill(fair: Fair, ask: Ask) -> None:
    fair.buy(fair.clothes)
    cost = ask(pulled.ORDERS, first=5)["extensions"]["cost"]
    assert cost["requestedQueryCost"] > cost["actualQueryCost"] > 0
    bucket = cost["throttleStatus"]
    assert (bucket["maximumAvailable"], bucket["restoreRate"]) == (2000, 100)
    assert bucket["currentlyAvailable"] >= 2000 - cost["actualQueryCost"]


def test_an_empty_bucket_is_a_200_that_says_throttled(platform: Platform, ask: Ask) -> None:
    assert platform.bucket.take(1999)
    answer = ask(pulled.ORDERS, first=5)
    assert code_of(answer) == "THROTTLED"
    assert "data" not in answer
    assert answer["extensions"]["cost"]["actualQueryCost"] is None


def test_no_query_may_cost_more_than_a_thousand_points(ask: Ask) -> None:
    answer = ask(pulled.ORDERS, first=200)
    assert code_of(answer) == "MAX_COST_EXCEEDED"
    assert answer["errors"][0]["extensions"]["maxCost"] == 1000


# --- orders -----------------------------------------------------------------------------------------------------------


def test_an_order_is_shown_whole(fair: Fair, ask: Ask) -> None:
    order = fair.buy(fair.clothes)
    fair.sent(order)
    (shown,) = orders_in(ask(pulled.ORDERS, first=5))
    assert shown["id"] == f"gid://shopify/Order/{order.id}"
    assert order.id > 2**53
    assert (shown["name"], shown["customerLocale"], shown["currencyCode"]) == ("#1001", "de", "GBP")
    assert shown["totalPriceSet"]["shopMoney"]["amount"] == "358.90"
    assert (shown["displayFinancialStatus"], shown["displayFulfillmentStatus"]) == ("PAID", "FULFILLED")
    assert shown["displayAddress"]["countryCodeV2"] == "DE"
    assert [line["quantity"] for line in shown["lineItems"]["nodes"]] == [2, 1]
    (parcel,) = shown["fulfillments"]
    assert parcel["trackingInfo"] == [
        {"company": "DHL", "number": "00340434161095000012", "url": "http://127.0.0.1:8/track/00340434161095000012"}
    ]
    statuses = [event["status"] for event in parcel["events"]["nodes"]]
    assert statuses == ["DELIVERED", "IN_TRANSIT", "CARRIER_PICKED_UP"]
    assert parcel["displayStatus"] == "DELIVERED"


def test_a_codes_discount_is_allocated_to_the_lines(fair: Fair, ask: Ask) -> None:
    order = fair.an_order_with_a_coupon()
    (shown,) = orders_in(ask(pulled.ORDERS, first=5))
    (line,) = shown["lineItems"]["nodes"]
    assert line["originalUnitPriceSet"]["shopMoney"]["amount"] == "96.00"
    assert line["discountAllocations"] == [{"allocatedAmountSet": {"shopMoney": {"amount": "9.60"}}}]
    assert shown["subtotalPriceSet"]["shopMoney"]["amount"] == "86.40"
    assert order.subtotal == 8640


def test_the_platform_follows_no_parcel_without_a_number(fair: Fair, ask: Ask) -> None:
    fair.sent(fair.buy(fair.clothes), number="")
    (parcel,) = orders_in(ask(pulled.ORDERS, first=5))[0]["fulfillments"]
    assert parcel["events"]["nodes"] == []
    assert parcel["displayStatus"] == "FULFILLED"
    assert parcel["trackingInfo"] == [{"company": "DHL", "number": None, "url": None}]


@pytest.mark.parametrize(
    ("is_paid", "cancels", "refunds", "status"),
    [
        (True, False, False, "PAID"),
        (False, False, False, "PENDING"),
        (False, True, False, "VOIDED"),
        (True, True, False, "REFUNDED"),
        (True, False, True, "PARTIALLY_REFUNDED"),
    ],
)
def test_what_was_paid_has_the_platforms_word(
    fair: Fair, ask: Ask, *, is_paid: bool, cancels: bool, refunds: bool, status: str
) -> None:
    order = fair.buy(fair.clothes)
    order.paid_at = order.paid_at if is_paid else None
    if cancels:
        fair.clothes.cancel(order)
    if refunds:
        fair.clothes.refund(order, 100)
    (shown,) = orders_in(ask(pulled.ORDERS, first=1))
    assert shown["displayFinancialStatus"] == status
    assert (shown["cancelledAt"] is not None) == cancels


def test_pages_lead_through_all_orders_though_one_changes_meanwhile(fair: Fair, ask: Ask) -> None:
    orders = []
    for _ in range(7):
        orders.append(fair.buy(fair.clothes))
        fair.later(minutes=1)
    seen: list[str] = []
    cursor = None
    while True:
        page = ask(pulled.ORDERS, first=3, after=cursor)["data"]["orders"]
        seen += [edge["node"]["name"] for edge in page["edges"]]
        if cursor is None:
            fair.clothes.touch(orders[5])  # moves behind the last page
        cursor = page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == ["#1001", "#1002", "#1003", "#1004", "#1005", "#1007", "#1006"]


def test_a_search_finds_what_changed_since(fair: Fair, ask: Ask) -> None:
    first = fair.buy(fair.clothes)
    fair.later(hours=1)
    fair.buy(fair.clothes)
    fair.later(hours=1)
    fair.clothes.touch(first)

    def found(query: str) -> list[str]:
        return [order["name"] for order in orders_in(ask(pulled.ORDERS, first=5, query=query))]

    assert found("updated_at:>='2026-11-24T11:00:00Z'") == ["#1002", "#1001"]
    assert found("updated_at:>2026-11-24T11:00:00Z") == ["#1001"]
    assert found("created_at:<'2026-11-24T11:00:00Z' AND updated_at:>='2026-11-24T12:00:00Z'") == ["#1001"]
    assert found("") == ["#1002", "#1001"]


@pytest.mark.parametrize("query", ["nonsense:1", "updated_at:>=yesterday", "just words"])
def test_a_search_that_the_sandbox_does_not_know_is_an_error(ask: Ask, query: str) -> None:
    assert code_of(ask(pulled.ORDERS, first=5, query=query)) == "BAD_REQUEST"


def test_ids_answer_in_their_order_and_null_where_there_is_nothing(fair: Fair, ask: Ask) -> None:
    one, two = fair.buy(fair.clothes), fair.buy(fair.clothes)
    gone = fair.buy(fair.clothes)
    fair.clothes.remove(gone)
    ids = [f"gid://shopify/Order/{order.id}" for order in (two, gone, one)]
    nodes = ask(pulled.ORDERS_BY_IDS, ids=ids)["data"]["nodes"]
    assert [node and node["name"] for node in nodes] == ["#1002", None, "#1001"]


def test_open_checkouts_are_no_orders(fair: Fair, ask: Ask) -> None:
    fair.buy(fair.clothes).status = OrderState.DRAFT
    assert orders_in(ask(pulled.ORDERS, first=5)) == []
    assert ask(pulled.ORDERS_COUNT)["data"]["ordersCount"] == {"count": 0, "precision": "EXACT"}


def test_a_parcel_is_found_by_its_id(fair: Fair, ask: Ask) -> None:
    order = fair.buy(fair.clothes)
    parcel = fair.clothes.send(order, "DHL", "00340434161095000012")
    for minute in range(12):
        fair.clothes.scan(order, parcel, ScanStatus.IN_TRANSIT, fair.clock.at.replace(minute=minute), "Ely")
    shown = ask(pulled.WHOLE_PARCEL, parcel=f"gid://shopify/Fulfillment/{parcel.id}")["data"]["fulfillment"]
    assert len(shown["events"]["nodes"]) == 12
    assert ask(pulled.WHOLE_PARCEL, parcel="gid://shopify/Fulfillment/1")["data"]["fulfillment"] is None
    assert ask(pulled.ORDER_PARCELS, order=f"gid://shopify/Fulfillment/{parcel.id}")["data"]["order"] is None


# --- webhook subscriptions --------------------------------------------------------------------------------------------


def test_a_subscription_is_made_once_listed_and_deleted(ask: Ask) -> None:
    made = ask(subscribe.SUBSCRIBE, topic="ORDERS_CREATE", uri=URI)["data"]["webhookSubscriptionCreate"]
    assert made["userErrors"] == []
    again = ask(subscribe.SUBSCRIBE, topic="ORDERS_CREATE", uri=URI)["data"]["webhookSubscriptionCreate"]
    assert again["webhookSubscription"] is None
    assert "already been taken" in again["userErrors"][0]["message"]
    listed = ask(subscribe.SUBSCRIPTIONS)["data"]["webhookSubscriptions"]["nodes"]
    assert listed == [{"id": made["webhookSubscription"]["id"], "topic": "ORDERS_CREATE", "uri": URI}]
    gone = ask(subscribe.UNSUBSCRIBE, id=listed[0]["id"])["data"]["webhookSubscriptionDelete"]
    assert gone == {"deletedWebhookSubscriptionId": listed[0]["id"], "userErrors": []}
    gone = ask(subscribe.UNSUBSCRIBE, id=listed[0]["id"])["data"]["webhookSubscriptionDelete"]
    assert gone["deletedWebhookSubscriptionId"] is None
    assert gone["userErrors"]


def test_an_address_that_is_none_is_a_user_error(ask: Ask) -> None:
    refused = ask(subscribe.SUBSCRIBE, topic="ORDERS_CREATE", uri="nowhere")["data"]["webhookSubscriptionCreate"]
    assert refused["userErrors"] == [{"field": ["webhookSubscription", "uri"], "message": "Address is invalid"}]


def test_a_topic_beyond_the_scopes_is_a_user_error(fair: Fair) -> None:
    keys = replace(KEYS, scopes=frozenset({"read_orders"}))
    client = application(fair.stage, fair.clothes, keys, "http://shop.test", fair.buy).app.test_client()
    variables = {"topic": "FULFILLMENT_EVENTS_CREATE", "uri": URI}
    body = {"query": DOCUMENTS["webhooks"], "operationName": "Subscribe", "variables": variables}
    made = client.post(PATH, json=body, headers=TOKEN).get_json()["data"]["webhookSubscriptionCreate"]
    assert "permission" in made["userErrors"][0]["message"]


# --- faults -----------------------------------------------------------------------------------------------------------


def test_the_store_fails_on_request_and_only_as_often(fair: Fair, platform: Platform, ask: Ask) -> None:
    fault = Fault(where=Where.HTTP, how=How.STATUS, target="shopify", status=429, retry_after=2)
    fair.stage.faults.add([fault])
    answer = platform.app.test_client().post(PATH, json={"query": "{"}, headers=TOKEN)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "2")
    assert ask(SHOP)["data"]["shop"]["name"] == "morrow & fen"


def test_a_page_in_place_of_json_is_a_200(fair: Fair, platform: Platform) -> None:
    fair.stage.faults.add([Fault(where=Where.HTTP, how=How.HTML, target="shopify")])
    answer = platform.app.test_client().post(PATH, json={"query": "{"}, headers=TOKEN)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
