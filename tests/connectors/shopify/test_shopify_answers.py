"""The same moment told by a webhook and by an answer is the same fact."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.connectors.shopify.answers import order_payload
from app.connectors.shopify.mapping import order_facts, refund_facts, scan_facts
from app.events import Fact, OrderFact, RefundFact, ScanFact, ShipmentFact, ShipmentStatus, Source
from tests.connectors.shopify.samples import read


def answered(**changes: Any) -> tuple[Fact, ...]:
    return order_facts(order_payload({**read("order_node"), **changes}), Source.PULL)


def test_an_order_is_equal_both_ways_in_but_for_its_pictures() -> None:
    told, _ = order_facts(read("orders__updated"), Source.WEBHOOK)
    pulled = answered()[0]
    assert isinstance(pulled, OrderFact)
    assert [line.image_url for line in pulled.lines] == ["", "https://cdn.example.com/socks.jpg"]
    assert replace(pulled, lines=tuple(replace(line, image_url="") for line in pulled.lines)) == told


def test_a_parcel_is_equal_both_ways_in_but_for_the_status_that_an_event_tells_better() -> None:
    _, told = order_facts(read("orders__updated"), Source.WEBHOOK)
    pulled = answered()[1]
    assert isinstance(told, ShipmentFact)
    assert (told.status, pulled) == (ShipmentStatus.IN_TRANSIT, replace(told, status=ShipmentStatus.UNKNOWN))


def test_a_scan_is_equal_both_ways_in_but_for_its_source() -> None:
    (told,) = scan_facts([read("fulfillment_events__create")], Source.WEBHOOK)
    pulled = answered()[2:]
    assert pulled == (replace(told, source=Source.PULL),)


def test_a_refund_is_equal_both_ways_in() -> None:
    refund = read("refunds__create")
    told = order_facts({**read("orders__updated"), "refunds": [refund]}, Source.WEBHOOK)[-1]
    node = {
        "id": "gid://shopify/Refund/920123400000000061",
        "processedAt": "2026-11-25T08:30:00Z",
        "totalRefundedSet": {"shopMoney": {"amount": "17.1"}},
        "refundLineItems": {
            "nodes": [{"quantity": 2, "lineItem": {"id": "gid://shopify/LineItem/16712340000000102"}}],
        },
    }
    pulled = answered(refunds=[node])[-1]
    assert isinstance(told, RefundFact)
    assert told == pulled
    assert refund_facts(refund) == (told,)
    assert (told.amount, told.items) == (1710, (("16712340000000102", 2),))


def one_parcel(**changes: Any) -> tuple[Fact, ...]:
    return answered(fulfillments=[{**read("order_node")["fulfillments"][0], **changes}])[1:]


def test_a_status_without_an_event_comes_with_the_parcel() -> None:
    parcel, *scans = one_parcel(displayStatus="DELIVERED")
    assert isinstance(parcel, ShipmentFact)
    assert (parcel.status, len(scans)) == (ShipmentStatus.DELIVERED, 1)


def test_an_expected_day_without_an_event_comes_with_the_parcel() -> None:
    (parcel,) = one_parcel(events={"nodes": []}, displayStatus="MARKED_AS_FULFILLED")
    assert isinstance(parcel, ShipmentFact)
    assert str(parcel.expected_until) == "2026-11-24"
    assert parcel.status is ShipmentStatus.UNKNOWN


def test_events_are_told_oldest_first() -> None:
    events = [
        {"status": status, "happenedAt": f"2026-11-2{day}T08:00:00Z"}
        for status, day in (("DELIVERED", 4), ("OUT_FOR_DELIVERY", 3), ("IN_TRANSIT", 2))
    ]
    _, *scans = one_parcel(events={"nodes": events}, displayStatus="DELIVERED", estimatedDeliveryAt=None)
    assert [scan.status for scan in scans if isinstance(scan, ScanFact)] == [
        ShipmentStatus.IN_TRANSIT,
        ShipmentStatus.OUT_FOR_DELIVERY,
        ShipmentStatus.DELIVERED,
    ]


def test_a_cancelled_fulfilment_and_one_without_a_number_are_told_alike() -> None:
    (parcel,) = one_parcel(status="CANCELLED", trackingInfo=[], displayStatus="CANCELED", events={"nodes": []})
    assert isinstance(parcel, ShipmentFact)
    assert (parcel.is_cancelled, parcel.carrier, parcel.tracking_number) == (True, "", "")


def test_an_answer_from_which_personal_data_is_withheld_is_an_order_all_the_same() -> None:
    order = answered(email=None, phone=None, customer=None, displayAddress=None)[0]
    assert isinstance(order, OrderFact)
    assert (order.email, order.first_name, order.customer_ref, order.address) == (None, None, None, None)
