"""The app proxy: what reaches the app, what comes back, and for whom it vouches."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from app.connectors.base import Inbound
from app.connectors.shopify import CONNECTOR
from app.kernel.clock import SystemClock
from sandbox.shopify.application import application
from sandbox.shopify.proxy import signature
from tests.sandbox.receiver import Receiver, receiver
from tests.sandbox.shops import KEYS, Fair

SECRETS = [KEYS.client_secret.encode()]


@pytest.fixture
def encore() -> Iterator[Receiver]:
    with receiver() as state:
        state.answer = b"<p>On its way</p>"
        state.headers = {"Content-Type": "text/html", "Set-Cookie": "a=b", "ETag": '"7"'}
        yield state


def test_the_signature_is_the_one_that_the_platform_documents() -> None:
    query = [("extra", "1"), ("extra", "2"), ("shop", "shop-name.myshopify.com"), ("logged_in_customer_id", "1")]
    query += [("path_prefix", "/apps/awesome_reviews"), ("timestamp", "1317327555")]
    assert signature(query, "hush") == "4c68c8624d737112c91818c11017d24d334b524cb5c2b8ba08daa056f7395ddb"


def test_whoever_opened_an_orders_page_is_vouched_for_as_its_customer(encore: Receiver) -> None:
    fair = Fair(encore_url=encore.url)
    order = fair.buy(fair.clothes)
    client = application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy).app.test_client()
    assert client.get(f"/orders/{order.id}?key={order.key}").status_code == 200
    answer = client.get(f"/apps/encore/tracking?order={order.id}")
    assert (answer.status_code, answer.data, answer.headers["ETag"]) == (200, b"<p>On its way</p>", '"7"')
    assert "Set-Cookie" not in answer.headers
    (got,) = encore.got
    assert "cookie" not in got.headers
    assert got.headers["x-forwarded-host"] == KEYS.domain
    address = urlsplit(got.path)
    assert address.path == "/w/shopify/tracking"
    query = dict(parse_qsl(address.query, keep_blank_values=True))
    assert (query["shop"], query["path_prefix"], query["order"]) == (KEYS.domain, "/apps/encore", str(order.id))
    assert abs(int(query["timestamp"]) - time.time()) < 5
    visitor = CONNECTOR.authenticate(Inbound(query=query), SECRETS, SystemClock().now())
    assert visitor.customer_ref == str(order.customer.ref)


@pytest.mark.parametrize("order_id", ["", "x", "1"])
def test_nobody_is_logged_in_anywhere_else(encore: Receiver, order_id: str) -> None:
    fair = Fair(encore_url=encore.url)
    fair.buy(fair.clothes)
    client = application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy).app.test_client()
    client.get(f"/apps/encore/tracking?order={order_id}")
    query = dict(parse_qsl(urlsplit(encore.got[0].path).query, keep_blank_values=True))
    assert query["logged_in_customer_id"] == ""
    CONNECTOR.authenticate(Inbound(query=query), SECRETS, SystemClock().now())


def test_a_posted_form_is_forwarded_as_it_is(encore: Receiver) -> None:
    fair = Fair(encore_url=encore.url)
    client = application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy).app.test_client()
    client.post("/apps/encore/returns", data={"why": "too tight"})
    (got,) = encore.got
    assert (got.method, got.body) == ("POST", b"why=too+tight")


def test_an_app_that_does_not_answer_is_a_502() -> None:
    fair = Fair()
    client = application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy).app.test_client()
    assert client.get("/apps/encore/tracking?order=1").status_code == 502
