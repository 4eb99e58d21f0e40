"""The shopper's page: what a signed link shows, and that every other link shows the same nothing."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import event

from app.events import ShipmentStatus
from app.kernel.clock import SetClock
from app.kernel.copy import catalogue
from app.web.hub import LANGUAGES
from tests.builders import NOON, a_parcel, a_scan, an_order
from tests.web.staging import House

A_DAY = timedelta(days=1)


def sent(house: House, ref: str = "1001", **changes: str) -> str:
    """An order whose parcel is on its way; the address of its page."""
    shop = house.shop(f"shop-{ref}.example", {"sender_address": "hello@shop.example", "voice": "formal"})
    parcel = a_parcel(ref, number="00340", ref=f"{ref}/1", expected_until=(NOON + 2 * A_DAY).date())
    house.tell(shop, an_order(ref, **changes), parcel, a_scan(ShipmentStatus.IN_TRANSIT, -A_DAY / 24, f"{ref}/1"))
    return house.track(shop, ref)


def test_the_page_says_when_where_and_what(house: House) -> None:
    answer = house.client().get(sent(house))
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    for words in ("Donnerstag", "Unterwegs", "Bestellung #1001", "00340", "Stoneware mug", "hello@shop.example"):
        assert words in page


def test_the_page_names_nobody(house: House) -> None:
    page = house.client().get(sent(house)).get_data(as_text=True)
    for personal in ("Anna", "Muster", "anna@example.com", "Domkloster", "50667", "Köln"):
        assert personal not in page


def test_the_language_is_the_purchases_and_can_be_changed_among_those_there_are(house: House) -> None:
    client, address = house.client(), sent(house)
    assert '<html lang="de">' in client.get(address).get_data(as_text=True)
    assert "On its way" in client.get(f"{address}?lang=en").get_data(as_text=True)
    assert '<html lang="de">' in client.get(f"{address}?lang=tlh").get_data(as_text=True)
    assert tuple(sorted(LANGUAGES)) == catalogue().languages


@pytest.mark.parametrize("language", sorted(LANGUAGES))
def test_every_language_shows_every_link_to_the_others_and_no_word_of_another(house: House, language: str) -> None:
    address = sent(house)
    page = house.client().get(f"{address}?lang={language}").get_data(as_text=True)
    assert set(re.findall(r'hreflang="([^"]+)"', page)) == set(LANGUAGES) - {language}
    label = catalogue().speaker(language, "en", "formal").text("statuses.in_transit.label")
    assert label in page


def test_a_link_that_is_not_ours_has_run_out_or_leads_nowhere_shows_the_same(house: House) -> None:
    address = sent(house)
    token = address.removeprefix("/t/")
    shop, other = house.shop("shop.example"), house.shop("other.example")
    house.tell(other, an_order("2002"))
    theirs = house.order_id(other, "2002")
    addresses = [
        "/t/nonsense",
        f"/t/{token[:-1]}{'A' if token[-1] != 'A' else 'B'}",
        f"/t/{house.link('console', shop.public_id, theirs)}",
        f"/t/{house.link('track', 'nobody', theirs)}",
        f"/t/{house.link('track', shop.public_id, '00000000-0000-0000-0000-000000000000')}",
        f"/t/{house.link('track', shop.public_id, theirs)}",
        f"/t/{house.link('track', other.public_id, theirs, life=-timedelta(seconds=5))}",
    ]
    client = house.client()
    for path in (*addresses, *(f"{address}/fresh" for address in addresses)):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert answer.data == client.get(addresses[0]).data, path


def test_an_unchanged_page_costs_a_304_and_a_change_a_new_tag(house: House, clock: SetClock) -> None:
    client, address = house.client(), sent(house)
    for path in (address, f"{address}/fresh"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")
        clock.at = NOON + A_DAY
        assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
        clock.at = NOON


def test_the_page_is_read_in_one_transaction_with_one_query_of_its_own(house: House) -> None:
    client, address = house.client(), sent(house)
    client.get(address)
    statements: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(house.runtime.db.engine, "before_cursor_execute", count)
    try:
        assert client.get(address).status_code == 200
    finally:
        event.remove(house.runtime.db.engine, "before_cursor_execute", count)
    assert [statement.split()[0:2] for statement in statements] == [
        ["SELECT", "set_config('app.shop_id',"],
        ["SELECT", "hub.page,"],
    ]


def test_what_a_platform_wrote_is_shown_as_text_and_never_run(house: House) -> None:
    shop = house.shop(settings={"returns_url": "javascript:alert(1)"})
    evil = "<script>alert(1)</script>"
    order = an_order()
    line = order.lines[0].__class__(ref="1", title=evil, quantity=1, total=1, image_url="javascript:alert(1)")
    parcel = a_parcel(number=evil, tracking_url="javascript:alert(1)", carrier=evil)
    house.tell(shop, an_order(number=evil, lines=(line,)), parcel)
    page = house.client().get(house.track(shop)).get_data(as_text=True)
    assert "<script>alert" not in page
    assert "javascript:" not in page


def test_the_page_keeps_its_secrets(house: House, build: Callable[..., House]) -> None:
    headers = house.client().get(sent(house)).headers
    policy = headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "private, no-cache"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_the_refresh_is_the_widget_alone(house: House) -> None:
    address = sent(house)
    page = house.client().get(address).get_data(as_text=True)
    fresh = house.client().get(f"{address}/fresh").get_data(as_text=True)
    assert fresh.strip() in page
    assert "<html" not in fresh
