"""What a merchant does in the console: choose, look, test, switch on; and that nobody else can do it in his name."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from app.channels.base import Letter
from app.channels.console import Console
from app.channels.email import channel_for
from app.domain.notices.service import MOST_TESTS_AN_HOUR
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import Settings, ShopFacts
from app.web.console import PAGES
from tests.builders import NOON, a_parcel, an_order
from tests.web.staging import House

OFF: dict[str, Any] = {"switched_on": []}
FORM = {
    "sender_name": "Lena",
    "sender_address": "lena@shop.example",
    "phone": "030 1",
    "hours": "Mo–Fr",
    "language": "sv",
    "voice": "informal",
    "brand_colour": "#a3401c",
    "logo_url": "https://shop.example/logo.png",
    "returns_url": "https://shop.example/returns",
    "earliest_days": "2",
    "latest_days": "4",
}


def token_of(client: FlaskClient, address: str) -> str:
    found = re.search(r'name="token" value="([^"]+)"', client.get(address).get_data(as_text=True))
    assert found
    return found.group(1)


def send(house: House, shop: ShopFacts, path: str, **fields: str) -> TestResponse:
    """Fill in the form of one's own page and send it."""
    client, address = house.merchant(shop), f"/console/{shop.public_id}{path}"
    return client.post(address, data={"token": token_of(client, address), **fields})


def settings_of(house: House, shop: ShopFacts) -> Settings:
    with house.runtime.db.transaction(shop.id) as session:
        return shops.present(session, shop.id, house.runtime.clock.now()).settings


def sent(house: House) -> list[Letter]:
    channel = channel_for(house.runtime.settings)
    assert isinstance(channel, Console)
    return list(channel.letters)


@pytest.fixture(autouse=True)
def empty_mailbox(house: House) -> None:
    channel = channel_for(house.runtime.settings)
    assert isinstance(channel, Console)
    channel.letters.clear()


# --- nobody else ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", [slug for slug, page in PAGES.items() if page.act])
def test_a_form_without_the_sessions_own_token_changes_nothing(house: House, slug: str) -> None:
    shop, other = house.shop(settings=OFF), house.shop("other.example")
    known = {"shop": shop.public_id, "follow_up": "thank_you", "what": "tracking"}
    address = "/console" + re.sub(r"<(\w+)>", lambda name: known[name.group(1)], PAGES[slug].rule)
    client = house.merchant(shop)
    foreign = token_of(house.merchant(other), f"/console/{other.public_id}/brand")
    same_shop = token_of(house.merchant(shop), f"/console/{shop.public_id}/brand")
    for given in ({}, {"token": ""}, {"token": "ä"}, {"token": foreign}, {"token": same_shop}):
        answer = client.post(address, data={**FORM, "do": "on", **given})
        assert answer.status_code == 403
    assert settings_of(house, shop) == Settings()
    assert house.client().post(address, data={"do": "on"}).status_code == 401


def test_looking_changes_nothing(house: House) -> None:
    shop = house.shop(settings=OFF)
    house.tell(shop, an_order(), a_parcel(number="1"))
    client = house.merchant(shop)
    for path in ("/start", "/brand?phone=1", "/messages", "/messages/thank_you?do=on", "/preview/tracking?phone=1"):
        assert client.get(f"/console/{shop.public_id}{path}").status_code == 200
    assert settings_of(house, shop) == Settings()
    with house.runtime.db.transaction(shop.id) as session:
        assert session.scalar(text("SELECT count(*) FROM notice")) == 0


def test_another_shops_forms_are_answered_like_those_of_no_shop(house: House) -> None:
    mine, theirs = house.shop(), house.shop("theirs.example", settings=OFF)
    client = house.merchant(mine)
    token = token_of(client, f"/console/{mine.public_id}/brand")
    for shop in (theirs.public_id, "nobody"):
        for path in ("/brand", "/messages/thank_you", "/preview/tracking"):
            assert client.post(f"/console/{shop}{path}", data={"token": token, "do": "on"}).status_code == 404
        form = {"token": token, "shop": shop, "kind": "pull"}
        assert client.post("/console", data=form).status_code == 404
    assert settings_of(house, theirs) == Settings()


# --- start ------------------------------------------------------------------------------------------------------------


def test_who_has_nothing_switched_on_begins_at_the_beginning(house: House) -> None:
    fresh, busy = house.shop(settings=OFF), house.shop("busy.example")
    for seen, page in (((fresh,), "/start"), ((busy,), "/console"), ((fresh, busy), "/console")):
        link = house.link("console", ",".join(shop.public_id for shop in seen), page)
        assert house.client().get(f"/console/enter/{link}").headers["Location"].endswith(page)


def test_the_steps_say_what_is_done_and_what_is_next(house: House) -> None:
    shop = house.shop(settings=OFF)
    client = house.merchant(shop)

    def start() -> str:
        return re.sub(r"\s+", " ", client.get(f"/console/{shop.public_id}/start").get_data(as_text=True))

    with house.runtime.db.transaction(shop.id) as session:
        session.execute(
            text("INSERT INTO sync_state (shop_id, resource, seen, total) VALUES (:id, 'orders', 1200, 5000)"),
            {"id": shop.id},
        )
    assert "1,200 orders of 5,000 so far." in start()
    assert "Next: make it yours." in start()
    send(house, shop, "/brand", **FORM)
    assert "Next: look at it with your own last order." in start()
    send(house, shop, "/messages/thank_you", do="test", address="me@shop.example")
    assert "Next: switch on." in start()
    send(house, shop, "/messages/thank_you", do="on")
    with house.runtime.db.transaction(shop.id) as session:
        session.execute(text("UPDATE sync_state SET is_backfilled = true"))
    assert "Everything is set up." in start()
    assert "On: Thank you for your order." in start()


def test_a_store_that_refuses_the_keys_is_the_first_step_again(house: House) -> None:
    shop = house.shop(settings=OFF)
    with house.runtime.db.transaction(shop.id) as session:
        session.execute(
            text("INSERT INTO sync_state (shop_id, resource, last_error) VALUES (:id, 'orders', 'bad_key')"),
            {"id": shop.id},
        )
    shown = house.merchant(shop).get(f"/console/{shop.public_id}/start").get_data(as_text=True)
    assert "Next: connect your store." in shown
    assert "The store does not accept the keys any more. Connect it again with fresh ones." in shown
    assert "It goes on once the store can be read." in shown
    assert "minutes left" not in shown


def test_a_store_that_is_away_for_a_moment_is_no_step_back(house: House) -> None:
    shop = house.shop(settings=OFF)
    with house.runtime.db.transaction(shop.id) as session:
        shops.sync_state(session, shop.id, "orders").last_error = "store_down"
    shown = house.merchant(shop).get(f"/console/{shop.public_id}/start").get_data(as_text=True)
    assert "Next: make it yours." in shown
    assert "The store is not reachable just now. It is tried again by itself." in shown


# --- brand ------------------------------------------------------------------------------------------------------------


def test_what_is_chosen_is_kept_and_stands_on_page_and_letter(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order(language=None))
    answer = send(house, shop, "/brand", **FORM)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/console/{shop.public_id}/brand?done=saved")
    kept = settings_of(house, shop)
    assert (kept.sender_name, kept.language, kept.voice, kept.latest_days) == ("Lena", "sv", "informal", 4)
    assert kept.switched_on == ("thank_you", "shipped")
    client = house.merchant(shop)
    page = client.get(house.track(shop)).get_data(as_text=True)
    assert 'src="https://shop.example/logo.png" alt="Beans &amp; Co"' in page
    brand = client.get(f"/console/{shop.public_id}/brand")
    assert "img-src 'self' https://shop.example;" in brand.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("sender_address", "nobody", "Sender&#39;s address must be an e-mail address, like hello@shop.example."),
        ("logo_url", "http://shop.example/logo.png", "Logo must be the address of a picture, with https://."),
        ("logo_url", "https://a.example/x\"; script-src 'unsafe-inline'", "Logo must be"),
        ("returns_url", "javascript:alert(1)", "Returns page must be the address of a page, with https://."),
        ("brand_colour", "red", "Colour must be a colour like #1d4f91."),
        ("latest_days", "soon", "Latest day must be a number."),
        ("latest_days", "1", "Latest day must not be less than “Earliest day”."),
        ("earliest_days", "", "Earliest day must be 1 or more when “Latest day” is; 0 and 0 promise nothing."),
        ("latest_days", "61", "Latest day must be between 0 and 60."),
        ("voice", "loud", "Voice must be formal or informal."),
        ("language", "x", "Language must be a language&#39;s tag, like de or zh-Hant."),
        ("phone", "1" * 300, "Phone must have at most 200 characters."),
    ],
)
def test_what_cannot_be_chosen_is_said_beside_its_field_and_keeps_what_was_typed(
    house: House, field: str, value: str, sentence: str
) -> None:
    shop = house.shop(settings=OFF)
    answer = send(house, shop, "/brand", **{**FORM, field: value})
    said = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert sentence in said
    assert f'id="{field}-error"' in said
    assert 'value="lena@shop.example"' in said or field == "sender_address"
    assert settings_of(house, shop) == Settings()


def test_a_preview_shows_what_is_typed_and_keeps_nothing(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    client = house.merchant(shop)
    form = {**FORM, "token": token_of(client, f"/console/{shop.public_id}/brand"), "phone": "030 77", "voice": "loud"}
    page = client.post(f"/console/{shop.public_id}/preview/tracking", data=form)
    letter = client.post(f"/console/{shop.public_id}/preview/thank_you", data=form).get_data(as_text=True)
    assert "030 77" in page.get_data(as_text=True)
    assert "#a3401c" in letter
    assert "Anna Muster" in letter
    assert "#1001" in letter
    assert settings_of(house, shop).phone == ""
    assert client.get(f"/console/{shop.public_id}/preview/moon").status_code == 404


@pytest.mark.parametrize("what", ["tracking", "thank_you", "shipped"])
def test_a_preview_runs_nothing_and_stands_only_in_frames_of_ours(house: House, what: str) -> None:
    shop = house.shop()
    house.tell(shop, an_order(first_name="<script>x</script>"))
    answer = house.merchant(shop).get(f"/console/{shop.public_id}/preview/{what}")
    policy = answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in policy
    assert policy.endswith("sandbox") or "; sandbox;" in policy
    assert "<script" not in answer.get_data(as_text=True)


def test_a_shop_without_orders_sees_a_sample_and_is_told_so(house: House) -> None:
    shop = house.shop()
    client = house.merchant(shop)
    assert "a sample, because there is no order yet" in client.get(f"/console/{shop.public_id}/brand").get_data(True)
    assert "A sample: no order of yours" in client.get(f"/console/{shop.public_id}/messages/shipped").get_data(True)
    for what in ("tracking", "thank_you", "shipped"):
        assert "Beispielartikel" in client.get(f"/console/{shop.public_id}/preview/{what}").get_data(as_text=True)


def test_a_letter_is_shown_in_every_language_as_it_stood_then(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order(), a_parcel(number="00340"))
    client = house.merchant(shop)
    for language, word in (("en", "has just left us"), ("cs", "objednávk"), ("zh-Hant", "訂單")):
        shown = client.get(f"/console/{shop.public_id}/preview/shipped?lang={language}").get_data(as_text=True)
        assert word in shown


# --- test mails -------------------------------------------------------------------------------------------------------


def test_a_test_mail_is_marked_nameless_and_in_no_ledger(house: House) -> None:
    shop = house.shop(settings=OFF, email="office@shop.example")
    house.tell(shop, an_order(), a_parcel(number="00340"))
    answer = send(house, shop, "/messages/thank_you", do="test", address="me@shop.example", lang="en")
    assert answer.headers["Location"].endswith("?done=sent&lang=en")
    (letter,) = sent(house)
    assert letter.recipient == "me@shop.example"
    assert letter.subject.startswith("[Test] ")
    assert letter.language.startswith("en")
    assert letter.reply_to == "office@shop.example"
    for shown in (letter.html, letter.text):
        assert "#1001" in shown
        assert "Stoneware mug" in shown
        assert not re.search(r"Anna|Domkloster|anna@example", shown)
    with house.runtime.db.transaction(shop.id) as session:
        assert session.scalar(text("SELECT count(*) FROM message")) == 0
        assert session.scalar(text("SELECT count(*) FROM outbox WHERE kind = 'deliver'")) == 0


def test_the_links_of_a_test_mail_work(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    send(house, shop, "/messages/thank_you", do="test", address="me@shop.example")
    link = re.search(rf"{re.escape(house.runtime.settings.public_url)}(/t/\S+)", sent(house)[0].text)
    assert link
    assert house.client().get(link.group(1)).status_code == 200


def test_a_sample_in_a_test_mail_leads_into_the_console(house: House) -> None:
    shop = house.shop()
    send(house, shop, "/messages/shipped", do="test", address="me@shop.example")
    path = f"/console/{shop.public_id}/preview/tracking"
    assert path in sent(house)[0].text
    assert house.merchant(shop).get(path).status_code == 200


def test_there_are_five_test_mails_an_hour_and_shop(house: House) -> None:
    shop, other = house.shop(), house.shop("other.example")
    answers = [
        send(house, shop, "/messages/thank_you", do="test", address="me@shop.example")
        for _ in range(MOST_TESTS_AN_HOUR + 2)
    ]
    assert [answer.status_code for answer in answers] == [303] * MOST_TESTS_AN_HOUR + [429, 429]
    assert "enough test mails for this hour" in answers[-1].get_data(as_text=True)
    assert len(sent(house)) == MOST_TESTS_AN_HOUR
    assert send(house, other, "/messages/thank_you", do="test", address="me@shop.example").status_code == 303
    with house.runtime.db.transaction(shop.id) as session:
        session.execute(text("UPDATE notice SET at = at - interval '61 minutes'"))
    assert send(house, shop, "/messages/thank_you", do="test", address="me@shop.example").status_code == 303


@pytest.mark.parametrize("address", ["", "nobody", "a@b.example, c@d.example", "a@b.example\nBcc: c@d.example"])
def test_a_test_mail_needs_one_address(house: House, address: str) -> None:
    shop = house.shop()
    answer = send(house, shop, "/messages/thank_you", do="test", address=address)
    assert answer.status_code == 422
    assert "Please type an e-mail address" in answer.get_data(as_text=True)
    assert sent(house) == []


# --- the switch -------------------------------------------------------------------------------------------------------


def test_each_message_has_its_own_switch_and_the_past_keeps_its_own(house: House) -> None:
    shop = house.shop(settings=OFF)
    clock: Any = house.runtime.clock
    for path, do, expected in (
        ("shipped", "on", ("shipped",)),
        ("thank_you", "on", ("thank_you", "shipped")),
        ("shipped", "off", ("thank_you",)),
    ):
        clock.at += timedelta(minutes=1)
        answer = send(house, shop, f"/messages/{path}", do=do)
        assert answer.headers["Location"] == f"/console/{shop.public_id}/messages/{path}?done={do}"
        assert settings_of(house, shop).switched_on == expected
    with house.runtime.db.transaction(shop.id) as session:
        before = shops.present(session, shop.id, clock.at - timedelta(seconds=90)).settings
    assert before.switched_on == ("shipped",)
    assert send(house, shop, "/messages/thank_you", do="dance").status_code == 404
    assert house.merchant(shop).get(f"/console/{shop.public_id}/messages/dance").status_code == 404


# --- today ------------------------------------------------------------------------------------------------------------


def test_stopped_work_is_tried_again_by_a_button_but_letters_are_not(house: House) -> None:
    shop = house.shop()
    with house.runtime.db.transaction(shop.id) as session:
        for kind in ("ingest", "deliver"):
            outbox.owe(session, shop.id, kind, ["1"])
            outbox.park(session, shop.id, outbox.claim(session, shop.id, kind, NOON, 1), "no_outcome")
    client = house.merchant(shop)
    today = client.get("/console").get_data(as_text=True)
    assert today.count("Try again") == 1
    assert f"/console/{shop.public_id}/messages" in today
    token = token_of(client, "/console")
    form = {"token": token, "shop": shop.public_id}
    assert client.post("/console", data={**form, "kind": "ingest"}).headers["Location"] == "/console?done=resumed"
    assert client.post("/console", data={**form, "kind": "deliver"}).status_code == 404
    with house.runtime.db.transaction(shop.id) as session:
        rows = session.execute(text("SELECT kind FROM outbox WHERE parked_at IS NULL")).scalars()
        assert list(rows) == ["ingest"]
