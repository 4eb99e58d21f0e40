"""What a store's answers mean: again, or never."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.connectors.base import Access
from app.connectors.shopify.client import DOCUMENTS, Operation, Store
from app.connectors.shopify.profile import SHOP
from app.connectors.shopify.subscribe import UNSUBSCRIBE
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Http
from tests.connectors.shopify.laid_out import LaidOut

ORDERS = Operation("orders", "Orders")


def denied(message: str, **extensions: Any) -> list[dict[str, Any]]:
    return [{"message": message, "path": ["orders"], "extensions": extensions}]


NOT_APPROVED = denied(
    "This app is not approved to access the Customer object. See https://partners.shopify.com/1/apps/2"
)


def test_a_question_is_one_post_with_the_token_in_its_header(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay_data(shop={"name": "morrow & fen"})
    reply = store.ask(SHOP, first=3)
    assert reply.data == {"shop": {"name": "morrow & fen"}}
    assert laid_out.paths == ["/admin/api/2026-10/graphql.json"]
    assert laid_out.headers[0]["x-shopify-access-token"] == "shpat_test"
    assert laid_out.headers[0]["content-type"] == "application/json"
    assert laid_out.asked == [{"query": DOCUMENTS["shop"], "operationName": "Shop", "variables": {"first": 3}}]


def test_an_answer_carries_the_stores_own_clock(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay({"data": {"shop": {}}}, Date="Tue, 24 Nov 2026 10:00:00 GMT")
    reply = store.ask(SHOP)
    assert reply.at == reply.answered_at == datetime(2026, 11, 24, 10, tzinfo=UTC)


def test_a_store_without_a_clock_is_given_ours(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay({"data": {"shop": {}}}, Date="today")
    reply = store.ask(SHOP)
    assert reply.answered_at is None
    assert abs((reply.at - datetime.now(UTC)).total_seconds()) < 60


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (401, {"errors": "[API] Invalid API key or access token"}, Permanent, "token_revoked"),
        (402, {"errors": "Unavailable Shop"}, Permanent, "store_frozen"),
        (403, {"errors": "[API] Non-expiring access tokens are no longer accepted"}, Permanent, "token_not_expiring"),
        (403, {"errors": "Forbidden"}, Permanent, "forbidden"),
        (404, {"errors": "Not Found"}, Permanent, "not_a_store"),
        (423, {}, Permanent, "store_locked"),
        (400, {"errors": {"query": "Required parameter missing"}}, Permanent, "refused"),
        (301, b"", Permanent, "refused"),
        (408, b"", Transient, "store_unavailable"),
        (429, b"", Transient, "rate_limited"),
        (430, b"", Transient, "rate_limited"),
        (500, b"<html>", Transient, "store_unavailable"),
        (503, b"", Transient, "store_unavailable"),
        (200, b"<html>One moment, please</html>", Transient, "not_json"),
        (200, b"", Transient, "not_json"),
        (200, b"[]", Transient, "not_json"),
        (200, b"{}", Transient, "not_json"),
        (200, {"data": None}, Transient, "not_json"),
        (200, {"errors": "Not Found"}, Permanent, "query_refused"),
        (200, {"errors": denied("Internal error", code="INTERNAL_SERVER_ERROR")}, Transient, "store_unavailable"),
        (200, {"errors": denied("Timeout", code="TIMEOUT")}, Transient, "store_unavailable"),
        (200, {"errors": denied("Too much", code="MAX_COST_EXCEEDED", cost=2003)}, Permanent, "too_costly"),
        (200, {"errors": denied("Field 'x'", code="undefinedField")}, Permanent, "query_refused"),
        (200, {"errors": NOT_APPROVED, "data": {"orders": None}}, Permanent, "data_not_approved"),
        (200, {"errors": NOT_APPROVED}, Permanent, "data_not_approved"),
    ],
)
def test_a_refusal_is_understood(
    store: Store, laid_out: LaidOut, status: int, body: Any, kind: type[Failure], code: str
) -> None:
    laid_out.lay(body, status)
    with pytest.raises(kind) as refused:
        store.ask(ORDERS)
    assert refused.value.code == code


def test_a_missing_scope_is_named(store: Store, laid_out: LaidOut) -> None:
    access = "`read_orders` access scope."
    errors = denied("Access denied for orders field.", code="ACCESS_DENIED", requiredAccess=access)
    laid_out.lay({"errors": errors, "data": {"orders": None}})
    with pytest.raises(Permanent) as refused:
        store.ask(ORDERS)
    assert (refused.value.code, refused.value.hint) == ("scope_missing", "read_orders")


def test_a_refusal_repeats_nothing_of_the_answer(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay({"errors": denied("Anna Muster", code="Anna Muster", requiredAccess="Anna")})
    with pytest.raises(Permanent) as refused:
        store.ask(ORDERS)
    assert "Anna" not in str(refused.value)


def test_data_that_came_in_spite_of_missing_approval_is_taken(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay({"errors": NOT_APPROVED, "data": {"orders": {"nodes": []}}})
    assert store.ask(ORDERS).data == {"orders": {"nodes": []}}


def throttled(requested: Any, available: Any, rate: Any) -> dict[str, Any]:
    bucket = {"maximumAvailable": 2000, "currentlyAvailable": available, "restoreRate": rate}
    cost = {"requestedQueryCost": requested, "actualQueryCost": None, "throttleStatus": bucket}
    return {"errors": denied("Throttled", code="THROTTLED"), "extensions": {"cost": cost}}


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (throttled(971, 471, 100), 5.0),
        (throttled(971, 470, 200), 2.505),
        (throttled(971, 1000, 100), 0.0),
        (throttled(971, 471, 0), None),
        (throttled(971, None, 100), None),
        ({"errors": denied("Throttled", code="THROTTLED")}, None),
    ],
)
def test_a_throttled_question_waits_exactly_until_the_bucket_holds_enough(
    store: Store, laid_out: LaidOut, body: Any, seconds: float | None
) -> None:
    laid_out.lay(body)
    with pytest.raises(Transient) as refused:
        store.ask(ORDERS)
    assert (refused.value.code, refused.value.retry_after) == ("throttled", seconds)


def test_a_wait_that_is_asked_for_is_kept(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay(b"", 429, Retry_After="2.0")
    with pytest.raises(Transient) as refused:
        store.ask(ORDERS)
    assert refused.value.retry_after == 2.0


def test_an_answer_that_is_cut_off_comes_again(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay({"data": {"shop": {}}}, cut=5)
    with pytest.raises(Transient) as refused:
        store.ask(SHOP)
    assert refused.value.code == "cut_off"


def test_a_store_that_is_not_there_may_be_there_later(http: Http) -> None:
    gone = Store(Access(base_url="http://127.0.0.1:9", secrets={"access_token": "t"}), http)
    with pytest.raises(Transient):
        gone.ask(SHOP)


@pytest.mark.parametrize(
    "outcome", [None, {"deletedWebhookSubscriptionId": None, "userErrors": [{"field": ["id"], "message": "Anna"}]}]
)
def test_what_a_store_finds_fault_with_is_refused(store: Store, laid_out: LaidOut, outcome: Any) -> None:
    laid_out.lay_data(webhookSubscriptionDelete=outcome)
    with pytest.raises(Permanent) as refused:
        store.tell(UNSUBSCRIBE, id="gid://shopify/WebhookSubscription/1")
    assert (refused.value.code, refused.value.hint) == ("refused", "Unsubscribe")


def test_a_mutation_that_went_well_says_nothing(store: Store, laid_out: LaidOut) -> None:
    laid_out.lay_data(webhookSubscriptionDelete={"deletedWebhookSubscriptionId": "1", "userErrors": []})
    told: Callable[..., None] = store.tell
    told(UNSUBSCRIBE, id="1")
    assert laid_out.operations == ["Unsubscribe"]
