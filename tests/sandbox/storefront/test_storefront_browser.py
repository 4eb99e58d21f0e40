"""In a real browser: the widget comes in through the proxy under the shop's strict policy, and nothing complains."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from sandbox.serving import Server
from sandbox.shopify.application import application
from tests.sandbox.receiver import Got, Receiver, receiver
from tests.sandbox.shops import KEYS, Fair

pytestmark = pytest.mark.browser

LOADER = b"""
const element = document.querySelector("encore-tracking");
const answer = await fetch(element.getAttribute("src"));
element.innerHTML = await answer.text();
"""


@dataclass(slots=True)
class Open:
    fair: Fair
    shop: Server
    encore: Receiver


@pytest.fixture
def opened() -> Iterator[Open]:
    """The clothing shop on a real port, with an Encore that serves a loader and one sentence."""
    with receiver() as encore:
        fair = Fair(encore_url=encore.url)
        shop = Server()
        shop.start(application(fair.stage, fair.clothes, KEYS, shop.url, fair.buy).app)

        def answer(got: Got) -> int:
            is_loader = got.path == "/embed/loader.js"
            kind = "text/javascript" if is_loader else "text/html"
            encore.answer = LOADER if is_loader else b"<p>Your parcel is on its way.</p>"
            encore.headers = {"Content-Type": kind, "Access-Control-Allow-Origin": "*"}
            return 200

        encore.status = answer
        yield Open(fair, shop, encore)
        shop.stop()


@pytest.fixture(params=[(375, 720), (1200, 800)], ids=["phone", "wide"])
def page(chromium: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    width, height = request.param
    context = chromium.new_context(viewport={"width": width, "height": height})
    yield context.new_page()
    context.close()


def test_a_stranger_buys_and_sees_the_parcel(opened: Open, page: Page) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(opened.shop.url)
    page.get_by_role("button", name="Place an order").click()
    page.get_by_text("Your parcel is on its way.").wait_for()
    assert page.get_by_role("heading", level=1).inner_text() == "Thank you, your order is in"
    customer = next(iter(opened.fair.clothes.orders.values())).customer
    assert f"logged_in_customer_id={customer.ref}" in opened.encore.got[-1].path
    assert complaints == []


def test_pages_fit_their_screen_and_are_accessible(opened: Open, page: Page) -> None:
    order = opened.fair.buy(opened.fair.clothes)
    for path in ("/", "/orders", "/products/fen-overshirt", f"/orders/{order.id}?key={order.key}"):
        page.goto(opened.shop.url + path)
        page.wait_for_load_state("networkidle")
        width = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width == 0, path
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
