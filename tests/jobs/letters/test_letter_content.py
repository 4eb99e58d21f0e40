"""What a letter says about its order or parcel, and what it never says."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.channels.base import Letter
from app.domain.orders.rules import OrderFacts
from app.domain.promises.rules import Promise
from app.events import Address
from app.jobs.followups.base import Facts
from app.jobs.letters import compose
from app.jobs.letters.receipt import MOST_ROWS, summands
from app.kernel.errors import Permanent
from tests.sample_facts import COFFEE, FILTERS, HOUSE, KEY, LINKS, SENT, facts, order, parcel, shop

OFFERS = {
    "recommendations": {
        "items": [{"title": "Mühle & Co", "url": "https://nebelkamp.example/m?a=1&b=2", "price": "89 €"}]
    },
    "voucher": {"voucher": {"value": "10 %", "code": "KAFFEE10", "until": date(2026, 12, 31)}},
}


def write(template: str, found: Facts) -> Letter:
    return compose(template, found, LINKS, KEY, house_address=HOUSE)


def test_thanks_hold_all_that_an_order_needs() -> None:
    letter = write("thank_you", facts())
    for said in (
        "Guten Tag Johannes Wendt,",
        "vielen Dank",
        "#1042",
        "in guten Händen",
        "Eine Sendungsnummer gibt es noch nicht",
        "zwischen dem 3. und dem 5. Dezember",
        "Donnerstag – Samstag",
        "https://encore.example/t/abc",
        "2 × Äthiopien Guji, gewaschen (250 g, ganze Bohne): 23,80\u00a0€",
        "Filterpapier V60: 6,90\u00a0€",
        "Versand: 4,90\u00a0€",
        "Gesamt (inkl. 2,33\u00a0€ MwSt.): 35,60\u00a0€",
        "Johannes Wendt\nHopfenweg 12\nHinterhaus\n10999 Berlin",
        "https://nebelkamp.example/retouren",
        "030\u00a0000\u00a0000",
        "Lena von der Rösterei Nebelkamp",
    ):
        assert said in letter.text, said
    assert (letter.sender_name, letter.sender_address) == ("Lena von der Rösterei Nebelkamp", "post@nebelkamp.example")
    assert (letter.recipient, letter.key) == ("johannes@shopper.example", KEY)


def test_a_shop_without_an_address_of_its_own_writes_from_the_houses() -> None:
    bare = shop(settings=replace(shop().settings, sender_name="", sender_address=""))
    letter = write("thank_you", facts(shop=bare))
    assert (letter.sender_name, letter.sender_address) == ("Rösterei Nebelkamp", HOUSE)


@pytest.mark.parametrize(
    ("own", "told", "phone", "reply_to", "said", "unsaid"),
    [
        ("post@a.example", "office@a.example", "030 1", "post@a.example", "Antworten Sie einfach auf diese E-Mail", ""),
        ("", "office@a.example", "", "office@a.example", "Antworten Sie einfach auf diese E-Mail", "rufen Sie uns an"),
        ("", "", "030 1", "", "Rufen Sie uns an: 030\u00a01", "diese E-Mail"),
        ("", "no address", "", "", "vielen Dank", "Haben Sie Fragen"),
    ],
    ids=["chosen", "the store's", "phone alone", "none"],
)
def test_nobody_is_told_to_answer_where_nobody_reads(
    own: str, told: str, phone: str, reply_to: str, said: str, unsaid: str
) -> None:
    settings = replace(shop().settings, sender_address=own, phone=phone, hours="")
    letter = write("thank_you", facts(shop=shop(settings=settings, email=told)))
    assert letter.reply_to == reply_to
    assert said in letter.text
    assert not unsaid or unsaid not in letter.text


def test_thanks_that_come_after_the_parcel_tell_its_number() -> None:
    text = write("thank_you", facts(shipments=(parcel(),))).text
    assert "00340434161094015902" in text
    assert "noch nicht" not in text
    assert "bevor wir packen" not in text


def test_offers_need_consent() -> None:
    asked = facts()
    agreed = facts(purposes=frozenset({"offers"}))
    silent = compose("thank_you", asked, LINKS, KEY, house_address=HOUSE, offers=OFFERS)
    selling = compose("thank_you", agreed, LINKS, KEY, house_address=HOUSE, offers=OFFERS)
    assert silent == write("thank_you", asked)
    assert "KAFFEE10" in selling.text
    assert "bis zum 31. Dezember" in selling.text
    assert 'href="https://nebelkamp.example/m?a=1&amp;b=2"' in selling.html
    assert "Mühle &amp; Co" in selling.html


def test_consent_without_an_offer_changes_nothing() -> None:
    assert write("thank_you", facts(purposes=frozenset({"offers"}))) == write("thank_you", facts())


def test_a_part_of_an_order_says_that_the_rest_follows() -> None:
    text = write("shipped", facts(shipment=parcel(items=(("1", 2),)))).text
    assert "2 × Äthiopien Guji" in text
    assert "Filterpapier" not in text
    assert "Der Rest Ihrer Bestellung" in text


def test_the_second_and_last_parcel_is_counted_and_nothing_follows() -> None:
    first = parcel(items=(("1", 2),))
    second = parcel(id=71, items=(("2", 1),), shipped_at=SENT.replace(hour=12))
    text = write("shipped", facts(shipment=second, shipments=(second, first))).text
    assert "Paket 2 von 2" in text
    assert "Der Rest" not in text


def test_a_parcel_shows_no_prices() -> None:
    letter = write("shipped", facts(shipment=parcel()))
    assert "€" not in letter.text + letter.html


def test_a_promise_that_has_passed_is_not_made_again() -> None:
    late = Promise(earliest=date(2026, 11, 26), latest=date(2026, 11, 28))
    text = write("shipped", facts(shipment=parcel(), promise=late)).text
    assert "November" not in text
    assert "Sobald wir den Liefertag kennen" in text


def test_dates_are_the_shops_days() -> None:
    """Half past eleven in the evening in UTC is the next day in Berlin: the strip begins there."""
    found = facts(order=order(placed_at=datetime(2026, 12, 1, 23, 30, tzinfo=UTC)))
    html = write("thank_you", found).html
    assert re.search(r"Mi<br ?/?>2", html)
    assert not re.search(r"Di<br ?/?>1", html)


def test_html_in_facts_is_text() -> None:
    evil = "<script>alert(1)</script>{{ shop.name }}"
    bought = order(lines=(replace(COFFEE, title=evil, variant=evil),), address=Address(name=evil), number=evil)
    letter = write("thank_you", facts(order=bought, shop=shop(name=evil)))
    assert "<script>" not in letter.html
    assert "{{ shop.name }}" in letter.text


@pytest.mark.parametrize(
    "name", ["Win https://x.example", "a@b.example", "Gewinn: 100 €", "x" * 41, "www.x.example/1", "<b>"]
)
def test_a_name_that_is_an_advertisement_is_not_greeted(name: str) -> None:
    informal = shop(settings=replace(shop().settings, voice="informal"))
    letter = write("thank_you", facts(order=order(first_name=name), shop=informal))
    assert "Hallo," in letter.text
    assert name not in letter.subject


def test_names_and_titles_stay_on_their_lines() -> None:
    bought = order(first_name="Jo\r\nhannes\u202e", lines=(replace(COFFEE, title="Guji\n\tRoast\x00"),))
    text = write("thank_you", facts(order=bought)).text
    assert "Guten Tag Jo hannes Wendt," in text
    assert "2 × Guji Roast (" in text


def test_a_very_long_order_is_summed_up_and_stays_small() -> None:
    lines = tuple(replace(FILTERS, ref=str(n), title="Ä" * 200, total=100) for n in range(500))
    letter = write("thank_you", facts(order=order(lines=lines)))
    assert letter.text.count("ÄÄÄ\u00a0") + letter.text.count("Ä: 1,00") == MOST_ROWS
    assert "… 460 Artikel" in letter.text
    assert len(letter.html.encode()) < 100_000


@pytest.mark.parametrize(
    ("bought", "shown"),
    [
        (order(total=3560), (False, False)),  # tax is in the prices
        (order(total=3560 + 233), (False, True)),  # tax comes on top
        (order(total=3560 - 500, discount=500), (True, False)),  # the discount is not in the lines yet
        (order(total=3560 - 500 + 233, discount=500), (True, True)),
        (order(total=3560, discount=500), (False, False)),  # the discount is in the lines already
        (order(total=9999), (False, False)),  # something that we do not know: no made-up rows
    ],
)
def test_a_receipt_shows_what_makes_its_sum_come_out(bought: OrderFacts, shown: tuple[bool, bool]) -> None:
    assert summands(bought) == shown


def test_free_delivery_is_said_in_words_and_downloads_have_none() -> None:
    free = order(shipping=0, total=3070)
    assert "Versand: kostenlos" in write("thank_you", facts(order=free)).text
    ebook = order(shipping=0, total=690, lines=(replace(FILTERS, requires_shipping=False),), address=None)
    assert "Versand:" not in write("thank_you", facts(order=ebook)).text


def test_another_country_is_named_in_the_readers_language() -> None:
    abroad = Address(name="Anna", street=("Ringen 1",), postcode="1010", city="Wien", country="AT")
    assert "1010 Wien\nÖsterreich" in write("thank_you", facts(order=order(address=abroad))).text


def test_a_long_name_gets_the_short_subject() -> None:
    informal = shop(settings=replace(shop().settings, voice="informal"))
    found = facts(shop=informal, order=order(first_name="Maximiliane-Alexandra"))
    assert write("thank_you", found).subject == "Danke, Maximiliane-Alexandra!"
    longer = facts(shop=informal, order=order(first_name="Maximiliane-Alexandra-Eugenie"))
    assert write("thank_you", longer).subject == "Danke! Bestellung #1042"


@pytest.mark.parametrize("url", ["javascript:alert(1)", "https://[bad", "nowhere"])
def test_a_link_that_is_none_is_not_printed(url: str) -> None:
    shady = shop(settings=replace(shop().settings, returns_url=url))
    letter = write("thank_you", facts(shop=shady))
    assert url not in letter.text + letter.html


@pytest.mark.parametrize("brand", ["#a3401c", "nonsense;}</style>"])
def test_the_band_and_the_button_wear_the_shops_colour(brand: str) -> None:
    html = write("thank_you", facts(shop=shop(settings=replace(shop().settings, brand_colour=brand)))).html
    assert ("#a3401c" if brand.startswith("#") else "#1d4f91") in html
    assert "nonsense" not in html


def test_nothing_is_loaded_when_a_letter_is_opened() -> None:
    html = write("thank_you", facts()).html
    assert "<img" not in html
    assert "@import" not in html
    assert "fonts.googleapis" not in html


@pytest.mark.parametrize(
    ("template", "found", "code"),
    [
        ("thank_you", facts(order=order(email=None)), "no_address"),
        ("thank_you", facts(shop=shop(name=" ")), "value_missing"),
        ("shipped", facts(shipment=parcel(tracking_number="")), "value_missing"),
        ("no_such_letter", facts(), "text_missing"),
    ],
)
def test_a_letter_with_a_hole_is_refused(template: str, found: Facts, code: str) -> None:
    with pytest.raises(Permanent) as caught:
        write(template, found)
    assert caught.value.code == code
