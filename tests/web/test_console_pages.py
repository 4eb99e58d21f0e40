"""The merchant's side: how one gets in, who sees what, and that nothing is hidden."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.connectors.shopify.client import REFUSALS
from app.connectors.woocommerce.failures import CODES, REASONS, STATUSES
from app.domain.effects import service as effects
from app.domain.inbox import service as inbox
from app.domain.messages import service as messages
from app.domain.messages.rules import State
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import EVENTS, Channel, OrderStatus, Resource, ShipmentStatus
from app.web.console import PAGES
from app.web.console.reasons import SENTENCES
from app.web.console.wording import (
    EVENT_MARKS,
    MOVED_MARKS,
    ORDER_STATUSES,
    RESOURCES,
    SHIPMENT_STATUSES,
    STATES,
    event_mark,
)
from tests.builders import NOON, a_parcel, a_refund, a_scan, an_order
from tests.web.staging import House, delivery

APP = Path(__file__).parents[2] / "app"


def page(house: House, shop: ShopFacts, path: str = "") -> str:
    answer = house.merchant(shop).get(f"/console{f'/{shop.public_id}{path}' if path else ''}")
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.get_data(as_text=True))


def a_message(house: House, shop: ShopFacts, follow_up: str = "thank_you", occurred_at: timedelta = timedelta()) -> int:
    """A planned message about the shop's first order; its id."""
    with house.runtime.db.transaction(shop.id) as session:
        draft = messages.Draft(
            follow_up=follow_up,
            about_kind="order",
            about_id=1,
            occurrence=1,
            recipient_hash=b"x",
            order_id=1,
            event_id=1,
            channel="email",
            occurred_at=NOON + occurred_at,
            due_at=NOON,
        )
        messages.plan(session, shop.id, draft, NOON)
        return session.scalars(text("SELECT max(id) FROM message")).one()


# --- the way in -------------------------------------------------------------------------------------------------------


def test_a_link_opens_the_console_once(house: House) -> None:
    shop = house.shop()
    token = house.link("console", shop.public_id, "once")
    first, second = house.client(), house.client()
    assert first.head(f"/console/enter/{token}").status_code == 200
    assert first.get(f"/console/enter/{token}").status_code == 303
    assert first.get("/console").status_code == 200
    assert second.get(f"/console/enter/{token}").status_code == 404
    assert second.get("/console").status_code == 401


def test_a_link_of_another_kind_of_another_shop_or_too_old_opens_nothing(house: House) -> None:
    shop = house.shop()
    for token in (
        "nonsense",
        house.link("track", shop.public_id, "x"),
        house.link("session", shop.public_id, "x"),
        house.link("console", "nobody", "x"),
        house.link("console", shop.public_id, "x", life=-timedelta(seconds=5)),
    ):
        assert house.client().get(f"/console/enter/{token}").status_code == 404


def test_a_session_ends_and_cannot_be_made_up(house: House) -> None:
    shop = house.shop()
    for token in (
        "nonsense",
        house.link("console", shop.public_id, "x"),
        house.link("track", shop.public_id, "x"),
        house.link("session", shop.public_id, "x", life=-timedelta(seconds=5)),
        house.link("session", "nobody", "x"),
    ):
        client = house.client()
        client.set_cookie("encore", token, domain="localhost")
        assert client.get("/console").status_code == 401


@pytest.mark.parametrize(
    ("public_url", "name"), [("http://e.example", "encore"), ("https://e.example", "__Host-encore")]
)
def test_the_cookie_is_bound_to_this_host_and_out_of_reach(
    build: Callable[..., House], public_url: str, name: str
) -> None:
    house = build(public_url=public_url)
    shop = house.shop()
    cookie = house.client().get(f"/console/enter/{house.link('console', shop.public_id, 'x')}").headers["Set-Cookie"]
    assert cookie.startswith(f"{name}=")
    assert {"HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert ("Secure" in cookie) == public_url.startswith("https")
    assert "Domain" not in cookie


def test_who_is_not_signed_in_learns_nothing_of_any_shop(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    client = house.client()
    bodies = {
        client.get(path).data
        for path in (
            "/console",
            f"/console/{shop.public_id}/orders",
            "/console/nobody/orders",
            "/console/nobody/deliveries",
        )
    }
    assert len(bodies) == 1


def test_a_merchant_of_two_shops_sees_both_and_no_third(house: House) -> None:
    mine, also_mine, theirs = (
        house.shop("a.example", name="Alpha"),
        house.shop("b.example", name="Beta"),
        house.shop("c.example"),
    )
    client = house.merchant(mine, also_mine)
    today = client.get("/console").get_data(as_text=True)
    assert "Alpha" in today
    assert "Beta" in today
    assert client.get(f"/console/{also_mine.public_id}/orders").status_code == 200
    assert client.get(f"/console/{theirs.public_id}/orders").status_code == 404


# --- the pages --------------------------------------------------------------------------------------------------------


def test_every_page_is_in_the_register_and_has_its_template(house: House) -> None:
    files = {path.stem for path in (APP / "web/console").glob("*.py")} - {"__init__", "base", "wording", "reasons"}
    assert files == set(PAGES)
    assert files - {"preview"} | {"frame", "field"} == {
        path.stem for path in (APP / "web/templates/console").glob("*.html")
    }


def test_today_is_almost_empty_when_nothing_needs_anybody(house: House) -> None:
    shop = house.shop()
    today = page(house, shop)
    assert "Nothing needs you today." in today
    assert "none yet" in today


def test_today_shows_what_stopped_what_is_in_doubt_and_how_the_store_is_read(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    house.client().post(f"/hooks/woocommerce/{shop.public_id}", data=b"x", headers=delivery(b"x"))
    uncertain = a_message(house, shop)
    db = house.runtime.db
    with db.transaction(shop.id) as session:
        messages.move(session, uncertain, [State.PLANNED], State.UNCERTAIN, reason="no_answer_recorded")
        inbox.conclude(session, [1], "refused", "not_json")
        claims = outbox.claim(session, shop.id, "ingest", NOON + timedelta(days=3_650), 10)
        outbox.park(session, shop.id, claims, "no_outcome")
        session.execute(
            text(
                "INSERT INTO sync_state (shop_id, resource, seen, total, last_error) VALUES (:id, 'orders', 1200, 5000, 'bad_key')"
            ),
            {"id": shop.id},
        )
    today = page(house, shop)
    assert "4 things need you today." in today
    for words in (
        "The store cannot be read",
        "The store does not accept the keys any more.",
        "1 piece of work stopped: reading deliveries",
        "1 delivery could not be read this week",
        "1 message this week: Perhaps sent",
        "1,200 orders of 5,000 so far",
    ):
        assert words in today


def test_orders_are_listed_newest_first_found_by_number_and_paged(house: House) -> None:
    shop = house.shop()
    facts = [an_order(str(1000 + number), placed_at=NOON + timedelta(minutes=number)) for number in range(51)]
    house.tell(shop, *facts)
    client = house.merchant(shop)
    first = client.get(f"/console/{shop.public_id}/orders").get_data(as_text=True)
    assert first.index("#1050") < first.index("#1049") < first.index("#1001")
    assert "#1000" not in first
    older = re.search(r'href="([^"]+)">Older orders', first)
    assert older
    assert "#1000" in client.get(older.group(1)).get_data(as_text=True)
    for said in ("1007", "%231007", " 1007 "):
        found = client.get(f"/console/{shop.public_id}/orders?number={said}").get_data(as_text=True)
        assert re.findall(r"<b>(#\d+)</b>", found) == ["#1007"]
    assert "No order has the number 77" in client.get(f"/console/{shop.public_id}/orders?number=77").get_data(
        as_text=True
    )
    assert client.get(f"/console/{shop.public_id}/orders?number=%00").status_code == 200
    assert client.get(f"/console/{shop.public_id}/orders?after=nonsense").status_code == 404


def test_an_order_shows_every_event_every_message_and_every_silence_with_its_reason(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order(), a_parcel(number="00340"), a_scan(ShipmentStatus.DELIVERED, timedelta(hours=2)))
    house.tell(shop, an_order("1002", placed_at=NOON - timedelta(days=9)))
    sent, failed = a_message(house, shop), a_message(house, shop, "shipped")
    a_message(house, shop, "late", occurred_at=-timedelta(days=4))
    with house.runtime.db.transaction(shop.id) as session:
        messages.move(session, sent, [State.PLANNED], State.SENT, sent_at=NOON, reply="250 queued", language="de")
        messages.move(session, failed, [State.PLANNED], State.FAILED, reason="smtp_550")
    shown = page(house, shop, f"/orders/{house.order_id(shop)}")
    for words in (
        "#1001, Anna M.",
        "Order placed",
        "Parcel 1 left, with a tracking number",
        "Parcel 1 has arrived",
        "Told by the carrier",
        "Sent: thank you",
        "250 queued",
        "German, frozen at purchase",
        "Not accepted: shipped",
        "The mail server answered 550.",
        "Not sent: late",
        "Its cause was more than three days old.",
    ):
        assert words in shown
    assert "nobody is written to" in page(house, shop, f"/orders/{house.order_id(shop, '1002')}")


def test_a_message_that_waits_says_why_it_was_not_sent_yet(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    a_message(house, shop)
    with house.runtime.db.transaction(shop.id) as session:
        claims = outbox.claim(session, shop.id, messages.DELIVER, NOON, 1)
        outbox.retry_later(session, shop.id, claims, "mail_server_unreachable", 60)
    shown = page(house, shop, f"/orders/{house.order_id(shop)}")
    assert "Planned: thank you" in shown
    assert "Tried 1 time, will be tried again. The mail server did not answer." in shown


def test_deliveries_show_what_was_ignored_and_refused_and_why(house: House) -> None:
    shop = house.shop()
    for number in range(3):
        headers = delivery(b"x", number=str(number))
        house.client().post(f"/hooks/woocommerce/{shop.public_id}", data=b"x", headers=headers)
    with house.runtime.db.transaction(shop.id) as session:
        inbox.conclude(session, [1], "ignored", "unknown_topic")
        inbox.conclude(session, [2], "refused", "not_json")
    shown = page(house, shop, "/deliveries")
    for words in ("Ignored", "A kind of news that is not known.", "Refused", "It was not readable as JSON.", "Waiting"):
        assert words in shown
    refused = page(house, shop, "/deliveries?state=refused")
    assert refused.count("<b>order.updated</b>") == 1
    assert page(house, shop, "/deliveries?state=nonsense&before=abc").count("<b>order.updated</b>") == 3
    assert page(house, shop, f"/deliveries?before={'9' * 30}").count("<b>order.updated</b>") == 3
    assert page(house, shop, "/deliveries?before=2").count("<b>order.updated</b>") == 1


def test_what_a_shopper_typed_is_shown_as_text(house: House) -> None:
    shop = house.shop(name="<b>Shop</b>")
    house.tell(shop, an_order(number="<i>1</i>", first_name="<u>A</u>", last_name="<s>B</s>"))
    shown = page(house, shop, "/orders") + page(house, shop, f"/orders/{house.order_id(shop)}")
    assert not re.search(r"<(i|u|s)>|<b>Shop", shown)


# --- the words --------------------------------------------------------------------------------------------------------


def codes(pattern: str) -> Iterator[str]:
    for path in APP.rglob("*.py"):
        for said in re.findall(pattern, path.read_text(encoding="utf-8")):
            yield from re.findall(r'"([a-z_]+)"', said)


def test_every_skip_and_every_ignored_delivery_has_a_sentence() -> None:
    said = {*codes(r"Skip\([^)]*\)"), *codes(r"ignored=[^)]*\)")}
    assert {"no_address", "stale", "unknown_topic"} <= said
    assert said - set(SENTENCES) == set()


OURS = {
    "bad_cursor",
    "bad_header",
    "bad_request",
    "bad_webhook",
    "database_busy",
    "query_refused",
    "refused",
    "too_costly",
    "too_large",
}
"""Faults of ours, which no merchant can mend: shown by their code, for whoever looks for the bug."""


def test_every_failure_that_a_merchant_meets_has_a_sentence() -> None:
    connecting = {"no_rest_api", "no_woocommerce", "no_currency"}  # said where a store is connected
    at_the_terminal = {
        *("archive_damaged", "archive_of_other_schema", "archive_unreadable"),
        *("shop_is_here", "secrets_unreadable", "dns_silent"),
    }
    before_the_inbox = {"missing_headers", "headers_missing", "bad_shop_domain"}
    raised = set(codes(r"(?:Permanent|Transient|Uncertain)\(\s*\"[a-z_]+\""))
    tables = {
        code for code, _ in (*REFUSALS.values(), *CODES.values(), *STATUSES.values(), *((c, w) for w, c in REASONS))
    }
    assert {"bad_address", "token_revoked", "keys_refused"} <= raised | tables
    assert (raised | tables) - set(SENTENCES) - OURS - connecting - at_the_terminal - before_the_inbox == set()


def test_every_status_and_every_event_has_its_words() -> None:
    assert set(SHIPMENT_STATUSES) == set(ShipmentStatus)
    assert set(ORDER_STATUSES) == set(OrderStatus)
    assert set(RESOURCES) == set(Resource)
    assert set(STATES) == set(State)
    assert set(EVENT_MARKS) == set(EVENTS)
    assert set(MOVED_MARKS) < set(ShipmentStatus)


def test_a_parcel_that_met_trouble_does_not_look_as_if_all_were_well() -> None:
    assert event_mark("ShipmentMoved", {"status": "in_transit"}) == ("doing", "")
    assert event_mark("ShipmentMoved", {"status": "delivery_attempted"}) == ("look", "warn")
    assert event_mark("ShipmentMoved", {"status": "lost"}) == ("stopped", "bad")
    assert event_mark("OrderPlaced", {"status": "lost"}) == ("planned", "")


def test_an_order_says_where_it_was_made_what_went_back_and_what_the_store_was_asked_for(house: House) -> None:
    shop = house.shop()
    sold = an_order(channel=Channel.MARKETPLACE, channel_name="ebay", discount_codes=("TEN",))
    house.tell(shop, sold, a_refund(amount=1450))
    with house.runtime.db.transaction(shop.id) as session:
        effects.intend(session, shop.id, effects.Draft(about_kind="return", about_id=1, order_id=1, amount=500))
    assert "Marketplace (ebay)" in page(house, shop, "/orders")
    shown = page(house, shop, f"/orders/{house.order_id(shop)}")
    for words in ("Marketplace (ebay)", "<dt>Code</dt><dd>TEN</dd>", "<dt>Went back</dt><dd>€14.50</dd>"):
        assert words in shown
    assert "Money went back: €14.50" in shown
    assert "Will be paid back: €5.00" in shown
    assert "The store is asked for it next." in shown
    with house.runtime.db.transaction(shop.id) as session:
        effects.move(session, 1, ["planned"], "refused", reason="refund_refused")
    refused = "The store would not give the money back. Pay it back in the store,"
    assert refused in page(house, shop, f"/orders/{house.order_id(shop)}")


def test_where_no_parcel_is_to_come_none_is_awaited(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order("1001"), an_order("1002", channel=Channel.POS, status=OrderStatus.COMPLETED))
    assert "No parcel yet." in page(house, shop, f"/orders/{house.order_id(shop, '1001')}")
    assert "No parcel." in page(house, shop, f"/orders/{house.order_id(shop, '1002')}")
    assert page(house, shop, "/orders").count("No parcel yet.") == 1


def test_today_says_where_mails_about_trouble_go(house: House) -> None:
    told, untold = house.shop(email="office@shop.example"), house.shop("other.example")
    assert "office@shop.example, when something breaks" in page(house, told)
    chosen = house.shop("chosen.example", settings={"sender_address": "lena@shop.example"}, email="office@shop.example")
    assert "lena@shop.example, when something breaks" in page(house, chosen)
    assert f'no address of yours is known. <a href="/console/{untold.public_id}/brand">' in page(house, untold)


def test_sync_shows_the_progress_of_each_resource_and_what_had_been_missed(house: House) -> None:
    shop = house.shop()
    assert "Nothing has been read yet." in page(house, shop, "/sync")
    assert "It begins by itself" in page(house, shop, "/sync")
    with house.runtime.db.transaction(shop.id) as session:
        orders, products = (shops.sync_state(session, shop.id, name) for name in ("orders", "products"))
        orders.seen, orders.total, orders.is_backfilled = 500, 1500, False
        orders.backfill_started_at = text("now() - interval '10 minutes'")
        products.is_backfilled, products.swept, products.drift = True, 40, 2
        products.last_success_at = text("now()")
        webhooks = shops.sync_state(session, shop.id, "webhooks")
        webhooks.swept, webhooks.drift, webhooks.last_success_at = 15, 1, text("now()")
    shown = page(house, shop, "/sync")
    assert '<progress class="c-progress" aria-label="Orders, parcels and refunds" value="500" max="1500">' in shown
    assert "500 of 1,500. About 20 minutes left." in shown
    assert "2 of 40 things had been missed and were mended." in shown
    assert "15 kinds of news, 1 of them had been missing and was set up again, looked at just now" in shown


def test_sync_tells_what_is_held_up_from_what_has_stopped(house: House) -> None:
    shop = house.shop()
    with house.runtime.db.transaction(shop.id) as session:
        orders, products = (shops.sync_state(session, shop.id, name) for name in ("orders", "products"))
        orders.seen, orders.total, orders.last_error = 500, 1500, "store_down"
        products.last_error = "keys_refused"
    held_up = page(house, shop, "/sync")
    assert "Your store is being read." in held_up
    assert "The store is not reachable just now. It is tried again by itself." in held_up
    assert "Stopped" not in held_up
    with house.runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "pull", ["products"])
        outbox.park(session, shop.id, outbox.claim(session, shop.id, "pull", NOON, 1), "keys_refused")
    stopped = page(house, shop, "/sync")
    assert "Reading your store has stopped." in stopped
    assert "Connect it again with fresh ones. Connecting again takes it up" in stopped
    assert stopped.index("Orders, parcels and refunds") < stopped.index("Products and stock")


def test_a_shop_that_was_disconnected_says_so_and_what_to_do(house: House) -> None:
    shop = house.shop()
    client = house.merchant(shop)
    with house.runtime.db.house() as session:
        session.execute(text("UPDATE shop SET is_connected = false"))
    for path in ("", f"/{shop.public_id}/sync", f"/{shop.public_id}/start"):
        shown = client.get(f"/console{path}").get_data(as_text=True)
        assert "disconnected" in shown
        assert "Connect it again with fresh keys" in shown
    assert "data-again" not in client.get(f"/console/{shop.public_id}/sync").get_data(as_text=True)
