"""A story that is not whole is told apart from one that is."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

from app.domain.insight.audit import COUNTS
from sandbox.demo.books import Book
from sandbox.demo.judge import Evidence, Letter, Page, Placed, judge

PLACED = Placed(platform="shopify", number="#1042", email="mia@example.com", language="sv")
AUDIT = {**dict.fromkeys(COUNTS, 0), "orders": 1, "events": 5, "sent": 2}
DELIVERED = Page(status=200, has_number=True, has_word=True, parcels=("delivered",))
THANKS = Letter(to="mia@example.com", subject="Tack, Mia!", language="sv")
SHIPPED = Letter(to="mia@example.com", subject="Din beställning är på väg", language="sv")


def mail(letter: Letter) -> dict[str, Any]:
    return {"message_id": f"<{letter.subject}@a>", "to": [letter.to], "subject": letter.subject}


def whole() -> Evidence:
    parcels = [{"tracking_number": "JD01"}, {"tracking_number": ""}]
    order = {"store": "shopify", "id": "7", "number": "#1042", "parcels": parcels}
    book = Book(
        orders=frozenset({"7"}),
        parcels=frozenset({"JD01"}),
        messages=Counter({"sent": 2, "skipped": 1}),
        waiting=0,
    )
    return Evidence(
        truth={"orders": [order], "mails": [mail(THANKS), mail(SHIPPED)]},
        books={"shopify": book},
        audit=AUDIT,
        pages={PLACED: DELIVERED},
        letters=[THANKS, SHIPPED],
    )


def problems(**changes: Any) -> str:
    return "\n".join(judge(replace(whole(), **changes)).problems)


def test_a_whole_story_has_no_problem_and_its_numbers() -> None:
    verdict = judge(whole())
    assert verdict.problems == []
    assert verdict.numbers == {
        "orders": 1,
        "events": 5,
        "messages": 2,
        "skipped": 1,
        "duplicates": 0,
        "lost": 0,
        "audit": AUDIT,
    }


def test_a_mail_that_arrived_twice_is_a_duplicate() -> None:
    twice = {**whole().truth, "mails": [mail(THANKS), mail(THANKS)]}
    assert judge(replace(whole(), truth=twice)).numbers["duplicates"] == 1
    assert "<Tack, Mia!@a> arrived more than once" in problems(truth=twice)


def test_a_mail_that_was_sent_and_did_not_arrive_is_missed() -> None:
    assert "2 mails were sent, 1 arrived" in problems(truth={**whole().truth, "mails": [mail(THANKS)]})


def test_an_order_and_a_parcel_that_the_house_does_not_know_are_lost() -> None:
    empty = Book(orders=frozenset(), parcels=frozenset(), messages=Counter({"sent": 2}), waiting=0)
    verdict = judge(replace(whole(), books={"shopify": empty}))
    assert verdict.numbers["lost"] == 2
    assert verdict.problems == ["order #1042 of shopify never arrived", "parcel JD01 of shopify never arrived"]


def test_what_the_house_itself_calls_wrong_is_wrong_and_what_it_only_counts_is_not() -> None:
    assert problems(audit={**AUDIT, "stuck": 1}) == "audit: stuck is 1"
    assert problems(audit={**AUDIT, "deliveries": 3}) == ""


def test_a_page_must_be_there_and_say_that_the_parcel_came() -> None:
    assert "answered 404" in problems(pages={PLACED: replace(DELIVERED, status=404)})
    assert "its number" in problems(pages={PLACED: replace(DELIVERED, has_number=False)})
    assert "delivered" in problems(pages={PLACED: replace(DELIVERED, has_word=False)})
    assert "delivered" in problems(pages={PLACED: replace(DELIVERED, parcels=("delivered", "in_transit"))})
    assert "delivered" in problems(pages={PLACED: replace(DELIVERED, parcels=())})


def test_a_buyer_gets_two_mails_in_his_language() -> None:
    assert "got 1 mails" in problems(letters=[THANKS])
    assert "['en'] instead of sv" in problems(letters=[THANKS, replace(SHIPPED, language="en")])
