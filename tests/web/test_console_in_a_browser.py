"""The merchant's first ten minutes as they are seen: on a phone and on a wide screen, light and dark, with script and without."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Page, expect

from app.domain.shops import service as shops
from app.domain.shops.rules import Settings
from app.events import Resource
from tests.web.staging import House
from tests.web.test_in_a_browser import SCREENS, Stage, assert_well, opened, stage

__all__ = ["stage"]  # a fixture

pytestmark = pytest.mark.browser


def signed_in(stage: Stage, chromium: Browser, screen: str, **how: object) -> Page:
    page = opened(chromium, **{**SCREENS[screen], **how})
    page.goto(f"{stage.address}/console/enter/{stage.house.link('console', stage.shop.public_id, screen)}")
    return page


def tab(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Console").get_by_role("link", name=name, exact=True).click()


@pytest.mark.parametrize("screen", SCREENS)
def test_the_way_to_the_first_message_is_well_on_every_screen(stage: Stage, chromium: Browser, screen: str) -> None:
    page = signed_in(stage, chromium, screen)
    for name, title in (("Start", "Next: "), ("Brand", "Brand"), ("Messages", "Messages"), ("Sync", "")):
        tab(page, name)
        expect(page.get_by_role("heading", level=1).filter(has_text=title)).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert_well(page)
    tab(page, "Messages")
    page.get_by_role("link", name="Thank you for your order", exact=True).click()
    page.get_by_role("link", name="Svenska").click()
    expect(page.frame_locator("iframe").get_by_text("Tack", exact=False).first).to_be_visible()
    assert_well(page)
    page.context.close()


def test_what_is_typed_is_shown_before_it_is_saved(stage: Stage, chromium: Browser) -> None:
    page = signed_in(stage, chromium, "wide")
    tab(page, "Brand")
    letter, hub = page.frame_locator("iframe[name=letter]"), page.frame_locator("iframe[name=page]")
    page.get_by_label("Sender's name").fill("Lena from the roastery")
    expect(letter.get_by_text("Lena from the roastery")).to_be_visible()
    page.get_by_label("Phone").fill("030 44 55")
    expect(hub.get_by_text("030 44 55")).to_be_visible()
    assert page.evaluate("seen.violations") == []
    assert settings_of(stage.house, stage).sender_name == ""
    page.context.close()


def test_without_script_the_same_is_a_button(stage: Stage, chromium: Browser) -> None:
    page = chromium.new_context(**SCREENS["phone"], java_script_enabled=False).new_page()
    page.goto(f"{stage.address}/console/enter/{stage.house.link('console', stage.shop.public_id, 'plain')}")
    tab(page, "Brand")
    page.get_by_label("Phone").fill("030 44 55")
    page.get_by_role("button", name="Show on the page").click()
    expect(page.frame_locator("iframe[name=page]").get_by_text("030 44 55")).to_be_visible()
    page.get_by_label("Latest day").fill("1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Nothing was saved yet.")).to_be_visible()
    assert page.get_by_label("Phone").input_value() == "030 44 55"
    page.get_by_label("Latest day").fill("5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    assert settings_of(stage.house, stage).latest_days == 5
    page.context.close()


def settings_of(house: House, stage: Stage) -> Settings:
    with house.runtime.db.transaction(stage.shop.id) as session:
        return shops.present(session, stage.shop.id, house.runtime.clock.now()).settings


# --- an import under way ----------------------------------------------------------------------------------------------

EVERY = 5_000
"""Milliseconds between two looks at an import (static/console.js)."""


def read_so_far(stage: Stage, seen: int, *, total: int = 1_200) -> None:
    with stage.house.runtime.db.transaction(stage.shop.id) as session:
        orders = shops.sync_state(session, stage.shop.id, Resource.ORDERS)
        orders.seen, orders.total, orders.is_backfilled = seen, total, seen == total
        orders.last_success_at = stage.house.database_now()


def watching(stage: Stage, chromium: Browser) -> tuple[Page, list[str]]:
    """The page of an import a quarter through, whose clock the test moves, and what it has asked the server for since."""
    read_so_far(stage, 300)
    page = signed_in(stage, chromium, "wide")
    page.clock.install()
    tab(page, "Sync")
    expect(page.get_by_text("300 of 1,200.")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.evaluate("window.isFirstLoad = true")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    return page, asked


def test_an_import_counts_on_by_itself_until_all_is_read(stage: Stage, chromium: Browser) -> None:
    page, asked = watching(stage, chromium)
    focused = page.get_by_role("link", name="Returns")
    focused.focus()
    read_so_far(stage, 700)
    page.clock.run_for(EVERY)
    expect(page.get_by_text("700 of 1,200.")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_js_property("value", 700)
    read_so_far(stage, 1_200)
    page.clock.run_for(EVERY)
    expect(page.get_by_role("status")).to_have_text(re.compile("Your store, as we know it"))
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(focused).to_be_focused()
    assert len(asked) == 2
    page.clock.run_for(10 * EVERY)
    page.wait_for_load_state("networkidle")
    assert len(asked) == 2
    assert page.evaluate("window.isFirstLoad")
    assert page.evaluate("seen.shift") < 0.1
    assert_well(page)
    page.context.close()


def test_nobody_is_asked_while_nobody_looks(stage: Stage, chromium: Browser) -> None:
    page, asked = watching(stage, chromium)
    hide = "isHidden => { Object.defineProperty(document, 'hidden', { value: isHidden, configurable: true });"
    hide += " document.dispatchEvent(new Event('visibilitychange')); }"
    page.evaluate(hide, True)
    read_so_far(stage, 700)
    page.clock.run_for(10 * EVERY)
    assert asked == []
    expect(page.get_by_text("300 of 1,200.")).to_be_visible()
    page.evaluate(hide, False)
    expect(page.get_by_text("700 of 1,200.")).to_be_visible()
    page.context.close()


def test_an_import_stays_as_it_was_seen_last_while_the_server_is_away(stage: Stage, chromium: Browser) -> None:
    page, asked = watching(stage, chromium)
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.context.set_offline(True)
    read_so_far(stage, 700)
    page.clock.run_for(EVERY)
    page.wait_for_load_state("networkidle")
    assert len(asked) == 1
    expect(page.get_by_text("300 of 1,200.")).to_be_visible()
    page.context.set_offline(False)
    page.clock.run_for(EVERY)
    expect(page.get_by_text("700 of 1,200.")).to_be_visible()
    assert errors == []
    page.context.close()


def test_without_script_an_import_is_looked_at_again_by_a_link(stage: Stage, chromium: Browser) -> None:
    read_so_far(stage, 300)
    page = chromium.new_context(**SCREENS["phone"], java_script_enabled=False).new_page()
    page.goto(f"{stage.address}/console/enter/{stage.house.link('console', stage.shop.public_id, 'plain')}")
    tab(page, "Sync")
    expect(page.get_by_text("300 of 1,200.")).to_be_visible()
    read_so_far(stage, 700)
    page.get_by_role("link", name="Show how far it is now").click()
    expect(page.get_by_text("700 of 1,200.")).to_be_visible()
    page.context.close()
