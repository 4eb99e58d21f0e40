"""What a delivery claims, and what it means."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from app.connectors.base import Inbound, Parsed
from app.connectors.shopify import CONNECTOR
from app.events import (
    Gone,
    OrderFact,
    RefundFact,
    Resource,
    ScanFact,
    ShipmentFact,
    ShipmentStatus,
    Source,
    Stale,
)
from app.kernel.errors import Permanent
from tests.connectors.shopify.samples import raw, read

ORDER_TOPICS = ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")

HEADERS = {
    "x-shopify-topic": "orders/create",
    "x-shopify-shop-domain": "morrow-and-fen.myshopify.com",
    "x-shopify-webhook-id": "w-1",
    "x-shopify-event-id": "e-1",
    "x-shopify-triggered-at": "2026-11-20T09:15:05.123456789Z",
    "x-shopify-api-version": "2026-10",
}


def said(**changes: str) -> Inbound:
    headers = {**HEADERS, **{f"x-shopify-{name.replace('_', '-')}": value for name, value in changes.items()}}
    return Inbound(headers={name: value for name, value in headers.items() if value})


def test_a_delivery_names_its_shop_topic_event_and_time() -> None:
    claim = CONNECTOR.claim(said(triggered_at="2026-11-20T09:15:05Z"))
    assert claim
    assert (claim.shop, claim.topic, claim.event_id) == ("morrow-and-fen.myshopify.com", "orders/create", "e-1")
    assert claim.triggered_at == datetime(2026, 11, 20, 9, 15, 5, tzinfo=UTC)


def test_the_newer_family_of_headers_says_the_same() -> None:
    bare = Inbound(headers={name.removeprefix("x-").title(): value for name, value in HEADERS.items()})
    assert CONNECTOR.claim(bare) == CONNECTOR.claim(said())


def test_nanoseconds_are_a_time_too() -> None:
    claim = CONNECTOR.claim(said())
    assert claim
    assert claim.triggered_at
    assert claim.triggered_at.second == 5


def test_a_delivery_without_an_event_id_is_known_by_its_own() -> None:
    claim = CONNECTOR.claim(said(event_id="", triggered_at="yesterday"))
    assert claim
    assert (claim.event_id, claim.triggered_at) == ("w-1", None)


def test_a_shop_is_the_same_however_its_domain_is_spelt() -> None:
    claim = CONNECTOR.claim(said(shop_domain="Morrow-And-Fen.MyShopify.com"))
    assert claim
    assert claim.shop == "morrow-and-fen.myshopify.com"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"topic": ""}, "headers_missing"),
        ({"shop_domain": ""}, "headers_missing"),
        ({"shop_domain": "evil.example/.myshopify.com"}, "bad_shop_domain"),
        ({"shop_domain": "evil.example"}, "bad_shop_domain"),
        ({"shop_domain": "a.myshopify.com.evil.example"}, "bad_shop_domain"),
        ({"shop_domain": "-a.myshopify.com"}, "bad_shop_domain"),
    ],
)
def test_what_no_store_can_have_sent_is_refused(changes: dict[str, str], code: str) -> None:
    with pytest.raises(Permanent) as refused:
        CONNECTOR.claim(said(**changes))
    assert refused.value.code == code


@pytest.mark.parametrize("topic", [f"orders/{name}" for name in ORDER_TOPICS])
def test_every_topic_that_carries_an_order_brings_it_and_its_parcels(topic: str) -> None:
    facts = CONNECTOR.parse(topic, raw("orders__updated")).facts
    assert [type(fact) for fact in facts] == [OrderFact, ShipmentFact]


@pytest.mark.parametrize("topic", ["fulfillments/create", "fulfillments/update"])
def test_a_fulfilment_brings_its_parcel_alone(topic: str) -> None:
    (parcel,) = CONNECTOR.parse(topic, raw("fulfillments__create")).facts
    assert isinstance(parcel, ShipmentFact)
    assert (parcel.order_ref, parcel.ref) == ("6012340000000001", "5412340000000051")


def test_an_event_of_a_fulfilment_is_a_scan() -> None:
    (scan,) = CONNECTOR.parse("fulfillment_events/create", raw("fulfillment_events__create")).facts
    assert scan == ScanFact(
        status=ShipmentStatus.IN_TRANSIT,
        occurred_at=datetime(2026, 11, 22, 7, 38, tzinfo=UTC),
        source=Source.WEBHOOK,
        order_ref="6012340000000001",
        shipment_ref="5412340000000051",
        place="Leipzig",
        expected_until=datetime(2026, 11, 24, tzinfo=UTC).date(),
    )


@pytest.mark.parametrize("topic", ["orders/edited", "orders/delete"])
def test_a_topic_that_tells_too_little_has_its_order_pulled(topic: str) -> None:
    parsed = CONNECTOR.parse(topic, raw(topic.replace("/", "__")))
    assert parsed.facts == (Stale(ref="6012340000000001"),)


@pytest.mark.parametrize(
    ("topic", "resource"),
    [
        ("products/create", Resource.PRODUCTS),
        ("products/update", Resource.PRODUCTS),
        ("products/delete", Resource.PRODUCTS),
        ("customers/create", Resource.CUSTOMERS),
        ("customers/update", Resource.CUSTOMERS),
        ("customers/delete", Resource.CUSTOMERS),
    ],
)
def test_a_thing_of_which_too_little_is_told_is_named(topic: str, resource: Resource) -> None:
    assert CONNECTOR.parse(topic, b'{"id": 12}').facts == (Stale(ref="12", resource=resource),)


@pytest.mark.parametrize("topic", ["variants/in_stock", "variants/out_of_stock"])
def test_a_variant_that_comes_or_goes_has_its_product_pulled(topic: str) -> None:
    facts = CONNECTOR.parse(topic, b'{"id": 13, "product_id": 12}').facts
    assert facts == (Stale(ref="12", resource=Resource.PRODUCTS),)


def test_a_discount_is_of_interest_when_it_has_a_code() -> None:
    code, automatic = (
        orjson.dumps({"admin_graphql_api_id": f"gid://shopify/{kind}/7", "deleted_at": "2026-11-24T10:00:00Z"})
        for kind in ("DiscountCodeNode", "DiscountAutomaticNode")
    )
    stale = Stale(ref="7", resource=Resource.DISCOUNTS)
    for topic in ("discounts/create", "discounts/update", "discounts/redeemcode_added"):
        assert CONNECTOR.parse(topic, code).facts == (stale,)
    gone = Gone(ref="7", updated_at=datetime(2026, 11, 24, 10, tzinfo=UTC), resource=Resource.DISCOUNTS)
    assert CONNECTOR.parse("discounts/delete", code).facts == (gone,)
    for topic in ("discounts/create", "discounts/delete"):
        assert CONNECTOR.parse(topic, automatic) == Parsed(ignored="nothing_new")


def test_a_refund_comes_by_itself_too() -> None:
    (refund,) = CONNECTOR.parse("refunds/create", raw("refunds__create")).facts
    assert isinstance(refund, RefundFact)
    assert (refund.order_ref, refund.amount) == ("6012340000000001", 1710)


def test_an_event_that_says_nothing_of_the_parcel_is_ignored() -> None:
    event = {**read("fulfillment_events__create"), "status": "confirmed", "estimated_delivery_at": None}
    assert CONNECTOR.parse("fulfillment_events/create", orjson.dumps(event)) == Parsed(ignored="nothing_new")


def test_a_word_that_nobody_knows_is_no_error() -> None:
    event = {**read("fulfillment_events__create"), "status": "beamed_up"}
    (scan,) = CONNECTOR.parse("fulfillment_events/create", orjson.dumps(event)).facts
    assert isinstance(scan, ScanFact)
    assert scan.status is ShipmentStatus.UNKNOWN


@pytest.mark.parametrize(
    ("topic", "word"),
    [
        ("app/uninstalled", "later"),
        ("customers/redact", "later"),
        ("shop/update", "read_otherwise"),
        ("inventory_levels/update", "read_otherwise"),
        ("orders/sung", "unknown_topic"),
    ],
)
def test_what_is_not_ours_to_act_on_is_ignored_whatever_it_holds(topic: str, word: str) -> None:
    for body in (raw("app__uninstalled"), b"", b"\xff"):
        assert CONNECTOR.parse(topic, body) == Parsed(ignored=word)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "not_json"),
        (b"\xff\xfe", "not_json"),
        (b'{"id": NaN}', "not_json"),
        (b'{"id": "\\ud800"}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b"[]", "unexpected_body"),
        (b'"order"', "unexpected_body"),
        (b"{}", "unexpected_body"),
        (b'{"errors": "[API] Invalid API key or access token"}', "unexpected_body"),
        (b'{"id": 1.5e300, "updated_at": 7}', "unexpected_body"),
        (b'{"id": true}', "unexpected_body"),
    ],
)
@pytest.mark.parametrize(
    "topic",
    [
        *("orders/create", "orders/edited", "orders/delete", "fulfillments/create", "fulfillment_events/create"),
        *("refunds/create", "products/update", "customers/delete", "discounts/update", "variants/in_stock"),
    ],
)
def test_a_body_that_means_nothing_is_refused_with_a_code(topic: str, body: bytes, code: str) -> None:
    with pytest.raises(Permanent) as refused:
        CONNECTOR.parse(topic, body)
    assert refused.value.code == code


def test_a_refusal_repeats_nothing_of_the_body() -> None:
    order = {**read("orders__create"), "total_price": "Anna Muster"}
    with pytest.raises(Permanent) as refused:
        CONNECTOR.parse("orders/create", orjson.dumps(order))
    assert "Anna" not in str(refused.value)
