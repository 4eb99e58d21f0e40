"""The pages as people meet them: in a real browser, on a phone and on a wide screen, light and dark, with script and without."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from werkzeug.wrappers import Request, Response

from app.domain.shops.rules import ShopFacts
from app.events import Line, OrderStatus, ShipmentStatus
from tests.builders import NOON, a_parcel, a_scan, an_order
from tests.web.live import Later, serve
from tests.web.staging import House, delivery
from tests.web.test_embed import by_plugin

pytestmark = pytest.mark.browser

A_DAY = timedelta(days=1)
SCREENS = {
    "phone": {"viewport": {"width": 390, "height": 844}},
    "narrow": {"viewport": {"width": 320, "height": 640}},
    "wide": {"viewport": {"width": 1280, "height": 900}},
    "dark": {"viewport": {"width": 390, "height": 844}, "color_scheme": "dark"},
}
WATCH = """
window.seen = { violations: [], shift: 0 };
addEventListener("securitypolicyviolation", (event) => seen.violations.push(`${event.violatedDirective} ${event.blockedURI}`));
new PerformanceObserver((list) => { for (const entry of list.getEntries()) seen.shift += entry.value; })
  .observe({ type: "layout-shift", buffered: true });
"""
SETTINGS = {
    "sender_address": "hallo@nebelkamp.example",
    "phone": "0000 00 00 00",
    "hours": "montags bis freitags",
    "brand_colour": "#f2b90c",
    "returns_url": "https://shop.example/returns",
    "earliest_days": 2,
    "latest_days": 4,
}
LINES = (
    Line(ref="1", title="Espresso Nachtzug", variant="500 g, ganze Bohne", quantity=2, total=2900),
    Line(ref="2", title="Handmühle Kolk", quantity=1, total=8900),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """A shop with orders in every state, at a real address."""

    house: House
    shop: ShopFacts
    address: str
    storefront: str
    pages: Later

    def track(self, ref: str) -> str:
        return self.address + self.house.track(self.shop, ref)


@pytest.fixture
def stage(build: Callable[..., House]) -> Iterator[Stage]:
    with serve() as (address, app), serve() as (storefront, pages):
        house = build(public_url=address)
        app.app = house.app
        shop = house.shop(base_url=storefront, settings=SETTINGS, policies={"returns": "https://shop.example/returns"})
        fill(house, shop)
        yield Stage(house, shop, address, storefront, pages)


def fill(house: House, shop: ShopFacts) -> None:
    soon = {"expected_from": (NOON + A_DAY).date(), "expected_until": (NOON + 3 * A_DAY).date()}
    under_way = [
        a_scan(ShipmentStatus.IN_TRANSIT, -timedelta(hours=hours), place=place)
        for hours, place in ((50, "Hamburg"), (30, "Hannover"), (20, "Kassel"), (5, "Leipzig"))
    ]
    parcel = a_parcel(number="PR 7730", tracking_url="https://carrier.example/x", shipped_at=NOON - 3 * A_DAY, **soon)
    house.tell(shop, an_order(lines=LINES), parcel, *under_way)
    house.tell(shop, an_order("1002", lines=LINES, language="sv"))
    two = [a_parcel("1003", ref=f"1003/{number}", number=f"A{number}", items=((str(number), 1),)) for number in (1, 2)]
    house.tell(shop, an_order("1003", lines=LINES, language="en"), *two)
    house.tell(shop, a_scan(ShipmentStatus.DELIVERED, -timedelta(hours=1), "1003/1"))
    house.tell(shop, an_order("1004", lines=LINES, language="zh-Hant", status=OrderStatus.CANCELLED))
    late = a_parcel("1005", ref="1005/1", expected_until=(NOON - A_DAY).date(), shipped_at=NOON - 5 * A_DAY)
    house.tell(
        shop, an_order("1005", lines=LINES, language="cs"), late, a_scan(ShipmentStatus.DELAYED, -A_DAY, "1005/1")
    )


def opened(browser: Browser, **how: Any) -> Page:
    page = browser.new_context(**how).new_page()
    page.add_init_script(WATCH)
    return page


def assert_well(page: Page) -> None:
    """No accessibility finding, nothing wider than the screen, nothing that the page's own policy forbids. The policy is asked
    first: the examiner brings a style of its own."""
    assert page.evaluate("seen.violations") == []
    found = Axe().run(page).response["violations"]
    assert [(finding["id"], [node["html"] for node in finding["nodes"]]) for finding in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


# --- the shopper's page -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", SCREENS)
def test_the_tracking_page_is_well_in_every_state(stage: Stage, chromium: Browser, screen: str) -> None:
    page = opened(chromium, **SCREENS[screen])
    for ref in ("1001", "1002", "1003", "1004", "1005"):
        page.goto(stage.track(ref))
        assert_well(page)
    page.goto(f"{stage.address}/t/nothing")
    assert_well(page)
    page.context.close()


def test_without_script_everything_is_there(stage: Stage, chromium: Browser) -> None:
    page = chromium.new_context(java_script_enabled=False).new_page()
    page.goto(stage.track("1001"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Mittwoch")
    expect(page.get_by_text("Leipzig")).to_be_visible()
    expect(page.get_by_text("Hamburg")).to_be_hidden()
    page.get_by_text("Alle Schritte (4)").click()
    expect(page.get_by_text("Hamburg")).to_be_visible()
    page.get_by_role("link", name="English").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Wednesday")
    page.context.close()


def test_with_script_the_page_refreshes_itself_and_keeps_what_was_opened(stage: Stage, chromium: Browser) -> None:
    page = opened(chromium)
    page.goto(stage.track("1001"))
    page.get_by_text("Alle Schritte (4)").click()
    page.locator("body").click(position={"x": 1, "y": 1})
    stage.house.tell(stage.shop, a_scan(ShipmentStatus.OUT_FOR_DELIVERY, timedelta(), place="Dresden"))
    page.evaluate("document.activeElement.blur(); document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_text("Dresden")).to_be_visible()
    expect(page.get_by_text("Hamburg")).to_be_visible()
    assert page.title().startswith("Mittwoch")
    assert_well(page)
    page.context.close()


# --- the block in a theme ---------------------------------------------------------------------------------------------


def theme(stage: Stage, query: dict[str, str], *, above: int = 0, policy: str = "") -> Callable[..., Any]:
    """An order page of a storefront, with the markup that a plugin prints, under the strictest policy there is."""
    source = f"{stage.address}/w/woocommerce/tracking?{urlencode(query)}".replace("&", "&amp;")
    html = f"""<!doctype html><html lang="en"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Order</title><link rel="icon" href="data:,"><link rel="stylesheet" href="/theme.css">
<script type="module" src="{stage.address}/embed/loader.js"></script>
<main><h1>Your order</h1><div class="above"></div>
<encore-tracking src="{source}"><a href="{stage.address}/t/x">Track your order</a></encore-tracking><p>Below</p></main></html>"""
    style = f"""body {{ margin: 0; padding: 1rem; background: #fdf6e3; color: #123456; font-family: Georgia, serif }}
h2, h3 {{ text-transform: uppercase }} ol {{ padding-left: 5rem }} .above {{ height: {above}px }}"""
    allowed = policy or (
        f"default-src 'none'; script-src {stage.address}; style-src 'self' {stage.address}; connect-src {stage.address};"
        " img-src data:; require-trusted-types-for 'script'; trusted-types encore"
    )

    @Request.application
    def answer(request: Request) -> Response:
        if request.path == "/theme.css":
            return Response(style, mimetype="text/css")
        return Response(html, mimetype="text/html", headers={"Content-Security-Policy": allowed})

    return answer


def proof(stage: Stage) -> dict[str, str]:
    return {**by_plugin("1001"), "shop": stage.shop.public_id}


@pytest.mark.parametrize("screen", ["phone", "wide", "dark"])
def test_a_block_stands_in_a_theme_under_a_strict_policy_and_wears_its_clothes(
    stage: Stage, chromium: Browser, screen: str
) -> None:
    stage.pages.app = theme(stage, proof(stage))
    page = opened(chromium, **SCREENS[screen])
    page.goto(stage.storefront)
    block = page.locator("encore-tracking")
    expect(block.get_by_role("heading", name="Mittwoch")).to_be_visible()
    expect(block.get_by_text("Track your order")).to_have_count(0)
    root = block.locator(".encore")
    assert root.evaluate("element => getComputedStyle(element).color") == "rgb(18, 52, 86)"
    assert root.evaluate("element => getComputedStyle(element).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert "Georgia" in root.evaluate("element => getComputedStyle(element).fontFamily")
    assert root.locator(".en-band").evaluate("element => getComputedStyle(element).fill") == "rgb(242, 185, 12)"
    assert root.locator(".en-scans").first.evaluate("element => getComputedStyle(element).paddingLeft") == "0px"
    assert_well(page)
    page.context.close()


def test_a_block_out_of_sight_costs_nothing_and_moves_nothing_when_it_comes(stage: Stage, chromium: Browser) -> None:
    stage.pages.app = theme(stage, proof(stage), above=3_000)
    page = opened(chromium, **SCREENS["phone"])
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(stage.storefront, wait_until="networkidle")
    assert [url for url in asked if "/w/" in url or "tracking." in url] == []
    page.locator("encore-tracking").scroll_into_view_if_needed()
    expect(page.get_by_role("heading", name="Mittwoch")).to_be_visible()
    assert page.evaluate("seen.shift") < 0.1
    page.context.close()


@pytest.mark.parametrize("fault", ["wrong proof", "policy"])
def test_when_the_block_cannot_come_the_link_stays(stage: Stage, chromium: Browser, fault: str) -> None:
    query = {**proof(stage), "signature": "0" * 64} if fault == "wrong proof" else proof(stage)
    closed = f"default-src 'none'; script-src {stage.address}/embed/loader.js; style-src 'self'; img-src data:"
    stage.pages.app = theme(stage, query, policy=closed if fault == "policy" else "")
    page = opened(chromium, **SCREENS["phone"])
    page.goto(stage.storefront)
    block = page.locator("encore-tracking")
    expect(block).to_have_class("is-error")
    expect(block.get_by_role("link", name="Track your order")).to_be_visible()
    assert block.evaluate("element => element.style.minBlockSize") == ""
    page.context.close()


def test_a_block_that_comes_before_its_order_looks_again(stage: Stage, chromium: Browser) -> None:
    stage.pages.app = theme(stage, {**by_plugin("2001"), "shop": stage.shop.public_id})
    page = opened(chromium, **SCREENS["phone"])
    page.goto(stage.storefront)
    block = page.locator("encore-tracking")
    expect(block).to_have_class("is-error")
    stage.house.tell(stage.shop, an_order("2001", lines=LINES))
    expect(block.get_by_text("#2001").first).to_be_visible(timeout=10_000)
    page.context.close()


# --- the console ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", SCREENS)
def test_the_console_is_well_on_every_screen(stage: Stage, chromium: Browser, screen: str) -> None:
    page = opened(chromium, **SCREENS[screen])
    post(stage)
    token = stage.house.link("console", stage.shop.public_id, screen)
    page.goto(f"{stage.address}/console/enter/{token}")
    assert_well(page)
    for link in ("Orders", "Deliveries"):
        page.get_by_role("navigation").get_by_role("link", name=link).click()
        expect(page.get_by_role("heading", level=1, name=link)).to_be_visible()
        assert_well(page)
    page.get_by_role("navigation").get_by_role("link", name="Orders").click()
    page.get_by_label("Order number").fill("1001")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name="#1001").click()
    expect(page.get_by_role("heading", level=1, name="#1001, Anna M.")).to_be_visible()
    assert_well(page)
    page.goto(f"{stage.address}/console/nobody/orders")
    assert_well(page)
    page.context.close()


def post(stage: Stage) -> None:
    path = f"/hooks/woocommerce/{stage.shop.public_id}"
    assert stage.house.client().post(path, data=b"x", headers=delivery(b"x")).status_code == 200
