"""Money goes back once for each key, only what was paid, and a lost answer is never taken for a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from app.connectors.shopify import CONNECTOR
from app.events import Done, EffectKind, RefundIntent
from app.kernel.errors import Failure, Permanent, Transient, Uncertain
from app.kernel.http import Http
from tests.connectors.shopify.laid_out import LaidOut

KEY = "4f5b6ebf-143c-4da5-8d0f-fb8553bfd85d"
INTENT = RefundIntent(key=KEY, order_ref="6012340000000001", amount=1710, currency="GBP", items=(("102", 2),))
ORDER = "gid://shopify/Order/6012340000000001"
PLACE = "gid://shopify/Location/70000000001"


def transaction(number: int, kind: str, amount: str, *, parent: int = 0, status: str = "SUCCESS") -> dict[str, Any]:
    return {
        "id": f"gid://shopify/OrderTransaction/{number}",
        "kind": kind,
        "status": status,
        "gateway": "gift_card" if number == 2 else "bogus",
        "amountSet": {"presentmentMoney": {"amount": amount}},
        "parentTransaction": {"id": f"gid://shopify/OrderTransaction/{parent}"} if parent else None,
    }


def lay_order(laid_out: LaidOut, **changes: Any) -> None:
    order = {
        "presentmentCurrencyCode": "GBP",
        "refunds": [],
        "transactions": [transaction(1, "SALE", "92.85")],
        "lineItems": {"nodes": [{"id": "gid://shopify/LineItem/102", "unfulfilledQuantity": 0}]},
    }
    laid_out.lay_data(order={**order, **changes})


def lay_done(laid_out: LaidOut) -> None:
    laid_out.lay_data(refundCreate={"refund": {"id": "gid://shopify/Refund/920"}, "userErrors": []})


def lay_errors(laid_out: LaidOut, *errors: dict[str, Any]) -> None:
    laid_out.lay_data(refundCreate={"refund": None, "userErrors": list(errors)})


def write(laid_out: LaidOut, http: Http, intent: RefundIntent = INTENT) -> Done:
    return CONNECTOR.write(laid_out.access(), http, intent)


def asked(laid_out: LaidOut) -> dict[str, Any]:
    (found,) = [one["variables"] for one in laid_out.asked if one["operationName"] == "Refund"]
    return found


def failed(laid_out: LaidOut, http: Http, intent: RefundIntent = INTENT) -> Failure:
    with pytest.raises(Failure) as failure:
        write(laid_out, http, intent)
    return failure.value


def test_it_says_that_it_can_give_money_back() -> None:
    assert CONNECTOR.effects == {EffectKind.REFUND}


def test_a_refund_is_asked_for_whole_and_with_its_key(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    lay_done(laid_out)
    assert write(laid_out, http) == Done(ref="920")
    assert asked(laid_out) == {
        "key": KEY,
        "input": {
            "orderId": ORDER,
            "currency": "GBP",
            "note": f"Encore {KEY}",
            "notify": False,
            "refundLineItems": [
                {"lineItemId": "gid://shopify/LineItem/102", "quantity": 2, "restockType": "NO_RESTOCK"}
            ],
            "transactions": [
                {
                    "orderId": ORDER,
                    "parentId": "gid://shopify/OrderTransaction/1",
                    "gateway": "bogus",
                    "kind": "REFUND",
                    "amount": "17.10",
                }
            ],
        },
    }


def test_money_alone_goes_back_without_pieces(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    lay_done(laid_out)
    write(laid_out, http, replace(INTENT, items=(), restock=True))
    assert asked(laid_out)["input"]["refundLineItems"] == []
    assert laid_out.operations == ["Refundable", "Refund"]


@pytest.mark.parametrize(("unsent", "kind"), [(0, "RETURN"), (1, "RETURN"), (2, "CANCEL")])
def test_pieces_go_back_to_where_they_came_from(laid_out: LaidOut, http: Http, unsent: int, kind: str) -> None:
    lay_order(laid_out, lineItems={"nodes": [{"id": "gid://shopify/LineItem/102", "unfulfilledQuantity": unsent}]})
    laid_out.lay_data(order={"fulfillments": [{"location": None}, {"location": {"id": PLACE}}]}, location={"id": "x"})
    lay_done(laid_out)
    write(laid_out, http, replace(INTENT, restock=True))
    (line,) = asked(laid_out)["input"]["refundLineItems"]
    assert (line["restockType"], line["locationId"]) == (kind, PLACE)


def test_what_was_never_sent_goes_back_to_the_stores_primary_place(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    laid_out.lay_data(order={"fulfillments": []}, location={"id": PLACE})
    lay_done(laid_out)
    write(laid_out, http, replace(INTENT, restock=True))
    assert asked(laid_out)["input"]["refundLineItems"][0]["locationId"] == PLACE


# --- never more than was paid -----------------------------------------------------------------------------------------

TWO_PAYMENTS = [transaction(1, "SALE", "10.00"), transaction(2, "CAPTURE", "20.00")]


@pytest.mark.parametrize(
    ("transactions", "taken"),
    [
        (TWO_PAYMENTS, [("1", "10.00"), ("2", "7.10")]),
        ([*TWO_PAYMENTS, transaction(3, "REFUND", "6.00", parent=1)], [("1", "4.00"), ("2", "13.10")]),
        ([*TWO_PAYMENTS, transaction(3, "REFUND", "10.00", parent=1, status="PENDING")], [("2", "17.10")]),
        (
            [*TWO_PAYMENTS, transaction(3, "REFUND", "9.00", parent=1, status="FAILURE")],
            [("1", "10.00"), ("2", "7.10")],
        ),
        ([transaction(4, "AUTHORIZATION", "99.00"), *TWO_PAYMENTS], [("1", "10.00"), ("2", "7.10")]),
    ],
)
def test_each_payment_gives_back_what_is_left_of_it(
    laid_out: LaidOut, http: Http, transactions: list[Any], taken: list[tuple[str, str]]
) -> None:
    lay_order(laid_out, transactions=transactions)
    lay_done(laid_out)
    write(laid_out, http)
    given = asked(laid_out)["input"]["transactions"]
    assert [(one["parentId"].rpartition("/")[2], one["amount"]) for one in given] == taken


@pytest.mark.parametrize(
    ("changes", "intent", "code"),
    [
        ({"transactions": []}, INTENT, "too_much"),
        ({"transactions": [transaction(1, "SALE", "17.09")]}, INTENT, "too_much"),
        ({"transactions": [transaction(1, "SALE", "99.00", status="PENDING")]}, INTENT, "too_much"),
        ({}, replace(INTENT, amount=9286), "too_much"),
        ({}, replace(INTENT, amount=0), "no_amount"),
        ({}, replace(INTENT, amount=-5), "no_amount"),
        ({"presentmentCurrencyCode": "EUR"}, INTENT, "other_currency"),
    ],
)
def test_what_was_not_paid_does_not_go_back(
    laid_out: LaidOut, http: Http, changes: dict[str, Any], intent: RefundIntent, code: str
) -> None:
    lay_order(laid_out, **changes)
    failure = failed(laid_out, http, intent)
    assert isinstance(failure, Permanent)
    assert failure.code == code
    assert laid_out.operations == ["Refundable"]


def test_an_order_that_is_not_there_gives_nothing_back(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(order=None, other=1)
    assert failed(laid_out, http).code == "order_missing"


@pytest.mark.parametrize(("currency", "amount", "said"), [("JPY", 1710, "1710"), ("KWD", 1710, "1.710")])
def test_amounts_are_written_as_their_currency_is(
    laid_out: LaidOut, http: Http, currency: str, amount: int, said: str
) -> None:
    lay_order(laid_out, presentmentCurrencyCode=currency, transactions=[transaction(1, "SALE", "9000")])
    lay_done(laid_out)
    write(laid_out, http, replace(INTENT, currency=currency, amount=amount))
    assert asked(laid_out)["input"]["transactions"][0]["amount"] == said


# --- once -------------------------------------------------------------------------------------------------------------

OURS = {"id": "gid://shopify/Refund/920", "note": f"Encore {KEY}"}
OTHERS = {"id": "gid://shopify/Refund/919", "note": None}


def test_what_an_earlier_attempt_has_done_is_told_again(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out, refunds=[OTHERS, OURS])
    assert write(laid_out, http) == Done(ref="920")
    assert laid_out.operations == ["Refundable"]


@pytest.mark.parametrize(("refunds", "found"), [([OTHERS, OURS], Done(ref="920")), ([OTHERS], None), ([], None)])
def test_a_refund_is_found_by_its_mark(laid_out: LaidOut, http: Http, refunds: list[Any], found: Done | None) -> None:
    laid_out.lay_data(order={"refunds": refunds})
    assert CONNECTOR.find(laid_out.access(), http, INTENT) == found
    assert laid_out.operations == ["RefundsOf"]


def test_nothing_is_found_of_an_order_that_is_not_there(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay_data(order=None, other=1)
    assert CONNECTOR.find(laid_out.access(), http, INTENT) is None


# --- answers ----------------------------------------------------------------------------------------------------------


def test_an_answer_that_is_cut_off_is_uncertain(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    laid_out.lay(b"{" * 400, cut=200)
    failure = failed(laid_out, http)
    assert isinstance(failure, Uncertain)
    assert (failure.code, failure.hint) == ("answer_lost", "cut_off")


@pytest.mark.parametrize("status", [500, 502, 503, 408])
def test_a_store_that_breaks_down_over_it_is_uncertain(laid_out: LaidOut, http: Http, status: int) -> None:
    lay_order(laid_out)
    laid_out.lay(b"", status)
    assert isinstance(failed(laid_out, http), Uncertain)


def test_a_page_in_place_of_an_answer_is_uncertain(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    laid_out.lay(b"<html>One moment, please</html>")
    assert isinstance(failed(laid_out, http), Uncertain)


def test_a_store_that_has_no_time_has_done_nothing(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    laid_out.lay(b"", 429, Retry_After="3")
    failure = failed(laid_out, http)
    assert isinstance(failure, Transient)
    assert failure.retry_after == 3


def test_a_question_before_it_that_fails_has_done_nothing(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay(b"", 503)
    assert isinstance(failed(laid_out, http), Transient)


def test_a_missing_scope_is_named(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    denied = {"code": "ACCESS_DENIED", "requiredAccess": "`write_orders` access scope"}
    laid_out.lay({"errors": [{"message": "Access denied", "extensions": denied}], "data": {"refundCreate": None}})
    failure = failed(laid_out, http)
    assert isinstance(failure, Permanent)
    assert (failure.code, failure.hint) == ("scope_missing", "write_orders")


def test_what_the_store_finds_fault_with_is_named_and_not_repeated(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    error = {"field": ["input", "refundLineItems", "Anna Muster"], "message": "Anna Muster has had her money back"}
    lay_errors(laid_out, error)
    failure = failed(laid_out, http)
    assert isinstance(failure, Permanent)
    assert (failure.code, failure.hint) == ("refund_refused", "input, refundLineItems")


@pytest.mark.parametrize(
    "message",
    [
        "This request is currently in progress, please try again.",
        "The same idempotency key cannot be used with different operation parameters.",
    ],
)
def test_another_attempt_with_the_same_key_makes_it_uncertain(laid_out: LaidOut, http: Http, message: str) -> None:
    lay_order(laid_out)
    lay_errors(laid_out, {"field": None, "message": message})
    failure = failed(laid_out, http)
    assert isinstance(failure, Uncertain)
    assert failure.code == "key_in_use"


def test_the_same_said_by_a_code_is_uncertain_too(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    error = {"message": "no", "extensions": {"code": "IDEMPOTENCY_CONCURRENT_REQUEST"}}
    laid_out.lay({"errors": [error], "data": None})
    assert isinstance(failed(laid_out, http), Uncertain)


def test_neither_a_refund_nor_a_reason_is_uncertain(laid_out: LaidOut, http: Http) -> None:
    lay_order(laid_out)
    lay_errors(laid_out)
    assert isinstance(failed(laid_out, http), Uncertain)
