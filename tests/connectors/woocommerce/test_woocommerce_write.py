"""Money goes back once for each key, and what cannot be known is never taken for done or undone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.connectors.base import Access
from app.connectors.woocommerce import CONNECTOR
from app.events import Done, EffectKind, RefundIntent
from app.kernel.errors import Failure, Permanent, Transient, Uncertain
from app.kernel.http import Http
from tests.connectors.woocommerce.recorded import KEYS, Asked, a_store, body_of, replay, say
from tests.kernel.loopback import answer, serving

ORDER = body_of("rest/orders-get-partially-refunded")
INTENT = RefundIntent(key="key-1", order_ref="46", amount=1450, currency="EUR", items=(("9", 1),))


def marked(refund_id: int, key: str, amount: str = "14.50") -> dict[str, Any]:
    refund = body_of("rest/refunds-create-partial")
    mark = {"id": 1, "key": "_encore_refund", "value": key}
    return {**refund, "id": refund_id, "amount": amount, "meta_data": [*refund["meta_data"], *([mark] if key else [])]}


class Refunds:
    """A store with one order and its refunds; `fails` is what it says to a POST instead of doing anything."""

    def __init__(self, *held: dict[str, Any], order: dict[str, Any] = ORDER, fails: bytes = b"") -> None:
        self.held = list(held)
        self.order = order
        self.fails = fails
        self.posted: list[Any] = []

    def __call__(self, asked: Asked) -> bytes:
        if asked.path == "wc/v3/orders/46":
            return say(self.order)
        assert asked.path == "wc/v3/orders/46/refunds"
        if asked.method == "GET":
            return say(self.held)
        self.posted.append(asked.body)
        if self.fails:
            return self.fails
        made = {**marked(75 + len(self.held), ""), "meta_data": asked.body["meta_data"]}
        self.held.append(made)
        return say(made, 201)


def refund(http: Http, store: Refunds, intent: RefundIntent = INTENT) -> Done:
    with a_store(store) as there:
        return CONNECTOR.write(there.access, http, intent)


def access_to(url: str) -> Access:
    return Access(base_url=url, secrets=KEYS)


def find(http: Http, store: Refunds, intent: RefundIntent = INTENT) -> Done | None:
    with a_store(store) as there:
        return CONNECTOR.find(there.access, http, intent)


def test_a_connector_says_what_it_can_do() -> None:
    assert CONNECTOR.effects == {EffectKind.REFUND}


def test_money_goes_back_by_the_way_of_payment_under_our_mark(http: Http) -> None:
    store = Refunds()
    assert refund(http, store) == Done(ref="75")
    assert store.posted == [
        {
            "amount": "14.50",
            "api_refund": True,
            "api_restock": False,
            "meta_data": [{"key": "_encore_refund", "value": "key-1"}],
            "line_items": [{"id": 9, "quantity": 1, "refund_total": 14.5, "refund_tax": []}],
        }
    ]


def test_a_lines_tax_goes_back_with_it(http: Http) -> None:
    taxed = {"id": 1, "quantity": 3, "total": "30.00", "taxes": [{"id": 2, "total": "5.70"}, {"id": 0, "total": "1"}]}
    store = Refunds(order={**ORDER, "line_items": [taxed]})
    refund(http, store, RefundIntent(key="key-1", order_ref="46", amount=2380, currency="EUR", items=(("1", 2),)))
    assert store.posted[0]["line_items"] == [
        {"id": 1, "quantity": 2, "refund_total": 20.0, "refund_tax": [{"id": 2, "refund_total": 3.8}]}
    ]


def test_a_second_attempt_finds_the_first(http: Http) -> None:
    store = Refunds()
    assert refund(http, store) == refund(http, store) == find(http, store)
    assert len(store.posted) == 1


def test_another_key_is_another_refund(http: Http) -> None:
    store = Refunds(marked(70, "key-0"))
    assert refund(http, store).ref == "76"
    assert find(http, Refunds(marked(70, "key-0"))) is None


def test_money_alone_names_no_line_and_pieces_may_go_back_on_the_shelf(http: Http) -> None:
    store = Refunds()
    intent = RefundIntent(key="key-1", order_ref="46", amount=300, currency="EUR", restock=True)
    refund(http, store, intent)
    assert (store.posted[0]["amount"], store.posted[0]["line_items"], store.posted[0]["api_restock"]) == (
        "3.00",
        [],
        True,
    )


def test_a_currency_without_minor_units_has_none(http: Http) -> None:
    store = Refunds(order={**ORDER, "currency": "JPY"})
    refund(http, store, RefundIntent(key="key-1", order_ref="46", amount=300, currency="JPY"))
    assert store.posted[0]["amount"] == "300"


def test_a_refund_that_bears_no_mark_may_be_the_one_whose_answer_was_lost(http: Http) -> None:
    """The store writes the mark after the money has gone."""
    with pytest.raises(Uncertain, match="unmarked_refund"):
        find(http, Refunds(marked(74, "")))
    assert find(http, Refunds(marked(74, "", "3.00"))) is None


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (replay("rest/error-refund-gateway"), Permanent, "refund_not_supported"),
        (replay("rest/error-refund-too-much"), Permanent, "refund_too_much"),
        (
            say({"code": "woocommerce_rest_cannot_create_order_refund", "message": "Chyba", "data": 500}, 500),
            Permanent,
            "refund_refused",
        ),
        (replay("rest/error-read-key-writes"), Permanent, "key_cannot_write"),
        (say("<h1>Busy</h1>", 429, "Retry-After: 7"), Transient, "rate_limited"),
        (say({"code": "internal_server_error", "message": "critical"}, 500), Uncertain, "answer_lost"),
        (answer(b"<h1>Bad gateway", "502 Bad Gateway"), Uncertain, "answer_lost"),
        (answer(b"<br>Warning: something {"), Uncertain, "answer_lost"),
        (say({}, 201), Uncertain, "answer_lost"),
    ],
)
def test_what_a_store_says_when_it_does_not_say_yes(http: Http, said: bytes, kind: type[Failure], code: str) -> None:
    store = Refunds(fails=said)
    with pytest.raises(kind, match=code):
        refund(http, store)
    assert len(store.posted) == 1


def test_an_answer_that_breaks_off_is_uncertain(http: Http) -> None:
    store = Refunds()

    def serve(request: bytes) -> Iterator[bytes]:
        asked = Asked.read(request)
        said = store(asked)
        yield said[: len(said) - 40] if asked.method == "POST" else said

    with serving(serve) as loopback, pytest.raises(Uncertain, match="answer_lost"):
        CONNECTOR.write(access_to(loopback.url.rstrip("/")), http, INTENT)


def test_a_store_that_cannot_be_reached_has_done_nothing(http: Http) -> None:
    with pytest.raises(Transient, match="unreachable"):
        CONNECTOR.write(access_to("http://127.0.0.1:9"), http, INTENT)


@pytest.mark.parametrize(
    ("intent", "code"),
    [
        (RefundIntent(key="k", order_ref="46", amount=100, currency="SEK"), "other_currency"),
        (RefundIntent(key="k", order_ref="46", amount=100, currency="EUR", items=(("99", 1),)), "unknown_line"),
        (RefundIntent(key="k", order_ref="46", amount=100, currency="EUR", items=(("9", 400),)), "unknown_line"),
    ],
)
def test_what_does_not_fit_the_order_is_never_asked_for(http: Http, intent: RefundIntent, code: str) -> None:
    store = Refunds()
    with pytest.raises(Permanent, match=code):
        refund(http, store, intent)
    assert store.posted == []


def test_a_list_that_is_none_is_no_proof_that_nothing_was_done(http: Http) -> None:
    with a_store(lambda _: say({})) as store, pytest.raises(Transient, match="unexpected_answer"):
        CONNECTOR.find(store.access, http, INTENT)
