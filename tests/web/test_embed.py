"""What storefronts load: files that may be cached, and blocks for those whom a platform vouches for."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import Any
from urllib.parse import urlencode

import pytest

from app.web.assets import STATIC, WIDGET_FOLDER
from app.widgets import WIDGETS
from tests.builders import a_parcel, an_order
from tests.web.staging import APP_SECRET, SECRET, House

EMBEDDED = ("loader.js", *(f"{slug}.{kind}" for slug in WIDGETS for kind in ("js", "css")))
ORIGIN = "https://shop.example"


def by_plugin(order: str, life: int = 600, secret: str = SECRET) -> dict[str, str]:
    """What the plugin's shortcode prints."""
    expires = str(int(time.time()) + life)
    signature = hmac.new(secret.encode(), f"{order}\n{expires}".encode(), hashlib.sha256).hexdigest()
    return {"order": order, "expires": expires, "signature": signature}


def by_proxy(shop: str, order: str, customer: str, **changes: str) -> dict[str, str]:
    """What the storefront's proxy hands on."""
    query = {
        "order": order,
        "shop": shop,
        "path_prefix": "/apps/encore",
        "timestamp": str(int(time.time())),
        "logged_in_customer_id": customer,
    }
    message = "".join(f"{name}={value}" for name, value in sorted(query.items()))
    return {
        **query,
        "signature": hmac.new(APP_SECRET.encode(), message.encode(), hashlib.sha256).hexdigest(),
        **changes,
    }


def ask(house: House, platform: str, query: dict[str, str], origin: str = ORIGIN) -> Any:
    return house.client().get(f"/w/{platform}/tracking?{urlencode(query)}", headers={"Origin": origin})


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedded_file_may_be_loaded_from_anywhere_and_kept(house: House, name: str) -> None:
    client = house.client()
    answer = client.get(f"/embed/{name}")
    tag = answer.headers["ETag"]
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "max-age=300" in answer.headers["Cache-Control"]
    versioned = client.get(f"/embed/{name}", query_string={"v": tag.strip('"')})
    assert "immutable" in versioned.headers["Cache-Control"]
    assert client.get(f"/embed/{name}", headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize("path", [STATIC / "loader.js", *(WIDGET_FOLDER / slug / f"{slug}.js" for slug in WIDGETS)])
def test_no_script_is_bigger_than_three_kilobytes(path: Any) -> None:
    assert len(path.read_bytes()) <= 3 * 1024


def test_an_unknown_file_or_widget_is_not_there(house: House) -> None:
    client = house.client()
    for path in ("/embed/nothing.js", "/embed/..%2fmain.py", "/w/woocommerce/nothing", "/w/magento/tracking"):
        assert client.get(path).status_code == 404


def test_the_holder_of_an_order_sees_its_block(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order("1001"), a_parcel("1001", number="00340"))
    answer = ask(house, "woocommerce", {**by_plugin("1001"), "shop": shop.public_id})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "00340" in page


def test_a_block_brings_no_style_and_no_script_of_its_own(house: House) -> None:
    """So that it stands under the strictest policy a shop may have."""
    shop = house.shop()
    house.tell(shop, an_order(), a_parcel(number="00340"))
    page = ask(house, "woocommerce", {**by_plugin("1001"), "shop": shop.public_id}).get_data(as_text=True)
    assert not re.search(r"\sstyle=|<style|<script|\son[a-z]+=|<h1", page)
    assert page.lstrip().startswith('<div class="encore en-theme"')


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://shop.example",
        "https://shop.example.evil.example",
        "https://www.shop.example",
        "https://shop.example:8443",
    ],
)
def test_other_origins_may_not_read_it(house: House, origin: str) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    answer = ask(house, "woocommerce", {**by_plugin("1001"), "shop": shop.public_id}, origin)
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_whatever_does_not_fit_is_the_same_nothing(house: House) -> None:
    shop, other = house.shop(), house.shop("other.example")
    house.tell(shop, an_order("1001"))
    house.tell(other, an_order("2002"))
    good = {**by_plugin("1001"), "shop": shop.public_id}
    assert ask(house, "woocommerce", good).status_code == 200
    nothing = ask(house, "woocommerce", {**by_plugin("999999"), "shop": shop.public_id})
    assert nothing.status_code == 404
    for query in (
        {**good, "signature": "0" * 64},
        {**good, "order": "1002"},
        {**good, "shop": other.public_id},
        {**good, "shop": ""},
        {**by_plugin("2002"), "shop": shop.public_id},
        {**by_plugin("1001", life=-5), "shop": shop.public_id},
        {**by_plugin("1001", secret="wrong"), "shop": shop.public_id},
        {"shop": shop.public_id, "order": "1001"},
    ):
        answer = ask(house, "woocommerce", query)
        assert (answer.status_code, answer.data) == (404, nothing.data), query


def test_the_shop_that_counts_is_the_one_that_was_signed(house: House) -> None:
    """One secret signs for all shops of a platform: what a visitor adds to the query must not choose among them."""
    mine, other = (house.shop(f"{name}.myshopify.com", platform="shopify") for name in ("mine", "other"))
    house.tell(other, an_order("1001", customer_ref="77"))
    signed_for = f"{other.domain},{mine.domain}"
    signature = by_proxy(signed_for, "1001", "77")["signature"]
    query = [("shop", other.domain), *by_proxy(mine.domain, "1001", "77", signature=signature).items()]
    assert house.client().get(f"/w/shopify/tracking?{urlencode(query)}").status_code == 404
    assert ask(house, "shopify", by_proxy(other.domain, "1001", "77")).status_code == 200


def test_a_customer_sees_his_own_orders_and_nobody_elses(house: House) -> None:
    shop = house.shop("beans.myshopify.com", platform="shopify")
    house.tell(shop, an_order("1001", customer_ref="77"), an_order("1002", customer_ref="88"), an_order("1003"))

    def status(order: str, customer: str, **changes: str) -> int:
        return ask(house, "shopify", by_proxy("beans.myshopify.com", order, customer, **changes)).status_code

    assert status("1001", "77") == 200
    assert [status("1002", "77"), status("1003", "77"), status("1001", ""), status("9", "77")] == [404] * 4
    assert status("1001", "77", logged_in_customer_id="88") == 404
    forged = {**by_proxy("beans.myshopify.com", "1002", "77"), "order": "1001"}
    assert ask(house, "shopify", forged).status_code == 404
