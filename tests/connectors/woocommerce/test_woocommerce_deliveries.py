"""Recorded deliveries say what their bodies say; broken ones say so, and never more than that."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors.base import Inbound, Parsed
from app.connectors.woocommerce import CONNECTOR
from app.connectors.woocommerce.deliveries import TOPICS
from app.events import CustomerFact, DiscountFact, OrderFact, OrderStatus, ProductFact, Resource, ShipmentFact, Stale
from app.kernel.errors import Permanent
from tests.connectors.woocommerce.recorded import DELIVERIES, ORDER_DELIVERIES, SECRET, body_of, delivered, delivery


def parsed(name: str) -> Parsed:
    inbound = delivery(name)
    return CONNECTOR.parse(inbound.headers["x-wc-webhook-topic"], inbound.body)


# --- what a delivery says of itself -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DELIVERIES)
def test_a_delivery_claims_the_shop_of_its_path_and_the_topic_of_its_header(name: str) -> None:
    claim = CONNECTOR.claim(delivery(name, path="pub1ic"))
    assert claim is not None
    assert (claim.shop, claim.topic) == ("pub1ic", name.partition("-")[0])
    assert claim.event_id


def test_two_webhooks_that_share_a_delivery_id_are_told_apart() -> None:
    one, other = delivery("order.created"), delivery("order.updated-on-create")
    shared = {**other.headers, "x-wc-webhook-delivery-id": one.headers["x-wc-webhook-delivery-id"]}
    claims = [CONNECTOR.claim(one), CONNECTOR.claim(Inbound(body=other.body, headers=shared))]
    assert len({claim.event_id for claim in claims if claim}) == 2


def test_a_ping_is_no_delivery() -> None:
    assert CONNECTOR.claim(delivery("ping")) is None


@pytest.mark.parametrize("body", [b"", b"webhook_id=", b"webhook_id=1&x=2", b'{"id": 1}'])
def test_whatever_else_comes_without_headers_is_refused(body: bytes) -> None:
    with pytest.raises(Permanent, match="missing_headers"):
        CONNECTOR.claim(Inbound(body=body))


@pytest.mark.parametrize("name", ["x-wc-webhook-topic", "x-wc-webhook-id", "x-wc-webhook-delivery-id"])
def test_a_delivery_with_half_of_its_headers_is_refused(name: str) -> None:
    given = delivery("order.created")
    with pytest.raises(Permanent, match="missing_headers"):
        CONNECTOR.claim(Inbound(body=given.body, headers={**given.headers, name: ""}))


# --- what it means ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DELIVERIES)
def test_what_is_recorded_is_subscribed_to_bears_its_secret_and_means_something(name: str) -> None:
    inbound = delivery(name)
    assert inbound.headers["x-wc-webhook-topic"] in TOPICS
    CONNECTOR.verify(inbound, (SECRET,))
    assert parsed(name).facts or parsed(name).ignored == "rest_error"


@pytest.mark.parametrize("name", ["product.created", "product.updated", "product.updated-stock", "product.restored"])
def test_a_simple_product_says_what_its_body_says(name: str) -> None:
    said, (fact,) = delivered(name), parsed(name).facts
    assert isinstance(fact, ProductFact)
    (variant,) = fact.variants
    assert (fact.ref, fact.url, fact.is_listed) == (str(said["id"]), said["permalink"], True)
    assert (variant.ref, str(variant.price), variant.stock) == (fact.ref, said["price"], said["stock_quantity"])
    assert fact.updated_at.isoformat() == said["date_modified_gmt"] + "+00:00"


def test_a_variation_makes_its_product_be_read() -> None:
    assert parsed("product.updated-variation") == Parsed(facts=(Stale(ref="34", resource=Resource.PRODUCTS),))


def test_a_variable_product_is_read_because_its_variations_are_not_told() -> None:
    body = orjson.dumps(body_of("rest/products-get-variable"))
    assert CONNECTOR.parse("product.updated", body) == Parsed(facts=(Stale(ref="34", resource=Resource.PRODUCTS),))


@pytest.mark.parametrize("name", ["customer.created", "customer.updated"])
def test_a_customer_says_what_its_body_says(name: str) -> None:
    said, (fact,) = delivered(name), parsed(name).facts
    assert isinstance(fact, CustomerFact)
    assert (fact.ref, fact.email, fact.phone) == (str(said["id"]), said["email"], said["billing"]["phone"] or None)


@pytest.mark.parametrize("name", ["coupon.created", "coupon.updated", "coupon.restored"])
def test_a_coupon_says_what_its_body_says(name: str) -> None:
    said, (fact,) = delivered(name), parsed(name).facts
    assert isinstance(fact, DiscountFact)
    assert (fact.ref, fact.codes, str(fact.value)) == (str(said["id"]), (said["code"],), said["amount"])


DELETED = {
    "order.deleted": Stale(ref="78"),
    "product.deleted": Stale(ref="80", resource=Resource.PRODUCTS),
    "customer.deleted": Stale(ref="12", resource=Resource.CUSTOMERS),
    "coupon.deleted": Stale(ref="81", resource=Resource.DISCOUNTS),
}


@pytest.mark.parametrize("name", DELETED)
def test_what_is_deleted_is_read_because_only_its_id_is_told(name: str) -> None:
    assert parsed(name) == Parsed(facts=(DELETED[name],))


def test_the_staff_of_the_site_are_no_shoppers() -> None:
    staff = orjson.dumps({**delivered("customer.updated"), "role": "shop_manager"})
    assert CONNECTOR.parse("customer.updated", staff) == Parsed(ignored="staff")


@pytest.mark.parametrize(
    "topic", ["order.shipped", "customer.restored", "action.wc_custom", "", "order", "ORDER.CREATED"]
)
def test_an_unknown_topic_is_ignored_whatever_its_body(topic: str) -> None:
    assert CONNECTOR.parse(topic, b"\xff not json") == Parsed(ignored="unknown_topic")


@pytest.mark.parametrize("name", [name for name in ORDER_DELIVERIES if name != "order.deleted"])
def test_an_order_says_what_its_body_says(name: str) -> None:
    said, fact = delivered(name), parsed(name).facts[0]
    assert isinstance(fact, OrderFact)
    assert (fact.ref, fact.number, fact.currency) == (str(said["id"]), f"#{said['number']}", said["currency"])
    assert (fact.total, fact.tax) == (round(float(said["total"]) * 100), round(float(said["total_tax"]) * 100))
    assert fact.updated_at.isoformat() == said["date_modified_gmt"] + "+00:00"
    assert fact.placed_at.isoformat() == said["date_created_gmt"] + "+00:00"
    assert (fact.email, fact.first_name) == (said["billing"]["email"], said["billing"]["first_name"])
    assert [(line.ref, line.quantity) for line in fact.lines] == [
        (str(line["id"]), line["quantity"]) for line in said["line_items"]
    ]
    assert (fact.language, fact.customer_ref) == (None, None)


def test_the_order_of_a_storefront_is_confirmed_before_it_is_paid_at_the_door() -> None:
    (fact,) = parsed("order.created-storefront").facts
    assert isinstance(fact, OrderFact)
    assert fact.status is OrderStatus.CONFIRMED


def test_created_and_updated_tell_the_same_fact() -> None:
    assert parsed("order.created") == parsed("order.updated-on-create")
    assert parsed("order.created-storefront") == parsed("order.updated-storefront")


def test_a_number_that_is_entered_after_completion_belongs_to_the_same_parcel() -> None:
    _, without = parsed("order.updated-completed").facts
    _, numbered = parsed("order.updated-tracking-meta").facts
    assert isinstance(without, ShipmentFact)
    assert isinstance(numbered, ShipmentFact)
    assert without.ref == numbered.ref == "78/1"
    assert without.shipped_at == numbered.shipped_at
    assert (without.tracking_number, without.carrier) == ("", "")
    assert (numbered.tracking_number, numbered.carrier, numbered.tracking_url) == ("15501234567890", "DPD UK", "")


@pytest.mark.parametrize("name", ["order.updated-fulfilment", "order.updated-refund", "order.restored"])
def test_an_order_with_fulfilments_is_read_for_its_parcels(name: str) -> None:
    fact, stale = parsed(name).facts
    assert isinstance(fact, OrderFact)
    assert stale == Stale(ref="78")


def test_a_partial_refund_leaves_the_total_and_the_status() -> None:
    fact = parsed("order.updated-refund").facts[0]
    assert isinstance(fact, OrderFact)
    assert (fact.status, fact.total) == (OrderStatus.COMPLETED, 4153)


def test_a_refund_is_read_because_only_its_sum_is_told() -> None:
    order = {**delivered("order.updated-refund"), "meta_data": []}
    fact, parcel, stale = CONNECTOR.parse("order.updated", orjson.dumps(order)).facts
    assert isinstance(fact, OrderFact)
    assert isinstance(parcel, ShipmentFact)
    assert stale == Stale(ref="78")


def test_a_refusal_under_an_orders_topic_stays_visible() -> None:
    assert parsed("order.updated-owner-without-rights") == Parsed(ignored="rest_error")


def test_an_open_checkout_page_is_no_order() -> None:
    body = orjson.dumps(body_of("rest/orders-get-checkout-draft"))
    assert CONNECTOR.parse("order.updated", body) == Parsed(ignored="checkout_draft")


# --- what means nothing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ORDER_DELIVERIES)
def test_a_delivery_that_was_cut_short_is_refused_wherever_it_was_cut(name: str) -> None:
    body = delivery(name).body
    for end in range(0, len(body) - 1, 97):
        with pytest.raises(Permanent, match="not_json"):
            CONNECTOR.parse("order.updated", body[:end])


NEEDED = ("id", "currency", "total", "date_modified_gmt")
NOTHING = (None, "", [], {}, True)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        *((field, wrong) for field in NEEDED for wrong in NOTHING),
        *(("id", wrong) for wrong in (0, -78, 78.5, "78a", "x" * 5000)),
        *(("total", wrong) for wrong in ("NaN", "Infinity", "1e9", "41,53", "9" * 40)),
        *(
            ("date_modified_gmt", wrong)
            for wrong in ("yesterday", 1795219200, "0001-01-01T00:00:00", "9999-12-31T00:00:00")
        ),
    ],
)
def test_an_order_without_what_it_cannot_do_without_is_refused(field: str, wrong: object) -> None:
    with pytest.raises(Permanent, match=f"unreadable_order: {field}"):
        CONNECTOR.parse("order.updated", orjson.dumps({**delivered("order.created"), field: wrong}))


SCALARS = (
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text(max_size=40)
)
ODD = st.sampled_from(
    ["1e999999", "0001-01-01T00:00:00", "9999-12-31T23:59:59-23:59", "\x00", "<![x[", "&#0;", "٣٣", "1_0"]
)
JSON = st.recursive(
    SCALARS | ODD,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def places(value: Any) -> list[tuple[Any, Any]]:
    """Every place in a document: its holder and its key there."""
    if isinstance(value, dict):
        found = list(value.items())
    elif isinstance(value, list):
        found = list(enumerate(value))
    else:
        return []
    return [(value, key) for key, _ in found] + [place for _, inner in found for place in places(inner)]


@given(data=st.data(), name=st.sampled_from(DELIVERIES))
def test_wrong_types_and_missing_fields_never_raise_anything_but_permanent(data: st.DataObject, name: str) -> None:
    said, topic = delivered(name), name.partition("-")[0]
    for _ in range(data.draw(st.integers(1, 4))):
        all_places = places(said)
        if not all_places:
            break
        holder, key = data.draw(st.sampled_from(all_places))
        if data.draw(st.booleans()):
            holder[key] = data.draw(JSON)
        else:
            del holder[key]
    try:
        facts = CONNECTOR.parse(topic, orjson.dumps(said)).facts
    except Permanent:
        return
    assert "\x00" not in repr(facts)
    assert "\\x00" not in repr(facts)
