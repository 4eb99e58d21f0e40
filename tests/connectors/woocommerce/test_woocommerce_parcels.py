"""What was sent, whichever of three ways it is told in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.connectors.woocommerce.mapping import order_from
from app.connectors.woocommerce.parcels import has_fulfilments, parcels_of
from app.events import ShipmentFact
from tests.connectors.woocommerce.recorded import body_of, delivered

TRACKED = "_wc_shipment_tracking_items"


def parcels(order: Any, fulfilments: list[Any] | None = None) -> list[ShipmentFact]:
    return list(parcels_of(order_from(order), order, fulfilments or []))


def tracked(*items: object, name: str = "order.created") -> Any:
    return {**delivered(name), "meta_data": [{"key": TRACKED, "value": list(items)}]}


def an_item(number: str, **changes: object) -> dict[str, object]:
    return {"tracking_provider": "DHL", "tracking_number": number, "date_shipped": "1795219200", **changes}


def test_a_recorded_tracking_item_is_a_parcel() -> None:
    order = body_of("rest/orders-get-tracking-meta")
    assert parcels(order) == [
        ShipmentFact(
            order_ref="46",
            ref="46/1",
            updated_at=order_from(order).updated_at,
            shipped_at=order_from(order).placed_at,  # the plugin's midnight lies before it
            carrier="PostNord",
            tracking_number="SE123456789",
            tracking_url="https://track.example/SE123456789",
        )
    ]


def test_parcels_are_counted_in_the_plugins_order() -> None:
    found = parcels(tracked(an_item("A"), an_item("B")))
    assert [(parcel.ref, parcel.tracking_number) for parcel in found] == [("78/1", "A"), ("78/2", "B")]


@pytest.mark.parametrize("nothing", ["", "A", {}, {"0": "A"}, [None, 5, "x", [], {}], [{"date_shipped": "1795219200"}]])
def test_meta_that_holds_no_parcel_makes_none(nothing: object) -> None:
    assert parcels({**delivered("order.created"), "meta_data": [{"key": TRACKED, "value": nothing}]}) == []


@pytest.mark.parametrize(
    ("shipped", "told"),
    [
        ("1795392000", datetime(2026, 11, 23, tzinfo=UTC)),
        (1795395661, datetime(2026, 11, 23, 1, 1, 1, tzinfo=UTC)),
        ("1795219200", datetime(2026, 11, 21, 22, 24, 19, tzinfo=UTC)),  # the day of completion
        ("", datetime(2026, 11, 21, 22, 24, 19, tzinfo=UTC)),
        ("-5", datetime(2026, 11, 21, 22, 24, 19, tzinfo=UTC)),
        ("99999999999", datetime(2026, 11, 21, 22, 24, 19, tzinfo=UTC)),
        ("2026-11-23", datetime(2026, 11, 21, 22, 24, 19, tzinfo=UTC)),
    ],
)
def test_a_day_of_shipping_is_told_as_finely_as_it_is_known(shipped: object, told: datetime) -> None:
    (parcel,) = parcels(tracked(an_item("A", date_shipped=shipped), name="order.updated-completed"))
    assert parcel.shipped_at == told


def test_no_link_but_a_web_address_reaches_a_page() -> None:
    (parcel,) = parcels(tracked(an_item("A", custom_tracking_link="javascript:alert(1)")))
    assert parcel.tracking_url == ""


# --- completed --------------------------------------------------------------------------------------------------------


def test_a_completed_order_left_in_one_parcel_without_a_number() -> None:
    (parcel,) = parcels(delivered("order.updated-completed"))
    assert (parcel.ref, parcel.tracking_number, parcel.items) == ("78/1", "", ())
    assert parcel.shipped_at == datetime(2026, 11, 21, 22, 24, 19, tzinfo=UTC)


def test_what_nobody_sends_leaves_in_no_parcel() -> None:
    assert parcels(body_of("rest/orders-create-downloadable")) == []
    pickup = {**delivered("order.updated-completed"), "shipping_lines": [{"method_id": "local_pickup"}]}
    assert parcels(pickup) == []
    assert parcels(delivered("order.created")) == []


# --- fulfilments ------------------------------------------------------------------------------------------------------


def test_an_order_with_fulfilments_says_so() -> None:
    assert has_fulfilments(body_of("fulfillments/order-after-partial"))
    assert not has_fulfilments(body_of("rest/orders-get-tracking-meta"))


def test_a_fulfilment_is_a_parcel_and_a_draft_of_one_is_not() -> None:
    order = body_of("fulfillments/order-after-partial")
    plugin, native = parcels(order, body_of("fulfillments/list"))
    assert (plugin.ref, plugin.carrier) == ("46/1", "PostNord")
    assert native == ShipmentFact(
        order_ref="46",
        ref="46/2",
        updated_at=order_from(order).updated_at,
        shipped_at=datetime(2026, 11, 21, 22, 22, 43, tzinfo=UTC),  # told as 23:22:43 in Prague
        carrier="dpd-uk",
        tracking_number="15501234567890",
        tracking_url="https://track.example/15501234567890",
        items=(("9", 2),),
    )


def test_one_number_is_one_parcel_and_never_holds_more_than_was_ordered() -> None:
    order = body_of("fulfillments/order-after-partial") | {"meta_data": []}
    found = parcels(order, body_of("fulfillments/list-after-delete"))  # 99 pieces of 4, and a line of no order
    assert [(parcel.ref, parcel.tracking_number, parcel.items) for parcel in found] == [
        ("46/1", "15501234567890", (("9", 2),)),
        ("46/2", "Y", (("9", 4),)),
    ]


def test_what_woocommerce_fulfils_by_itself_was_not_sent() -> None:
    order = body_of("fulfillments/order-after-partial")
    assert [parcel.ref for parcel in parcels(order, body_of("fulfillments/auto-fulfilled-downloadable"))] == ["46/1"]


def test_the_same_number_in_plugin_and_fulfilment_is_one_parcel() -> None:
    (parcel,) = parcels(tracked(an_item("15501234567890")) | {"id": 46}, body_of("fulfillments/list"))
    assert (parcel.ref, parcel.carrier, parcel.tracking_url) == ("46/1", "DHL", "https://track.example/15501234567890")


def test_a_draft_that_is_sent_later_counts_behind_what_was_sent_before() -> None:
    order = body_of("fulfillments/order-after-partial") | {"meta_data": []}
    early, draft = body_of("fulfillments/list")
    late = body_of("fulfillments/update")
    assert draft["id"] == late["id"]
    found = parcels(order, [late, early])
    assert [(parcel.ref, parcel.tracking_number) for parcel in found] == [
        ("46/1", "15501234567890"),
        ("46/2", "1Z999AA10123456784"),
    ]


def test_the_providers_name_is_told_where_it_has_one() -> None:
    fulfilment = {
        "id": 9,
        "is_fulfilled": True,
        "meta_data": [
            {"key": "_provider_name", "value": "Kurier &amp; Sohn"},
            {"key": "_shipment_provider", "value": "other"},
            {"key": "_items", "value": [{"item_id": 9, "qty": 1}, {"item_id": 9, "qty": 1}, {"item_id": 10, "qty": 0}]},
        ],
    }
    (parcel,) = parcels(body_of("fulfillments/order-after-partial") | {"meta_data": []}, [fulfilment])
    assert (parcel.carrier, parcel.items) == ("Kurier & Sohn", (("9", 2),))
