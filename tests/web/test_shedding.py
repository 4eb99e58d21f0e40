"""Who gives way when there is too much to do, in which order, and what he is told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry

from app.kernel.copy import catalogue
from app.web import embed, hub
from app.web.console import PAGES
from app.web.shedding import RETRY_SECONDS, ROOMS, Gate, Room
from tests.builders import an_order
from tests.web.staging import House, delivery


def a_gate(threads: int) -> Gate:
    return Gate(threads, CollectorRegistry())


def admitted(gate: Gate, room: Room, times: int) -> int:
    return sum(gate.enter(room) for _ in range(times))


def test_half_is_the_storefronts_three_quarters_are_for_all_pages() -> None:
    registry = CollectorRegistry()
    gate = Gate(16, registry)
    assert admitted(gate, Room.STOREFRONT, 20) == 8
    assert admitted(gate, Room.CONSOLE, 20) == 4
    gate.leave(Room.STOREFRONT)
    assert admitted(gate, Room.CONSOLE, 20) == 1
    counted = [registry.get_sample_value("encore_turned_away_total", {"room": room}) for room in Room]
    assert counted == [12, 16 + 19]


def test_the_console_may_have_three_quarters_alone() -> None:
    gate = a_gate(16)
    assert admitted(gate, Room.CONSOLE, 20) == 12
    assert admitted(gate, Room.STOREFRONT, 1) == 0


@pytest.mark.parametrize("threads", range(1, 40))
def test_there_is_room_for_a_page_and_a_quarter_for_webhooks(threads: int) -> None:
    gate = a_gate(threads)
    pages = admitted(gate, Room.STOREFRONT, threads + 1)
    assert pages >= 1
    pages += admitted(gate, Room.CONSOLE, threads + 1)
    assert pages <= max(1, threads * 3 / 4)


def test_every_page_that_reads_the_database_has_a_room(house: House) -> None:
    free = {"health", "files", "metrics", "openapi"}
    assert {name for name in house.app.blueprints if name not in free} == set(ROOMS)
    assert {hub.pages.name, embed.pages.name, "console"} == set(ROOMS)


class Held:
    """A page that stays in the house until it is let go."""

    def __init__(self, house: House, endpoint: str) -> None:
        self.inside = threading.Semaphore(0)
        self.goes_on = threading.Event()
        original = house.app.view_functions[endpoint]

        def view(**ids: str) -> object:
            self.inside.release()
            self.goes_on.wait(20)
            return original(**ids)

        house.app.view_functions[endpoint] = view  # type: ignore[assignment]


@pytest.fixture
def full(build: Callable[..., House]) -> House:
    return build(web_threads=4)


def test_a_full_house_turns_pages_away_takes_webhooks_and_recovers(full: House) -> None:
    shop = full.shop()
    full.tell(shop, an_order())
    page, merchant = full.track(shop), full.merchant(shop)
    held = Held(full, "hub.track")
    with ThreadPoolExecutor(2) as pool:
        guests = [pool.submit(lambda: full.client().get(page).status_code) for _ in range(2)]
        for _ in guests:
            assert held.inside.acquire(timeout=20)
        answer = full.client().get(page, headers={"Accept-Language": "de"})
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, str(RETRY_SECONDS))
        assert answer.headers["Refresh"] == str(RETRY_SECONDS)
        assert "Einen Moment bitte" in answer.get_data(as_text=True)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        fresh = full.client().get(f"{page}/fresh")
        assert (fresh.status_code, fresh.data, fresh.headers["Retry-After"]) == (503, b"", str(RETRY_SECONDS))
        block = full.client().get("/w/woocommerce/tracking?shop=nobody")
        assert (block.status_code, block.data) == (503, b"")
        assert merchant.get("/console").status_code in (200, 302)  # the third quarter
        hook = full.client().post(f"/hooks/woocommerce/{shop.public_id}", data=b"{}", headers=delivery(b"{}"))
        assert hook.status_code == 200
        assert full.client().get("/readyz").status_code == 200
        held.goes_on.set()
        assert [guest.result() for guest in guests] == [200, 200]
    assert full.client().get(page).status_code == 200


def test_a_page_that_fails_gives_its_place_back(full: House) -> None:
    def broken(**_ids: str) -> str:
        raise RuntimeError

    full.app.view_functions["hub.track"] = broken
    assert [full.client().get("/t/x").status_code for _ in range(8)] == [500] * 8


def test_the_page_speaks_every_language(full: House) -> None:
    for language in catalogue().languages:
        with full.app.test_request_context(f"/t/x?lang={language}"):
            html = hub.come_again(5).get_data(as_text=True)
        assert f'<html lang="{language.split("-")[0]}' in html
        assert catalogue().source("errors.busy_heading", language, "formal") in html


def test_the_console_is_told_in_its_own_words(full: House) -> None:
    shop = full.shop()
    merchant = full.merchant(shop)
    held = Held(full, f"console.{PAGES['today'].slug}")
    with ThreadPoolExecutor(3) as pool:
        guests = [pool.submit(lambda: merchant.get("/console").status_code) for _ in range(3)]
        for _ in guests:
            assert held.inside.acquire(timeout=20)
        answer = merchant.get("/console/nothing/orders")
        assert answer.status_code == 503
        assert "Please try again in a moment" in answer.get_data(as_text=True)
        held.goes_on.set()
        assert {guest.result() for guest in guests} <= {200, 302}
