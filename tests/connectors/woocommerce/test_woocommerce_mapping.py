"""Recorded orders become facts: money, moments, names, and what a status means."""

from __future__ import annotations

from typing import Any

import pytest

from app.connectors.woocommerce.mapping import is_draft, order_from, ships
from app.events import Address, Channel, OrderStatus
from tests.connectors.woocommerce.recorded import body_of, delivered

PAGES = [
    "orders-list-page1",
    "orders-list-page3-last",
    "orders-search",
    "orders-by-customer",
    "orders-list-modified-after-gmt",
]


def an_order(**changes: Any) -> dict[str, Any]:
    """The recorded storefront order with other words in it."""
    return {**delivered("order.created-storefront"), **changes}


@pytest.mark.parametrize("name", PAGES)
def test_every_order_of_a_recorded_page_adds_up(name: str) -> None:
    for said in body_of(f"rest/{name}"):
        fact = order_from(said)
        assert fact.subtotal + fact.shipping + fact.tax == fact.total, said["id"]
        assert sum(line.total for line in fact.lines) == fact.subtotal
        assert f"{fact.total / 100:.2f}" == said["total"]
        assert fact.placed_at.isoformat() == said["date_created_gmt"] + "+00:00"
        assert fact.updated_at.isoformat() == said["date_modified_gmt"] + "+00:00"
        assert fact.language is None


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("pending", OrderStatus.PENDING),
        ("failed", OrderStatus.PENDING),
        ("on-hold", OrderStatus.CONFIRMED),
        ("processing", OrderStatus.CONFIRMED),
        ("completed", OrderStatus.COMPLETED),
        ("cancelled", OrderStatus.CANCELLED),
    ],
)
def test_what_a_status_means(word: str, status: OrderStatus) -> None:
    assert order_from(an_order(status=word)).status is status


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("rest/orders-get-refunded", OrderStatus.REFUNDED),
        ("rest/orders-get-partially-refunded", OrderStatus.CONFIRMED),
        ("rest/orders-delete-force", OrderStatus.DELETED),
    ],
)
def test_a_refunded_order_and_one_in_the_bin(name: str, status: OrderStatus) -> None:
    assert order_from(body_of(name)).status is status


PAID = "2026-11-21T22:30:26"


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"date_paid_gmt": PAID}, OrderStatus.CONFIRMED),
        ({"date_completed_gmt": PAID}, OrderStatus.CONFIRMED),
        ({"payment_method": "cod"}, OrderStatus.CONFIRMED),
        ({}, OrderStatus.PENDING),
    ],
)
def test_a_plugins_own_status_counts_when_the_order_was_paid_or_will_be_at_the_door(
    changes: dict[str, str], status: OrderStatus
) -> None:
    assert order_from(an_order(**{"status": "packed", "payment_method": "bacs", **changes})).status is status


def test_an_open_checkout_page_is_a_draft_and_a_placed_order_is_none() -> None:
    assert is_draft(body_of("rest/orders-get-checkout-draft"))
    assert is_draft(an_order(status="auto-draft"))
    assert not is_draft(body_of("rest/orders-get-storefront"))


# --- money ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("currency", "total", "minor"),
    [("EUR", "59.78", 5978), ("JPY", "5978", 5978), ("KWD", "5.978", 5978), ("eur", 12, 1200)],
)
def test_money_counts_in_the_smallest_piece_of_its_currency(currency: str, total: Any, minor: int) -> None:
    fact = order_from(an_order(currency=currency, total=total))
    assert (fact.currency, fact.total) == (currency.upper(), minor)


def test_prices_that_hold_their_tax_are_told_with_it() -> None:
    fact = order_from(an_order(prices_include_tax=True))
    assert (fact.lines[0].total, fact.subtotal, fact.shipping, fact.tax) == (5264, 5264, 714, 1038)
    assert fact.subtotal + fact.shipping == fact.total


def test_a_gift_wrap_is_a_line_of_the_receipt_that_nobody_sends() -> None:
    wrap = order_from(body_of("rest/orders-get-tracking-meta")).lines[-1]
    assert (wrap.title, wrap.total, wrap.quantity, wrap.requires_shipping) == ("Gift wrap", 350, 1, False)


def test_a_discount_is_told_beside_lines_that_already_lack_it() -> None:
    said = next(order for order in body_of("rest/orders-list-page3-last") if order["id"] == 45)
    fact = order_from(said)
    assert (fact.discount, fact.lines[0].total) == (650, 5850)


# --- people, places and names -----------------------------------------------------------------------------------------


def test_a_guest_is_no_customer_and_a_customer_is_one() -> None:
    assert order_from(an_order(customer_id=0)).customer_ref is None
    assert order_from(an_order(customer_id=8)).customer_ref == "8"


def test_the_parcel_goes_to_the_shipping_address() -> None:
    shipping = {
        "first_name": "陳",
        "last_name": "大文",
        "address_1": "Domkloster 4",
        "address_2": "2. OG",
        "city": "Köln",
    }
    rest = {"company": "M&uuml;ller &amp; Co", "state": "NW", "postcode": "50667", "country": "de"}
    assert order_from(an_order(shipping={**shipping, **rest})).address == Address(
        name="陳 大文",
        company="Müller & Co",
        street=("Domkloster 4", "2. OG"),
        city="Köln",
        postcode="50667",
        region="NW",
        country="DE",
    )


def test_without_a_shipping_address_it_goes_to_the_billing_address() -> None:
    empty = {"first_name": "", "address_1": "", "city": "", "postcode": "", "country": "CZ"}
    fact = order_from(an_order(shipping=empty))
    assert fact.address is not None
    assert fact.address.street == ("Dlouhá 12",)


def test_without_any_there_is_none() -> None:
    fact = order_from(an_order(shipping=[], billing={"country": "CZ", "email": "not an address"}))
    assert (fact.address, fact.email, fact.phone, fact.first_name) == (None, None, None, None)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Apron <b>Chef's</b> &amp; Co.", "Apron Chef's & Co."),
        ("<script>alert(1)</script>Mug", "Mug"),
        ("Size 5 < 6 &lt;b&gt;", "Size 5 < 6 <b>"),
        ("Mug\x00\u0085\n\tblue", "Mug blue"),
        ("<![if x]>Mug<!-- old -->", "Mug"),
        ("陶瓷茶壺 Teapot", "陶瓷茶壺 Teapot"),
    ],
)
def test_a_name_is_told_as_a_reader_would_see_it(name: str, shown: str) -> None:
    line = {**delivered("order.created-storefront")["line_items"][0], "name": name}
    assert order_from(an_order(line_items=[line])).lines[0].title == shown


def test_a_variation_is_its_product_and_what_was_chosen() -> None:
    said = next(order for order in body_of("rest/orders-list-page3-last") if order["id"] == 44)
    line = order_from(said).lines[1]
    assert (line.title, line.variant, line.product_ref, line.variant_ref) == (
        "Tričko Åsa",
        "S, Černá",
        str(said["line_items"][1]["product_id"]),
        "36",
    )


def test_a_variation_with_many_attributes_names_them_in_its_meta() -> None:
    meta = [{"key": "size", "display_value": "S"}, {"key": "_reduced_stock", "display_value": "1"}, {"key": "fit"}]
    line = {"id": 5, "name": "Shirt", "parent_name": "Shirt", "variation_id": 7, "quantity": 1.5, "meta_data": meta}
    (told,) = order_from(an_order(line_items=[line])).lines
    assert (told.title, told.variant, told.quantity) == ("Shirt", "S", 2)


@pytest.mark.parametrize(("number", "told"), [("2026-0042", "#2026-0042"), ("#7", "#7"), ("", "#84"), (None, "#84")])
def test_a_number_stands_behind_its_sign(number: Any, told: str) -> None:
    assert order_from(an_order(number=number)).number == told


@pytest.mark.parametrize(
    ("source", "told"),
    [("https://shop.example/a.png", "https://shop.example/a.png"), ("javascript:alert(1)", ""), (5, "")],
)
def test_only_a_web_address_is_a_picture(source: Any, told: str) -> None:
    line = {**delivered("order.created-storefront")["line_items"][0], "image": {"src": source}}
    assert order_from(an_order(line_items=[line])).lines[0].image_url == told


def test_lines_that_could_not_be_told_apart_are_told_once() -> None:
    lines = [
        {"id": 5, "name": "Mug", "quantity": 1},
        {"id": 5, "name": "Mug", "quantity": 1},
        {"name": "No id", "quantity": 1},
    ]
    assert [line.title for line in order_from(an_order(line_items=lines)).lines] == ["Mug"]


# --- sent or not ------------------------------------------------------------------------------------------------------


def test_a_download_and_a_pickup_are_not_sent() -> None:
    assert not ships(body_of("rest/orders-create-downloadable"))
    assert not ships(next(order for order in body_of("rest/orders-list-page3-last") if order["id"] == 49))
    assert ships(body_of("rest/orders-get-storefront"))
    assert [line.requires_shipping for line in order_from(body_of("rest/orders-create-downloadable")).lines] == [False]


@pytest.mark.parametrize(
    ("made", "channel"),
    [
        ("", Channel.ONLINE),
        ("checkout", Channel.ONLINE),
        ("store-api", Channel.ONLINE),
        ("subscription", Channel.ONLINE),
        ("admin", Channel.DRAFT),
        ("pos-rest-api", Channel.POS),
        ("woocommerce-pos", Channel.POS),
        ("ebay", Channel.MARKETPLACE),
        ("instagram", Channel.MARKETPLACE),
        ("rest-api", Channel.OTHER),
        ("some-app", Channel.OTHER),
    ],
)
def test_where_an_order_was_made(made: str, channel: Channel) -> None:
    fact = order_from(an_order(created_via=made))
    assert (fact.channel, fact.channel_name) == (channel, made)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("_wpla_amazon_order_id", "amazon"),
        ("_ebay_order_id", "ebay"),
        ("_ced_etsy_order_id", "etsy"),
        ("_codisto_orderid", "codisto"),
    ],
)
def test_a_marketplaces_own_number_tells_whatever_made_the_order(key: str, name: str) -> None:
    marked = an_order(created_via="rest-api", meta_data=[{"id": 1, "key": key, "value": "302-1"}])
    fact = order_from(marked)
    assert (fact.channel, fact.channel_name) == (Channel.MARKETPLACE, name)
    empty = an_order(created_via="checkout", meta_data=[{"id": 1, "key": key, "value": ""}])
    assert order_from(empty).channel is Channel.ONLINE


def test_codes_are_told_as_the_store_keeps_them() -> None:
    lines = [{"id": 8, "code": "welcome10"}, {"id": 9, "code": "žluťoučký"}, {"id": 10, "code": "welcome10"}, {}]
    assert order_from(an_order(coupon_lines=lines)).discount_codes == ("welcome10", "žluťoučký")
