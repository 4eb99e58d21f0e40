"""Orders are read page by page without losing one, whatever happens to the list meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.connectors.base import Ask, Page
from app.connectors.woocommerce import CONNECTOR
from app.connectors.woocommerce.orders import FIELDS, SOURCE
from app.events import Gone, OrderFact, OrderStatus, RefundFact, ShipmentFact
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Http
from tests.connectors.woocommerce.recorded import Asked, Store, a_store, body_of, replay, say

PER_PAGE = SOURCE.per_page
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
TEMPLATE = body_of("rest/orders-get-storefront")


def an_order(order_id: int, changed_at: datetime = NOON, status: str = "processing") -> dict[str, Any]:
    modified = changed_at.strftime("%Y-%m-%dT%H:%M:%S")
    return {**TEMPLATE, "id": order_id, "number": str(order_id), "status": status, "date_modified_gmt": modified}


@dataclass
class Orders:
    """A store's list of orders with the habits of the real one. `meanwhile` is called before each answer."""

    held: list[dict[str, Any]]
    meanwhile: Callable[[Orders, int], None] = lambda _orders, _call: None
    longest: int = 100
    tells_total: bool = True
    calls: int = 0

    def __call__(self, asked: Asked) -> bytes:
        self.meanwhile(self, self.calls)
        self.calls += 1
        query = asked.query
        assert (asked.path, query["orderby"], query["order"]) == ("wc/v3/orders", "id", "asc")
        assert query["_fields"] == ",".join(FIELDS)
        is_bin = query["status"] == "trash"
        found = [order for order in self.held if (order["status"] == "trash") == is_bin]
        if "modified_after" in query:
            assert query["dates_are_gmt"] == "true"
            assert "Z" not in query["modified_after"]
            found = [order for order in found if order["date_modified_gmt"] > query["modified_after"]]
        start, size = int(query.get("offset", 0)), min(int(query["per_page"]), self.longest)
        page = sorted(found, key=lambda order: order["id"])[start : start + size]
        return say(page, 200, *([f"X-WP-Total: {len(found)}"] if self.tells_total else []))


def read_all(http: Http, orders: Orders, changed_since: datetime | None = None) -> list[Page]:
    pages: list[Page] = []
    with a_store(orders) as store:
        while not pages or pages[-1].cursor:
            cursor = pages[-1].cursor if pages else ""
            pages.append(CONNECTOR.pull(store.access, http, Ask(changed_since=changed_since, cursor=cursor)))
            assert len(pages) < 50
    return pages


def refs(pages: list[Page]) -> list[int]:
    return [int(fact.ref) for page in pages for fact in page.facts if isinstance(fact, OrderFact)]


# --- all that changed -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [0, 1, PER_PAGE - 1, PER_PAGE, PER_PAGE + 1, 2 * PER_PAGE - 1, 3 * PER_PAGE + 7])
def test_a_back_fill_tells_every_order_once_and_how_many_there_are(http: Http, count: int) -> None:
    pages = read_all(http, Orders([an_order(order_id) for order_id in range(1, count + 1)]))
    assert refs(pages) == list(range(1, count + 1))
    assert {page.total for page in pages} == {count}


def test_orders_that_leave_the_list_while_it_is_read_take_none_with_them(http: Http) -> None:
    def bin_the_first_ones(orders: Orders, call: int) -> None:
        for order in orders.held[call * 7 : call * 7 + 5]:
            order["status"] = "trash"

    orders = Orders([an_order(order_id) for order_id in range(1, 180)], bin_the_first_ones)
    found = refs(read_all(http, orders))
    alive = {order["id"] for order in orders.held if order["status"] != "trash"}
    assert alive <= set(found)
    assert len(found) == len(set(found))


def test_nearly_all_of_a_page_may_go_and_the_rest_is_still_read(http: Http) -> None:
    def remove(orders: Orders, call: int) -> None:
        if call == 1:
            del orders.held[: PER_PAGE + 20]

    found = refs(read_all(http, Orders([an_order(order_id) for order_id in range(1, 111)], remove)))
    assert set(range(PER_PAGE + 21, 111)) <= set(found)


def test_orders_that_enter_the_list_behind_us_are_asked_for_next_time(http: Http) -> None:
    def edit_an_old_one(orders: Orders, call: int) -> None:
        if call == 1:
            orders.held[0]["date_modified_gmt"] = "2026-11-21T12:00:05"

    since = NOON - timedelta(seconds=1)
    orders = Orders([an_order(1, NOON - timedelta(days=1)), *(an_order(n) for n in range(2, 75))], edit_an_old_one)
    assert set(refs(read_all(http, orders, since))) == set(range(2, 75))
    assert refs(read_all(http, Orders(orders.held), NOON + timedelta(seconds=1))) == [1]


def test_what_changed_in_the_second_that_is_asked_for_is_among_the_answers(http: Http) -> None:
    held = [an_order(1, NOON - timedelta(seconds=1)), an_order(2, NOON), an_order(3, NOON + timedelta(seconds=1))]
    assert refs(read_all(http, Orders(held), NOON)) == [2, 3]
    assert refs(read_all(http, Orders(held), NOON.astimezone(tz=None))) == [2, 3]


def test_what_went_to_the_bin_is_found_when_changes_are_read(http: Http) -> None:
    orders = Orders([an_order(1), an_order(2, status="trash"), an_order(3, NOON - timedelta(days=9), "trash")])
    facts = [fact for page in read_all(http, orders, NOON) for fact in page.facts]
    assert [(fact.ref, fact.status) for fact in facts if isinstance(fact, OrderFact)] == [
        ("1", OrderStatus.CONFIRMED),
        ("2", OrderStatus.DELETED),
    ]
    assert refs(read_all(http, orders)) == [1]


def test_drafts_and_orders_that_nobody_can_read_are_left_out_and_the_others_told(
    http: Http, caplog: pytest.LogCaptureFixture
) -> None:
    held = [an_order(1), an_order(2, status="checkout-draft"), {**an_order(3), "total": "?"}, an_order(4)]
    assert refs(read_all(http, Orders(held))) == [1, 4]
    assert [(record.thing, record.field) for record in caplog.records] == [("orders/3", "total")]  # type: ignore[attr-defined]


def test_recorded_orders_come_back_as_facts_with_their_parcels(http: Http) -> None:
    with a_store(lambda _: replay("rest/orders-list-page1")) as store:
        page = CONNECTOR.pull(store.access, http, Ask())
    said = body_of("rest/orders-list-page1")
    assert refs([page]) == [order["id"] for order in said]
    assert [fact.ref for fact in page.facts if isinstance(fact, ShipmentFact)] == ["73/1", "71/1", "69/1", "66/1"]
    assert (page.cursor, page.total) == ("any/9/73", 30)


def test_a_store_that_ignores_where_to_begin_is_not_asked_for_ever(http: Http) -> None:
    everything = [an_order(order_id) for order_id in range(1, PER_PAGE + 1)]
    cursor = f"any/{PER_PAGE}/{PER_PAGE}"
    said = say(everything, 200, f"X-WP-Total: {PER_PAGE}")
    with a_store(lambda _: said) as store, pytest.raises(Transient, match="paging_refused"):
        CONNECTOR.pull(store.access, http, Ask(cursor=cursor))


def test_a_host_that_cuts_pages_short_is_read_to_the_end(http: Http) -> None:
    orders = Orders([an_order(order_id) for order_id in range(1, 120)], longest=20)
    assert refs(read_all(http, orders)) == list(range(1, 120))


@pytest.mark.parametrize("count", [1, PER_PAGE, PER_PAGE + 1, 130])
def test_a_proxy_that_eats_the_count_does_no_harm(http: Http, count: int) -> None:
    pages = read_all(http, Orders([an_order(order_id) for order_id in range(1, count + 1)], tells_total=False))
    assert refs(pages) == list(range(1, count + 1))
    assert {page.total for page in pages} == {None}


@pytest.mark.parametrize("cursor", ["2", "any/x/1", "any/1/2/3", "publish/1/2"])
def test_a_cursor_that_is_not_ours_is_refused(http: Http, cursor: str) -> None:
    with a_store(lambda _: say([])) as store, pytest.raises(Permanent, match="bad_cursor"):
        CONNECTOR.pull(store.access, http, Ask(cursor=cursor))


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (say({"orders": []}), Transient, "unexpected_answer"),
        (say({"code": "woocommerce_rest_cannot_view"}, 401), Permanent, "keys_refused"),
        (say("<h1>503</h1>", 503, "Retry-After: 30"), Transient, "store_down"),
    ],
)
def test_a_list_that_is_none_raises(http: Http, said: bytes, kind: type[Failure], code: str) -> None:
    with a_store(lambda _: said) as store, pytest.raises(kind, match=code):
        CONNECTOR.pull(store.access, http, Ask())


# --- single orders ----------------------------------------------------------------------------------------------------


def shelf(**answers: bytes) -> Callable[[Asked], bytes]:
    """Answers by the last parts of the path: orders_46, orders_46_fulfillments. An order's refunds are the recorded ones."""
    answers = {"orders_46_refunds": replay("rest/refunds-list"), **answers}
    return lambda asked: answers[asked.path.removeprefix("wc/v3/").replace("/", "_")]


def pull(http: Http, store: Store, *order_refs: str) -> Page:
    return CONNECTOR.pull(store.access, http, Ask(refs=order_refs))


def test_an_order_that_is_gone_for_good_is_gone_since_the_store_said_so(http: Http) -> None:
    gone = replay("rest/orders-get-after-force-delete", "Date: Sat, 21 Nov 2026 22:41:00 GMT")
    with a_store(lambda _: gone) as store:
        page = pull(http, store, "276")
    said_at = datetime(2026, 11, 21, 22, 41, tzinfo=UTC)
    assert page == Page(facts=(Gone(ref="276", updated_at=said_at),), answered_at=said_at)
    assert store.calls == ["GET wc/v3/orders/276"]


def test_an_order_in_the_bin_is_deleted_but_not_gone(http: Http) -> None:
    with a_store(lambda _: replay("rest/orders-delete-force")) as store:
        (fact,) = pull(http, store, "276").facts
    assert isinstance(fact, OrderFact)
    assert fact.status is OrderStatus.DELETED


def test_an_order_that_is_still_a_draft_is_nothing_yet(http: Http) -> None:
    with a_store(lambda _: replay("rest/orders-get-checkout-draft")) as store:
        assert pull(http, store, "84").facts == ()


def test_fulfilments_are_read_where_an_order_has_some(http: Http) -> None:
    says = shelf(
        orders_46=replay("fulfillments/order-after-partial"),
        orders_46_fulfillments=replay("fulfillments/list"),
        orders_84=replay("rest/orders-get-storefront"),
    )
    with a_store(says) as store:
        order, *parcels, other = pull(http, store, "46", "84").facts
    assert isinstance(order, OrderFact)
    assert isinstance(other, OrderFact)
    assert [fact.ref for fact in parcels if isinstance(fact, RefundFact)] == ["74"]
    assert [fact.tracking_number for fact in parcels if isinstance(fact, ShipmentFact)] == [
        "SE123456789",
        "15501234567890",
    ]
    assert store.calls == [
        "GET wc/v3/orders/46",
        "GET wc/v3/orders/46/fulfillments",
        "GET wc/v3/orders/46/refunds",
        "GET wc/v3/orders/84",
    ]


def test_a_refund_tells_when_and_for_which_pieces(http: Http) -> None:
    says = shelf(orders_46=replay("rest/orders-get-partially-refunded"))
    with a_store(says) as store:
        *_, refund = pull(http, store, "46").facts
    assert refund == RefundFact(
        order_ref="46",
        ref="74",
        refunded_at=datetime(2026, 11, 21, 22, 20, 40, tzinfo=UTC),
        amount=1450,
        items=(("9", 1),),
    )


@pytest.mark.parametrize("refunds", [replay("rest/error-no-auth"), say([{"id": 0, "amount": "1.00"}, {"id": 3}])])
def test_refunds_that_may_not_be_read_are_no_reason_to_read_no_orders(http: Http, refunds: bytes) -> None:
    says = shelf(orders_46=replay("rest/orders-get-partially-refunded"), orders_46_refunds=refunds)
    with a_store(says) as store:
        assert not [fact for fact in pull(http, store, "46").facts if isinstance(fact, RefundFact)]


REFUSALS = [
    "rest/error-no-route",
    "fulfillments/error-order-missing",
    "fulfillments/error-missing",
    "rest/error-no-auth",
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_fulfilments_that_may_not_be_read_are_no_reason_to_read_no_orders(http: Http, refusal: str) -> None:
    says = shelf(orders_46=replay("fulfillments/order-after-partial"), orders_46_fulfillments=replay(refusal))
    with a_store(says) as store:
        _, parcel, _ = pull(http, store, "46").facts
    assert isinstance(parcel, ShipmentFact)
    assert parcel.tracking_number == "SE123456789"


def test_a_parcel_whose_number_cannot_be_read_is_not_told_without_one(http: Http) -> None:
    order = {**body_of("fulfillments/order-after-partial"), "status": "completed"}
    order["meta_data"] = [meta for meta in order["meta_data"] if meta["key"] == "_fulfillment_status"]
    says = shelf(orders_46=say(order), orders_46_fulfillments=replay("rest/error-no-route"))
    with a_store(says) as store:
        assert [type(fact) for fact in pull(http, store, "46").facts] == [OrderFact, RefundFact]


def test_fulfilments_that_cannot_be_read_now_are_read_later(http: Http) -> None:
    says = shelf(orders_46=replay("fulfillments/order-after-partial"), orders_46_fulfillments=say("down", 502))
    with a_store(says) as store, pytest.raises(Transient, match="store_down"):
        pull(http, store, "46")


@pytest.mark.parametrize("body", [{"message": "no Route matched with those values"}, {"code": "not_found"}, []])
def test_a_404_of_somebody_in_front_of_the_store_deletes_nothing(http: Http, body: object) -> None:
    with a_store(lambda _: say(body, 404)) as store, pytest.raises(Transient, match="store_down"):
        CONNECTOR.pull(store.access, http, Ask(refs=("17",)))
