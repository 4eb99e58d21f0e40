"""Orders are read page by page, whole, and none is asked for twice in one question."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from app.connectors.base import Ask, Page
from app.connectors.shopify import CONNECTOR
from app.connectors.shopify.orders import ORDERS_A_PAGE
from app.events import Gone, OrderFact, RefundFact, ScanFact, ShipmentFact
from app.kernel.errors import Permanent, Transient
from app.kernel.http import Http
from tests.connectors.shopify.laid_out import LaidOut
from tests.connectors.shopify.samples import read


def node(ref: int = 6012340000000001, **changes: Any) -> dict[str, Any]:
    return {**deepcopy(read("order_node")), "id": f"gid://shopify/Order/{ref}", **changes}


def lay_page(laid_out: LaidOut, *nodes: Any, has_next: bool = False) -> None:
    """Every order's cursor is "after" and its number."""
    edges = [{"cursor": f"after {node['id'].rpartition('/')[2]}", "node": node} for node in nodes]
    laid_out.lay_data(orders={"edges": edges, "pageInfo": {"hasNextPage": has_next}})


def lay_throttled(laid_out: LaidOut, missing: float) -> None:
    """So many points too few; a hundred come back in a second."""
    bucket = {"currentlyAvailable": 500, "restoreRate": 100}
    cost = {"requestedQueryCost": 500 + missing, "throttleStatus": bucket}
    laid_out.lay(
        {"errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}], "extensions": {"cost": cost}}
    )


def pull(laid_out: LaidOut, http: Http, **ask: Any) -> Page:
    return CONNECTOR.pull(laid_out.access(), http, Ask(**ask))


def orders_in(page: Page) -> list[OrderFact]:
    return [fact for fact in page.facts if isinstance(fact, OrderFact)]


SINCE = datetime(2026, 11, 24, 9, 50, tzinfo=UTC)


def test_a_page_brings_orders_with_their_parcels_and_scans(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(1), node(2), has_next=True)
    page = pull(laid_out, http, changed_since=SINCE)
    assert [type(fact) for fact in page.facts] == [OrderFact, ShipmentFact, ScanFact] * 2
    assert (page.cursor, page.total) == ("after 2", None)
    assert laid_out.asked[0]["variables"] == {
        "first": ORDERS_A_PAGE,
        "after": None,
        "query": "updated_at:>='2026-11-24T09:50:00Z'",
    }


def test_the_last_page_has_no_cursor(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node())
    page = pull(laid_out, http, changed_since=SINCE, cursor="c1")
    assert page.cursor == ""
    assert laid_out.asked[0]["variables"]["after"] == "c1"


@pytest.mark.parametrize(("precision", "total"), [("EXACT", 1204), ("AT_LEAST", None)])
def test_the_first_page_ever_says_how_many_orders_there_are(
    laid_out: LaidOut, http: Http, precision: str, total: int | None
) -> None:
    lay_page(laid_out)
    laid_out.lay_data(ordersCount={"count": 1204, "precision": precision})
    page = pull(laid_out, http)
    assert (page.facts, page.total) == ((), total)
    assert laid_out.asked[0]["variables"]["query"] is None


def test_a_later_page_of_the_first_import_does_not_count_again(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node())
    pull(laid_out, http, cursor="c1")
    assert laid_out.operations == ["Orders"]


def test_single_orders_are_asked_for_by_their_ids_and_a_missing_one_is_gone(laid_out: LaidOut, http: Http) -> None:
    laid_out.lay({"data": {"nodes": [node(1), None]}}, Date="Tue, 24 Nov 2026 10:00:00 GMT")
    page = pull(laid_out, http, refs=("1", "2"))
    assert orders_in(page)[0].ref == "1"
    assert page.facts[-1] == Gone(ref="2", updated_at=datetime(2026, 11, 24, 10, tzinfo=UTC))
    assert laid_out.asked[0]["variables"] == {"ids": ["gid://shopify/Order/1", "gid://shopify/Order/2"]}
    assert (page.cursor, page.total, page.answered_at) == ("", None, datetime(2026, 11, 24, 10, tzinfo=UTC))


def test_many_single_orders_are_asked_for_in_pieces_that_are_not_too_costly(laid_out: LaidOut, http: Http) -> None:
    refs = tuple(str(number) for number in range(1, 2 * ORDERS_A_PAGE + 2))
    for start in range(0, len(refs), ORDERS_A_PAGE):
        laid_out.lay_data(nodes=[node(int(ref)) for ref in refs[start : start + ORDERS_A_PAGE]])
    assert [order.ref for order in orders_in(pull(laid_out, http, refs=refs))] == list(refs)
    assert [len(asked["variables"]["ids"]) for asked in laid_out.asked] == [ORDERS_A_PAGE, ORDERS_A_PAGE, 1]


@pytest.mark.parametrize("nodes", [None, {}, [], [None]])
def test_an_answer_with_another_number_of_orders_is_not_guessed_at(laid_out: LaidOut, http: Http, nodes: Any) -> None:
    laid_out.lay_data(nodes=nodes, other=1)
    with pytest.raises(Permanent):
        pull(laid_out, http, refs=("1", "2"))


# --- orders that are bigger than a page allows ------------------------------------------------------------------------


def lines(*numbers: int, cursor: str = "") -> dict[str, Any]:
    sample = read("order_node")["lineItems"]["nodes"][0]
    return {
        "nodes": [{**sample, "id": f"gid://shopify/LineItem/{number}"} for number in numbers],
        "pageInfo": {"hasNextPage": bool(cursor), "endCursor": cursor or None},
    }


def test_more_lines_than_a_page_allows_are_fetched_until_there_are_none(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(lineItems=lines(1, 2, cursor="l1")))
    laid_out.lay_data(order={"lineItems": lines(3, 4, cursor="l2")})
    laid_out.lay_data(order={"lineItems": lines(5)})
    (order,) = orders_in(pull(laid_out, http, changed_since=SINCE))
    assert [line.ref for line in order.lines] == ["1", "2", "3", "4", "5"]
    assert [asked["variables"].get("after") for asked in laid_out.asked] == [None, "l1", "l2"]


def test_more_parcels_than_a_page_allows_are_fetched(laid_out: LaidOut, http: Http) -> None:
    parcels = [{**read("order_node")["fulfillments"][0], "id": f"gid://shopify/Fulfillment/{n}"} for n in range(1, 4)]
    lay_page(laid_out, node(fulfillments=parcels[:2], fulfillmentsCount={"count": 3}))
    laid_out.lay_data(order={"fulfillments": parcels})
    page = pull(laid_out, http, changed_since=SINCE)
    assert [fact.ref for fact in page.facts if isinstance(fact, ShipmentFact)] == ["1", "2", "3"]


def test_a_parcel_with_more_items_or_events_than_a_page_allows_is_fetched_whole(laid_out: LaidOut, http: Http) -> None:
    order = node()
    (parcel,) = order["fulfillments"]
    whole = deepcopy(parcel)
    parcel["events"]["pageInfo"]["hasNextPage"] = True
    whole["events"]["nodes"].append({"status": "CARRIER_PICKED_UP", "happenedAt": "2026-11-21T15:00:00Z"})
    lay_page(laid_out, order)
    laid_out.lay_data(fulfillment={name: whole[name] for name in ("events", "fulfillmentLineItems")})
    page = pull(laid_out, http, changed_since=SINCE)
    assert len([fact for fact in page.facts if isinstance(fact, ScanFact)]) == 2
    assert laid_out.asked[1]["variables"] == {"parcel": "gid://shopify/Fulfillment/5412340000000051"}


def test_an_order_that_vanishes_between_two_questions_is_asked_for_again(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(lineItems=lines(1, cursor="l1")))
    laid_out.lay_data(order=None, other=1)
    with pytest.raises(Transient) as refused:
        pull(laid_out, http, changed_since=SINCE)
    assert refused.value.code == "changed_meanwhile"


def refund(number: int, *lines_back: int, more: bool = False) -> dict[str, Any]:
    return {
        "id": f"gid://shopify/Refund/{number}",
        "processedAt": "2026-11-25T08:30:00Z",
        "totalRefundedSet": {"shopMoney": {"amount": "5.00"}},
        "refundLineItems": {
            "nodes": [{"quantity": 1, "lineItem": {"id": f"gid://shopify/LineItem/{line}"}} for line in lines_back],
            "pageInfo": {"hasNextPage": more, "endCursor": "r1" if more else None},
        },
    }


def refunds_in(page: Page) -> list[RefundFact]:
    return [fact for fact in page.facts if isinstance(fact, RefundFact)]


def test_one_refund_comes_with_its_order(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(1, refunds=[refund(7, 2, 1)]))
    (fact,) = refunds_in(pull(laid_out, http, changed_since=SINCE))
    assert (fact.order_ref, fact.ref, fact.amount, fact.items) == ("1", "7", 500, (("1", 1), ("2", 1)))
    assert laid_out.operations == ["Orders"]


def test_more_refunds_or_pieces_than_a_page_allows_are_fetched(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(1, refunds=[refund(7), refund(8)]))
    laid_out.lay_data(order={"refunds": [refund(7), refund(8), refund(9, 1, more=True)]})
    laid_out.lay_data(refund={"refundLineItems": refund(9, 2)["refundLineItems"]})
    refunds = refunds_in(pull(laid_out, http, changed_since=SINCE))
    assert [fact.ref for fact in refunds] == ["7", "8", "9"]
    assert refunds[2].items == (("1", 1), ("2", 1))
    assert laid_out.asked[2]["variables"] == {"refund": "gid://shopify/Refund/9", "after": "r1"}


# --- too few points for all of it -------------------------------------------------------------------------------------


def test_a_pull_that_cannot_begin_is_put_off(laid_out: LaidOut, http: Http) -> None:
    lay_throttled(laid_out, 1)
    with pytest.raises(Transient) as refused:
        pull(laid_out, http, changed_since=SINCE)
    assert (refused.value.code, refused.value.retry_after) == ("throttled", 0.01)
    assert laid_out.operations == ["Orders"]


def test_a_pull_that_has_begun_waits_for_the_points_it_needs(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(lineItems=lines(1, cursor="l1")))
    lay_throttled(laid_out, 1)
    lay_throttled(laid_out, 0)
    laid_out.lay_data(order={"lineItems": lines(2)})
    (order,) = orders_in(pull(laid_out, http, changed_since=SINCE))
    assert [line.ref for line in order.lines] == ["1", "2"]
    assert laid_out.operations == ["Orders", "OrderLines", "OrderLines", "OrderLines"]


def test_single_orders_wait_too_once_the_first_are_there(laid_out: LaidOut, http: Http) -> None:
    refs = tuple(str(number) for number in range(1, ORDERS_A_PAGE + 2))
    laid_out.lay_data(nodes=[node(int(ref)) for ref in refs[:-1]])
    lay_throttled(laid_out, 1)
    laid_out.lay_data(nodes=[node(int(refs[-1]))])
    assert len(orders_in(pull(laid_out, http, refs=refs))) == len(refs)


def test_a_page_that_takes_too_long_ends_with_its_last_whole_order(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(1), node(2), node(3, lineItems=lines(1, cursor="l1")), node(4))
    lay_throttled(laid_out, 5000)
    page = pull(laid_out, http, changed_since=SINCE)
    assert ([order.ref for order in orders_in(page)], page.cursor) == (["1", "2"], "after 2")


def test_a_page_without_a_whole_order_is_put_off(laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, node(1, lineItems=lines(1, cursor="l1")), node(2))
    lay_throttled(laid_out, 5000)
    with pytest.raises(Transient) as refused:
        pull(laid_out, http, changed_since=SINCE)
    assert refused.value.retry_after == 50.0
