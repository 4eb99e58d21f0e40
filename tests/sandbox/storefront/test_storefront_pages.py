"""The shops' pages: what a customer sees, what the button does, and what the browser may load."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.crypto import hmac_sha256
from sandbox.shopify.application import application
from sandbox.storefront import pages
from sandbox.storefront.looks import MORROW_AND_FEN, NEBELKAMP
from sandbox.storefront.widget import Pairing, shortcode
from sandbox.world import Order, OrderState, Store
from tests.sandbox.shops import KEYS, Fair

ENCORE = "http://127.0.0.1:9"


@dataclass(slots=True)
class Front:
    fair: Fair
    store: Store
    client: FlaskClient

    def page(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return answer.text


def clothes_shop() -> Front:
    fair = Fair()
    app = application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy).app
    return Front(fair, fair.clothes, app.test_client())


def coffee_shop(pairing: Pairing | None = Pairing("shop-1", b"paired")) -> Front:  # noqa: B008 (frozen)
    fair = Fair()
    app = Flask(__name__, static_folder=None)
    widget = shortcode(ENCORE, lambda: pairing, NEBELKAMP.words["track"])
    pages.mount(app, fair.stage, fair.coffee, NEBELKAMP, fair.buy, widget)
    return Front(fair, fair.coffee, app.test_client())


both = pytest.mark.parametrize("open_shop", [coffee_shop, clothes_shop])


def path_of(order: Order) -> str:
    return f"/orders/{order.id}?key={order.key}"


@both
def test_the_home_page_shows_every_product(open_shop: Callable[[], Front]) -> None:
    front = open_shop()
    html = front.page("/")
    for product in front.store.products.values():
        assert f"/products/{product.handle}" in html
        assert front.client.get(f"/pictures/{product.handle}.svg").mimetype == "image/svg+xml"
        assert product.description in front.page(f"/products/{product.handle}").replace("&#39;", "'")


@both
def test_a_page_loads_nothing_from_elsewhere(open_shop: Callable[[], Front]) -> None:
    front = open_shop()
    order = front.fair.buy(front.store)
    for path in ("/", "/orders", path_of(order)):
        addresses = re.findall(r'(?:src|href)="(https?://[^"/]+(?::\d+)?)', front.page(path))
        assert set(addresses) <= {ENCORE}


@both
def test_every_page_forbids_all_but_the_shop_and_encore(open_shop: Callable[[], Front]) -> None:
    front = open_shop()
    for path in ("/", "/products/nothing", "/theme/shop.css"):
        answer = front.client.get(path)
        answer.close()  # a style sheet is an open file
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert f"script-src {ENCORE};" in policy
        assert f"style-src 'self' {ENCORE};" in policy
        assert "unsafe" not in policy


@both
def test_the_button_places_an_order_and_opens_its_page(open_shop: Callable[[], Front]) -> None:
    front = open_shop()
    answer = front.client.post("/buy")
    assert answer.status_code == 303
    (order,) = front.store.orders.values()
    assert answer.headers["Location"] == path_of(order)


def test_a_product_is_bought_in_the_chosen_size_and_language() -> None:
    front = clothes_shop()
    variant = next(iter(front.store.products.values())).variants[3]
    answer = front.client.post("/buy", data={"variant": str(variant.id), "language": "sv"})
    assert answer.status_code == 303
    (order,) = front.store.orders.values()
    assert [line.variant_id for line in order.lines] == [variant.id]
    assert order.customer.language == "sv"


@pytest.mark.parametrize("form", [{"variant": "1"}, {"variant": "x"}, {"language": "tlh"}])
def test_what_the_shop_does_not_sell_or_speak_is_a_bad_request(form: dict[str, str]) -> None:
    front = clothes_shop()
    assert front.client.post("/buy", data=form).status_code == 400
    assert front.store.orders == {}


@both
def test_an_orders_page_shows_number_lines_and_total(open_shop: Callable[[], Front]) -> None:
    front = open_shop()
    order = front.fair.buy(front.store)
    html = front.page(path_of(order))
    assert order.number in html
    for line in order.lines:
        assert f"{line.quantity} × {line.title}" in html
    sum_of = {"woocommerce": "34,60\xa0€", "shopify": "£358.90"}[front.store.slug]
    assert sum_of in html


@both
def test_an_order_opens_with_its_whole_key_only(open_shop: Callable[[], Front]) -> None:
    front = open_shop()
    order = front.fair.buy(front.store)
    for path in (f"/orders/{order.id}", f"/orders/{order.id}?key={order.key[:-1]}", f"/orders/1{order.id}?key=x"):
        answer = front.client.get(path)
        assert answer.status_code == 404
        assert front.store.profile.name.replace("&", "&amp;") in answer.text
    order.status = OrderState.DRAFT
    assert front.client.get(path_of(order)).status_code == 404


@both
def test_the_link_of_the_letters_leads_to_the_shops_words_on_returns(open_shop: Callable[[], Front]) -> None:
    words = {"woocommerce": "Rücksendungen", "shopify": "Returns"}
    front = open_shop()
    assert f"<h1>{words[front.store.slug]}</h1>" in front.page("/returns")


@both
def test_the_newest_orders_are_listed_first(open_shop: Callable[[], Front]) -> None:
    front = open_shop()
    first = front.fair.buy(front.store)
    front.fair.later(hours=1)
    second = front.fair.buy(front.store)
    html = front.page("/orders").replace("&amp;", "&")
    assert 0 < html.index(path_of(second)) < html.index(path_of(first))


def test_a_parcels_way_shows_in_the_orders_state() -> None:
    front = clothes_shop()
    order = front.fair.buy(front.store)
    assert "being packed" in front.page("/orders")
    parcel = front.store.send(order, "DHL", "00340434161095000012")
    assert "on its way" in front.page("/orders")
    order.parcels.remove(parcel)
    front.fair.sent(order)
    assert "delivered" in front.page("/orders")


def test_both_shops_have_all_the_words() -> None:
    assert NEBELKAMP.words.keys() | {"language"} == MORROW_AND_FEN.words.keys()  # one of them carries no language


# --- the widget -------------------------------------------------------------------------------------------------------


def test_the_theme_block_asks_its_own_origin() -> None:
    front = clothes_shop()
    order = front.fair.buy(front.store)
    html = front.page(path_of(order))
    source = f"/apps/encore/tracking?order={order.id}"
    assert f'<script type="module" src="{ENCORE}/embed/loader.js"></script>' in html
    assert f'<encore-tracking src="{source}"><a href="{source}">Track your order</a></encore-tracking>' in html


def test_the_shortcode_signs_the_order_and_an_end() -> None:
    front = coffee_shop()
    order = front.fair.buy(front.store)
    html = front.page(path_of(order)).replace("&amp;", "&")
    pattern = rf'src="{ENCORE}/w/woocommerce/tracking\?shop=shop-1&order=(\d+)&expires=(\d+)&signature=([0-9a-f]+)"'
    found = re.search(pattern, html)
    assert found
    order_id, expires, signature = found.groups()
    assert order_id == str(order.id)
    assert signature == hmac_sha256(b"paired", f"{order_id}\n{expires}".encode()).hex()
    assert "Sendung verfolgen" in html


def test_a_shop_that_is_not_connected_says_so() -> None:
    front = coffee_shop(pairing=None)
    html = front.page(path_of(front.fair.buy(front.store)))
    assert "<encore-tracking" not in html
    assert NEBELKAMP.words["unconnected"] in html
