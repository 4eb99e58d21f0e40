"""The tracking widget in words: the headline for every state there is, in every language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.domain.shops.rules import Settings, ShopFacts
from app.events import OrderStatus, ShipmentStatus
from app.kernel.copy import catalogue
from app.widgets import WIDGETS
from app.widgets.base import Reading
from app.widgets.tracking.parcels import web_address

TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)
A_DAY = timedelta(days=1)
LANGUAGES = catalogue().languages

SHOP = ShopFacts(
    id=1,
    public_id="s",
    platform="p",
    domain="shop.example",
    base_url="https://shop.example",
    name="Beans",
    timezone="Europe/Berlin",
    currency="EUR",
    language="en",
    country="DE",
    connected_at=TUESDAY,
    settings=Settings(phone="030 1", hours="9 to 5", sender_address="a@b.example"),
)


def on(days: int) -> str:
    return (TUESDAY + A_DAY * days).date().isoformat()


def parcel(status: ShipmentStatus = ShipmentStatus.IN_TRANSIT, position: int = 1, **changes: Any) -> dict[str, Any]:
    said = {
        "position": position,
        "status": status.value,
        "status_at": TUESDAY.isoformat(),
        "shipped_at": (TUESDAY - 3 * A_DAY).isoformat(),
        "carrier": "DHL",
        "tracking_number": "00340",
        "tracking_url": "https://carrier.example/00340",
        "expected_from": on(1),
        "expected_until": on(3),
        "items": [["1", 1]],
        "scans": [{"status": status.value, "at": TUESDAY.isoformat(), "place": "Kassel", "source": "carrier"}],
    }
    return {**said, **changes}


def document(
    *parcels: dict[str, Any], status: OrderStatus = OrderStatus.CONFIRMED, promise: dict[str, str] | None = None
) -> dict[str, Any]:
    placed = (TUESDAY - 4 * A_DAY).isoformat()
    line = {"ref": "1", "title": "Mug", "variant": "", "quantity": 2, "total": 100, "image_url": ""}
    return {
        "order": {"number": "#7", "placed_at": placed, "status": status.value, "currency": "EUR", "total": 100},
        "lines": [line],
        "parcels": list(parcels),
        "promise": promise,
    }


def shown(said: Mapping[str, Any], language: str = "en", now: datetime = TUESDAY) -> Mapping[str, Any]:
    return WIDGETS["tracking"].view(said, Reading(shop=SHOP, language=language, now=now))


def hero(said: Mapping[str, Any], language: str = "en", now: datetime = TUESDAY) -> str:
    headline = shown(said, language, now)["headline"]
    sentence = f"{headline['lead']} / {headline['hero']} / {headline['below']}"
    return sentence.replace("\u2009", " ")  # ranges are joined with thin spaces


# --- the headline -----------------------------------------------------------------------------------------------------


def test_days_that_are_near_are_named_as_weekdays() -> None:
    assert hero(document(parcel())) == "On its way / Wednesday – Friday / Expected between 25 and 27 November"


def test_a_single_day_is_one_day() -> None:
    said = document(parcel(ShipmentStatus.OUT_FOR_DELIVERY, expected_from=None, expected_until=on(0)))
    assert hero(said) == "Out for delivery / Tuesday / Expected on 24 November"


def test_days_that_are_far_are_named_as_dates() -> None:
    said = document(parcel(expected_from=on(9), expected_until=on(11)))
    assert hero(said).split(" / ")[1] == "3 December – 5 December"


def test_a_range_that_has_begun_begins_today() -> None:
    said = document(parcel(expected_from=on(-2), expected_until=on(1)))
    assert hero(said).split(" / ")[1] == "Tuesday – Wednesday"


def test_a_promise_that_has_passed_is_not_repeated() -> None:
    said = document(parcel(ShipmentStatus.DELAYED, expected_from=on(-3), expected_until=on(-1)))
    assert hero(said).split(" / ")[:2] == ["Running late", "We do not know the delivery day yet."]


def test_without_a_date_it_says_so() -> None:
    said = document(parcel(expected_from=None, expected_until=None))
    assert hero(said).split(" / ")[1] == "We do not know the delivery day yet."
    assert shown(said)["strip"] is None


def test_what_has_arrived_names_the_day_and_the_moment() -> None:
    said = document(parcel(ShipmentStatus.DELIVERED))
    assert hero(said, now=TUESDAY + A_DAY) == "Delivered / Tuesday / Arrived 24 November 2026, 11:00 CET"
    assert hero(said, now=TUESDAY + 30 * A_DAY).split(" / ")[1] == "24 November"


def test_before_anything_was_sent_the_shops_own_promise_counts() -> None:
    said = document(promise={"earliest": on(1), "latest": on(2)})
    assert hero(said).split(" / ")[:2] == ["Getting ready", "Wednesday – Thursday"]
    assert shown(said)["strip"]
    assert hero(document(status=OrderStatus.PENDING)).startswith("Order received / We do not know")


@pytest.mark.parametrize("status", [OrderStatus.CANCELLED, OrderStatus.REFUNDED, OrderStatus.DELETED])
def test_an_order_that_was_called_off_promises_nothing(status: OrderStatus) -> None:
    said = document(status=status, promise={"earliest": on(1), "latest": on(2)})
    assert hero(said).startswith("Order #7 / Cancelled / ")
    assert shown(said)["strip"] is None


@pytest.mark.parametrize("status", [ShipmentStatus.LOST, ShipmentStatus.RETURNED_TO_SENDER, ShipmentStatus.EXCEPTION])
def test_a_parcel_in_trouble_names_no_day(status: ShipmentStatus) -> None:
    said = shown(document(parcel(status)))
    assert said["strip"] is None
    assert said["headline"]["lead"] == "Order #7"


def test_a_parcel_that_waits_for_the_shopper_says_so_and_names_no_day() -> None:
    assert hero(document(parcel(ShipmentStatus.READY_FOR_PICKUP))) == (
        "Order #7 / Ready to collect / Your parcel is waiting for you at the pick-up point."
    )
    assert hero(document(parcel(ShipmentStatus.DELIVERY_ATTEMPTED))).startswith(
        "Order #7 / Delivery attempted / Nobody"
    )


def test_no_way_is_offered_that_the_shop_did_not_name() -> None:
    def contact(**changes: str) -> Mapping[str, str]:
        shop = replace(SHOP, settings=replace(SHOP.settings, **changes))
        reading = Reading(shop=shop, language="en", now=TUESDAY)
        return WIDGETS["tracking"].view(document(), reading)["contact"]

    assert contact()["text"] == "Write to us or call, we are happy to help."
    assert contact(phone="")["text"] == contact(sender_address="")["text"] == ""


def test_of_several_parcels_the_next_to_come_is_the_headline_and_stands_first() -> None:
    said = shown(
        document(
            parcel(ShipmentStatus.DELIVERED, 1),
            parcel(ShipmentStatus.IN_TRANSIT, 2),
            parcel(ShipmentStatus.OUT_FOR_DELIVERY, 3, expected_from=None, expected_until=on(0)),
        )
    )
    assert said["headline"]["lead"] == "Parcel 3 of 3: Out for delivery"
    assert [shown_parcel["title"] for shown_parcel in said["parcels"]] == [
        "Parcel 3 of 3",
        "Parcel 2 of 3",
        "Parcel 1 of 3",
    ]
    assert [row["name"] for row in said["strip"]["rows"]] == ["Parcel 3 of 3", "Parcel 2 of 3", "Parcel 1 of 3"]


def test_what_a_carrier_said_of_one_parcel_is_not_promised_for_another() -> None:
    other = parcel(position=2, expected_from=None, expected_until=None)
    said = shown(document(parcel(), other, promise={"earliest": on(1), "latest": on(3)}))
    assert [row["track"].band is None for row in said["strip"]["rows"]] == [False, True]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", ShipmentStatus)
def test_every_status_has_its_words_in_every_language(language: str, status: ShipmentStatus) -> None:
    for said in (document(parcel(status)), document(parcel(status, expected_from=None, expected_until=None))):
        headline = shown(said, language)["headline"]
        assert all(headline.values())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("status", OrderStatus)
def test_every_order_without_a_parcel_has_its_words_in_every_language(language: str, status: OrderStatus) -> None:
    assert all(shown(document(status=status), language)["headline"].values())


# --- parcels and contact ----------------------------------------------------------------------------------------------


def test_three_scans_are_shown_and_the_rest_is_behind_a_word() -> None:
    scans = [
        {"status": "in_transit", "at": (TUESDAY - A_DAY * number).isoformat(), "place": "", "source": "carrier"}
        for number in range(5)
    ]
    (said,) = shown(document(parcel(scans=scans)))["parcels"]
    assert (len(said["scans"]), len(said["more_scans"]), said["scan_count"]) == (3, 2, 5)
    assert said["scans"][0]["time"] == "Tue 24 Nov, 11:00"


@pytest.mark.parametrize(
    ("status", "reached"),
    [
        (ShipmentStatus.UNKNOWN, 1),
        (ShipmentStatus.PICKED_UP, 2),
        (ShipmentStatus.OUT_FOR_DELIVERY, 3),
        (ShipmentStatus.DELIVERED, 4),
    ],
)
def test_the_route_is_thick_up_to_where_the_parcel_stands(status: ShipmentStatus, reached: int) -> None:
    (said,) = shown(document(parcel(status)))["parcels"]
    stands = [stop["stands"] for stop in said["route"]]
    assert stands == ["done"] * reached + ["now"] + [""] * (4 - reached)


def test_a_parcel_at_the_pick_up_point_says_so_on_its_route() -> None:
    (said,) = shown(document(parcel(ShipmentStatus.READY_FOR_PICKUP)))["parcels"]
    assert said["route"][3] == {"label": "Ready to collect", "stands": "now"}
    assert shown(document(parcel(ShipmentStatus.LOST)))["parcels"][0]["route"] == []


def test_each_parcel_shows_what_is_in_it_when_there_are_several() -> None:
    both = shown(document(parcel(), parcel(position=2, items=[["1", 2], ["gone", 1]])))["parcels"]
    assert [[line["quantity"] for line in said["lines"]] for said in both] == [[1], [2]]
    assert shown(document(parcel()))["parcels"][0]["lines"] == []


@pytest.mark.parametrize(
    "said",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example", "https://", "http://[", ""],
)
def test_only_web_addresses_become_links(said: str) -> None:
    assert web_address(said) == ""
    assert web_address("https://carrier.example/x?y=1") == "https://carrier.example/x?y=1"
