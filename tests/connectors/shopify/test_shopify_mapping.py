"""Shopify's orders and fulfilments, told in our words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.connectors.shopify.mapping import order_fact, order_facts, parcel_facts, refund_facts
from app.events import (
    Address,
    Channel,
    Fact,
    Line,
    OrderFact,
    OrderStatus,
    RefundFact,
    ScanFact,
    ShipmentFact,
    ShipmentStatus,
    Source,
    Stale,
)
from app.kernel.errors import Permanent
from tests.connectors.shopify.samples import read


def an_order(**changes: Any) -> OrderFact:
    return order_fact({**read("orders__create"), **changes})


def a_parcel(**changes: Any) -> ShipmentFact:
    (parcel,) = parcel_facts({**read("fulfillments__create"), **changes}, Source.WEBHOOK)
    assert isinstance(parcel, ShipmentFact)
    return parcel


def test_an_order_is_told_whole() -> None:
    assert an_order() == OrderFact(
        ref="6012340000000001",
        number="#1042",
        status=OrderStatus.CONFIRMED,
        placed_at=datetime(2026, 11, 20, 9, 15, 3, tzinfo=UTC),
        updated_at=datetime(2026, 11, 20, 9, 15, 5, tzinfo=UTC),
        currency="GBP",
        total=9285,
        subtotal=8685,
        shipping=600,
        discount=965,
        tax=1548,
        channel=Channel.ONLINE,
        channel_name="web",
        discount_codes=("HELLO10",),
        language="de",
        email="anna.muster@example.com",
        phone=None,
        first_name="Anna",
        last_name="Muster",
        customer_ref="7012340000000031",
        address=Address(
            name="Anna Muster",
            street=("Musterweg 7", "Hinterhaus"),
            city="Leipzig",
            postcode="04109",
            country="DE",
        ),
        cancelled_at=None,
        lines=(
            Line(
                ref="16712340000000101",
                title="Fen jumper",
                quantity=1,
                total=6120,
                variant="Moss / M",
                sku="MF-FEN-M",
                product_ref="9123400000000011",
                variant_ref="46012340000000021",
            ),
            Line(
                ref="16712340000000102",
                title="Wool socks",
                quantity=3,
                total=2565,
                sku="MF-SOCK",
                product_ref="9123400000000012",
                variant_ref="46012340000000022",
            ),
        ),
    )


def test_the_lines_add_up_to_the_subtotal_with_an_order_wide_discount_in_them() -> None:
    order = an_order()
    assert sum(line.total for line in order.lines) == order.subtotal
    assert order.subtotal + order.shipping == order.total


def test_an_id_beyond_what_a_float_holds_stays_exact() -> None:
    assert an_order(id=9_007_199_254_740_993).ref == "9007199254740993"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, OrderStatus.CONFIRMED),
        ({"financial_status": "pending"}, OrderStatus.CONFIRMED),
        ({"financial_status": None}, OrderStatus.CONFIRMED),
        ({"financial_status": "authorized", "fulfillment_status": "partial"}, OrderStatus.CONFIRMED),
        ({"financial_status": "partially_refunded"}, OrderStatus.CONFIRMED),
        ({"financial_status": "voided"}, OrderStatus.PENDING),
        ({"financial_status": "expired"}, OrderStatus.PENDING),
        ({"fulfillment_status": "fulfilled"}, OrderStatus.COMPLETED),
        ({"financial_status": "voided", "fulfillment_status": "fulfilled"}, OrderStatus.COMPLETED),
        ({"financial_status": "refunded", "fulfillment_status": "fulfilled"}, OrderStatus.REFUNDED),
        ({"financial_status": "refunded", "cancelled_at": "2026-11-20T18:30:00Z"}, OrderStatus.CANCELLED),
        ({"financial_status": "sung"}, OrderStatus.CONFIRMED),
    ],
)
def test_an_order_stands_where_shopify_says(changes: dict[str, Any], status: OrderStatus) -> None:
    assert an_order(**changes).status is status


def test_a_cancelled_order_says_when() -> None:
    assert order_fact(read("orders__cancelled")).cancelled_at == datetime(2026, 11, 20, 18, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("source", "channel", "name"),
    [
        ("web", Channel.ONLINE, "web"),
        (None, Channel.ONLINE, ""),
        ("mobile_app", Channel.ONLINE, "mobile_app"),
        ("pos", Channel.POS, "pos"),
        ("shopify_draft_order", Channel.DRAFT, "shopify_draft_order"),
        ("580111", Channel.OTHER, ""),
        ("tiktok", Channel.MARKETPLACE, "tiktok"),
        ("channel:amazon-us", Channel.MARKETPLACE, "amazon-us"),
        ("Facebook Marketplace", Channel.MARKETPLACE, "Facebook Marketplace"),
        ("instagram_shopping", Channel.MARKETPLACE, "instagram_shopping"),
        ("amazonas-coffee", Channel.OTHER, "amazonas-coffee"),
        ("iphone", Channel.OTHER, "iphone"),
    ],
)
def test_an_order_knows_where_it_was_placed(source: str | None, channel: Channel, name: str) -> None:
    order = an_order(source_name=source)
    assert (order.channel, order.channel_name) == (channel, name)


def test_codes_stand_in_the_order_of_the_alphabet_and_once() -> None:
    assert an_order(discount_codes=[{"code": "B"}, {"code": "A"}, {"code": "B"}, {}]).discount_codes == ("A", "B")


@pytest.mark.parametrize(
    ("locale", "language"),
    [("zh-TW", "zh-TW"), ("pt_BR", "pt-BR"), ("zh-Hant-TW", "zh-Hant-TW"), (None, None), ("", None), ("??", None)],
)
def test_the_language_is_the_one_of_the_checkout(locale: str | None, language: str | None) -> None:
    assert an_order(customer_locale=locale).language == language


def test_an_imported_order_was_placed_when_it_was_placed() -> None:
    order = an_order(created_at="2026-11-20T09:15:04Z", processed_at="2024-03-01T00:00:00+01:00")
    assert order.placed_at == datetime(2024, 2, 29, 23, tzinfo=UTC)
    assert an_order(processed_at=None).placed_at == datetime(2026, 11, 20, 9, 15, 4, tzinfo=UTC)


def test_an_order_from_which_all_personal_data_is_withheld_is_an_order_all_the_same() -> None:
    hidden = {"email": None, "phone": None, "customer": None, "shipping_address": None, "billing_address": None}
    order = an_order(**hidden, contact_email=None)
    assert (order.email, order.phone, order.first_name, order.last_name) == (None, None, None, None)
    assert (order.customer_ref, order.address) == (None, None)
    assert order.total == 9285


def test_what_is_left_of_a_redacted_address_is_kept() -> None:
    redacted = dict.fromkeys(read("orders__create")["shipping_address"]) | {"city": "Leipzig"}
    assert an_order(shipping_address=redacted).address == Address(city="Leipzig")


def test_a_digital_order_has_the_address_of_the_bill() -> None:
    billed = {**read("orders__create")["billing_address"], "city": "Halle"}
    order = an_order(shipping_address=None, billing_address=billed)
    assert order.address
    assert order.address.city == "Halle"


def test_a_guest_is_called_by_the_name_on_the_address() -> None:
    order = an_order(customer=None)
    assert (order.first_name, order.last_name, order.customer_ref) == ("Anna", "Muster", None)


def test_the_one_variant_of_a_product_without_variants_has_no_name() -> None:
    line = {**read("orders__create")["line_items"][0], "variant_title": "Default Title", "product_id": None}
    (only,) = an_order(line_items=[line]).lines
    assert (only.variant, only.product_ref) == ("", "")


def test_lines_stand_in_the_order_of_their_numbers_whatever_order_they_came_in() -> None:
    assert an_order(line_items=read("orders__create")["line_items"][::-1]) == an_order()


def test_a_zero_byte_never_reaches_the_database() -> None:
    assert an_order(name="#10\x0042").number == "#1042"


def test_odd_shapes_inside_an_order_read_as_nothing() -> None:
    order = an_order(line_items="none", customer=[], shipping_address=7, billing_address="", tags=None)
    assert (order.lines, order.customer_ref, order.address) == ((), None, None)


# --- parcels ----------------------------------------------------------------------------------------------------------


def test_a_fulfilment_is_a_parcel_with_its_first_number() -> None:
    assert a_parcel() == ShipmentFact(
        order_ref="6012340000000001",
        ref="5412340000000051",
        updated_at=datetime(2026, 11, 21, 13, 2, 10, tzinfo=UTC),
        shipped_at=datetime(2026, 11, 21, 13, 2, 10, tzinfo=UTC),
        carrier="DHL",
        tracking_number="00340434292135100186",
        tracking_url="https://www.dhl.de/en/privatkunden.html?piececode=00340434292135100186",
        items=(("16712340000000101", 1), ("16712340000000102", 3)),
    )


def test_a_parcel_without_a_number_is_a_parcel() -> None:
    bare = {"tracking_number": None, "tracking_numbers": [], "tracking_url": None, "tracking_urls": []}
    parcel = a_parcel(**bare, tracking_company=None)
    assert (parcel.carrier, parcel.tracking_number, parcel.tracking_url) == ("", "", "")


@pytest.mark.parametrize("status", ["pending", "open"])
def test_what_a_fulfilment_service_was_only_asked_for_was_not_sent(status: str) -> None:
    asked: Mapping[str, Any] = {**read("fulfillments__create"), "status": status}
    assert len(parcel_facts(asked, Source.WEBHOOK)) == 1
    assert parcel_facts({**asked, "tracking_number": None, "tracking_numbers": []}, Source.WEBHOOK) == ()


def test_a_gift_card_needs_no_parcel() -> None:
    lines = [{**line, "requires_shipping": False} for line in read("fulfillments__create")["line_items"]]
    assert parcel_facts({**read("fulfillments__create"), "line_items": lines}, Source.WEBHOOK) == ()


@pytest.mark.parametrize(
    ("status", "is_cancelled"), [("success", False), ("cancelled", True), ("error", True), ("failure", True)]
)
def test_a_fulfilment_that_came_to_nothing_is_called_off(status: str, is_cancelled: bool) -> None:
    assert a_parcel(status=status).is_cancelled is is_cancelled


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("label_purchased", ShipmentStatus.LABEL_CREATED),
        ("label_printed", ShipmentStatus.LABEL_CREATED),
        ("ready_for_pickup", ShipmentStatus.READY_FOR_PICKUP),
        ("confirmed", ShipmentStatus.UNKNOWN),
        ("carrier_picked_up", ShipmentStatus.PICKED_UP),
        ("in_transit", ShipmentStatus.IN_TRANSIT),
        ("delayed", ShipmentStatus.DELAYED),
        ("out_for_delivery", ShipmentStatus.OUT_FOR_DELIVERY),
        ("attempted_delivery", ShipmentStatus.DELIVERY_ATTEMPTED),
        ("delivered", ShipmentStatus.DELIVERED),
        ("picked_up", ShipmentStatus.DELIVERED),
        ("failure", ShipmentStatus.EXCEPTION),
        (None, ShipmentStatus.UNKNOWN),
        ("beamed_up", ShipmentStatus.UNKNOWN),
    ],
)
def test_a_parcel_stands_where_shopify_says(word: str | None, status: ShipmentStatus) -> None:
    assert a_parcel(shipment_status=word).status is status


def test_a_day_of_delivery_is_the_day_that_is_written_there() -> None:
    event = {
        "fulfillment_id": 1,
        "status": "confirmed",
        "happened_at": "2026-11-22T08:00:00Z",
        "estimated_delivery_at": "2026-11-24T20:00:00-05:00",
    }
    _, scan = parcel_facts({**read("fulfillments__create"), "events": [event]}, Source.PULL)
    assert isinstance(scan, ScanFact)
    assert scan.expected_until == date(2026, 11, 24)


@pytest.mark.parametrize("year", ["0001", "1899", "9999"])
def test_a_time_in_which_there_were_no_shops_is_none(year: str) -> None:
    """A day at the end of time has no morrow, and would break whoever counts on from it."""
    assert an_order(processed_at=f"{year}-12-31T00:00:00Z").placed_at.year == 2026
    assert a_parcel(estimated_delivery_at=f"{year}-12-31T00:00:00Z").expected_until is None


@pytest.mark.parametrize("id_", ["9" * 5_000, 10**30, "gid://shopify/Order/" + "1" * 20])
def test_a_number_beyond_all_measure_is_no_id(id_: object) -> None:
    with pytest.raises(Permanent, match="unexpected_body"):
        an_order(id=id_)
    with pytest.raises(Permanent, match="unexpected_body"):
        a_parcel(line_items=[{"id": id_, "quantity": 1}])


# --- refunds ----------------------------------------------------------------------------------------------------------


def refunded(**changes: Any) -> tuple[Fact, ...]:
    return refund_facts({**read("refunds__create"), **changes})


def paid_back(*parts: tuple[str, str, str]) -> list[dict[str, str]]:
    return [{"kind": kind, "status": status, "amount": amount} for kind, status, amount in parts]


def test_a_refund_is_told_whole() -> None:
    assert refunded() == (
        RefundFact(
            order_ref="6012340000000001",
            ref="920123400000000061",
            refunded_at=datetime(2026, 11, 25, 8, 30, tzinfo=UTC),
            amount=1710,
            items=(("16712340000000102", 2),),
        ),
    )


@pytest.mark.parametrize(
    ("transactions", "amounts"),
    [
        (paid_back(("refund", "success", "10.00"), ("refund", "success", "2.5")), [1250]),
        (paid_back(("refund", "success", "10.00"), ("refund", "failure", "2.50")), [1000]),
        (paid_back(("refund", "success", "10.00"), ("sale", "success", "2.50")), [1000]),
        (paid_back(("refund", "pending", "10.00")), []),
        (paid_back(), []),
        (None, []),
    ],
)
def test_what_went_back_is_what_has_arrived(transactions: Any, amounts: list[int]) -> None:
    """Pieces that were called off without money are no refund, and money that is still under way is told when it is there."""
    found = refunded(transactions=transactions)
    assert [fact.amount for fact in found if isinstance(fact, RefundFact)] == amounts
    assert len(found) == len(amounts)


def test_money_alone_may_go_back() -> None:
    (refund,) = refunded(refund_line_items=[])
    assert isinstance(refund, RefundFact)
    assert refund.items == ()


def test_a_refund_without_a_day_of_its_own_is_of_the_day_it_was_made() -> None:
    (refund,) = refunded(processed_at=None)
    assert isinstance(refund, RefundFact)
    assert refund.refunded_at == datetime(2026, 11, 25, 8, 30, 1, tzinfo=UTC)


@pytest.mark.parametrize("shown", [{"presentment_money": {"currency_code": "EUR"}}, {"presentment_money": {}}])
def test_what_went_back_in_another_currency_is_asked_for(shown: dict[str, Any]) -> None:
    total = {"shop_money": {"currency_code": "GBP"}, **shown}
    assert refunded(total_duties_set=total) == (Stale(ref="6012340000000001"),)
    assert refunded(total_duties_set=None) == (Stale(ref="6012340000000001"),)


def test_an_order_paid_for_in_another_currency_has_its_refunds_asked_for() -> None:
    order = {**read("orders__updated"), "refunds": [read("refunds__create")]}
    assert isinstance(order_facts(order, Source.WEBHOOK)[-1], RefundFact)
    assert order_facts({**order, "presentment_currency": "EUR"}, Source.WEBHOOK)[-1] == Stale(ref="6012340000000001")
