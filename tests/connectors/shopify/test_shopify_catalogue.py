"""Products, customers and discounts are read page by page, whole, and as Shopify shows them."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from app.connectors.base import Ask, Page
from app.connectors.shopify import CONNECTOR
from app.connectors.shopify.pull import LISTINGS
from app.events import CustomerFact, DiscountFact, DiscountKind, Gone, ProductFact, Resource, Variant
from app.kernel.errors import Permanent
from app.kernel.http import Http
from tests.connectors.shopify.laid_out import LaidOut

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def picture(name: str) -> dict[str, Any]:
    return {"preview": {"image": {"url": f"https://cdn.example.com/{name}.jpg"}}}


def listed(*nodes: Any, cursor: str = "") -> dict[str, Any]:
    return {"nodes": list(nodes), "pageInfo": {"hasNextPage": bool(cursor), "endCursor": cursor or None}}


def variant(number: int, **changes: Any) -> dict[str, Any]:
    node = {
        "id": f"gid://shopify/ProductVariant/{number}",
        "title": "Moss / M",
        "sku": "MF-FEN-M",
        "price": "68.00",
        "compareAtPrice": "80.00",
        "inventoryQuantity": 12,
        "availableForSale": True,
        "inventoryItem": {"tracked": True},
        "media": listed(picture("moss")),
    }
    return {**node, **changes}


PRODUCT: dict[str, Any] = {
    "id": "gid://shopify/Product/9123400000000011",
    "title": "Fen jumper",
    "status": "ACTIVE",
    "onlineStoreUrl": "https://morrow-and-fen.example/products/fen-jumper",
    "productType": "Jumpers",
    "vendor": "morrow & fen",
    "tags": ["wool", "winter"],
    "updatedAt": "2026-11-24T12:00:00Z",
    "featuredMedia": picture("fen"),
    "collections": listed({"id": "gid://shopify/Collection/31"}, {"id": "gid://shopify/Collection/4"}),
    "variants": listed(variant(46012340000000021)),
}

CUSTOMER: dict[str, Any] = {
    "id": "gid://shopify/Customer/7012340000000031",
    "firstName": "Anna",
    "lastName": "Muster",
    "locale": "de",
    "tags": ["vip"],
    "createdAt": "2026-01-02T08:00:00Z",
    "updatedAt": "2026-11-24T12:00:00Z",
    "defaultEmailAddress": {"emailAddress": "anna.muster@example.com"},
    "defaultPhoneNumber": {"phoneNumber": "+493415550100"},
    "defaultAddress": {"countryCodeV2": "DE"},
}

DISCOUNT: dict[str, Any] = {
    "id": "gid://shopify/DiscountNode/1200000000000001",
    "discount": {
        "__typename": "DiscountCodeBasic",
        "title": "Hello",
        "status": "ACTIVE",
        "startsAt": "2026-11-01T00:00:00Z",
        "endsAt": None,
        "updatedAt": "2026-11-24T12:00:00Z",
        "usageLimit": 100,
        "asyncUsageCount": 7,
        "codes": {"nodes": [{"code": "HELLO10"}, {"code": "HALLO10"}]},
        "minimumRequirement": {"greaterThanOrEqualToSubtotal": {"amount": "50.0"}},
        "customerGets": {"value": {"percentage": 0.1}},
    },
}

NODES = {Resource.PRODUCTS: PRODUCT, Resource.CUSTOMERS: CUSTOMER, Resource.DISCOUNTS: DISCOUNT}
EACH = pytest.mark.parametrize("resource", NODES)


def lay_page(laid_out: LaidOut, resource: Resource, *nodes: Any, has_next: bool = False) -> None:
    edges = [{"cursor": f"after {place}", "node": node} for place, node in enumerate(nodes, start=1)]
    laid_out.lay_data(**{LISTINGS[resource].field: {"edges": edges, "pageInfo": {"hasNextPage": has_next}}})


def pull(laid_out: LaidOut, http: Http, resource: Resource, **ask: Any) -> Page:
    return CONNECTOR.pull(laid_out.access(), http, Ask(resource=resource, **ask))


def read_one(laid_out: LaidOut, http: Http, resource: Resource, **changes: Any) -> Any:
    lay_page(laid_out, resource, {**deepcopy(NODES[resource]), **changes})
    (fact,) = pull(laid_out, http, resource, changed_since=NOON).facts
    return fact


# --- all of them alike ------------------------------------------------------------------------------------------------


def test_products_come_before_the_orders_that_name_them() -> None:
    assert CONNECTOR.resources == (Resource.PRODUCTS, Resource.ORDERS, Resource.CUSTOMERS, Resource.DISCOUNTS)


@EACH
def test_a_page_leads_to_the_next_one(resource: Resource, laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, resource, NODES[resource], NODES[resource], has_next=True)
    page = pull(laid_out, http, resource, changed_since=NOON, cursor="before")
    assert (len(page.facts), page.cursor, page.total) == (2, "after 2", None)
    assert page.answered_at is not None
    since = "updated_at:>='2026-11-24T12:00:00Z'"
    assert laid_out.asked[0]["variables"] == {
        "first": LISTINGS[resource].page_size,
        "after": "before",
        "query": f"method:code AND {since}" if resource is Resource.DISCOUNTS else since,
    }


@EACH
def test_the_first_page_ever_says_how_many_there_are(resource: Resource, laid_out: LaidOut, http: Http) -> None:
    lay_page(laid_out, resource)
    laid_out.lay_data(**{LISTINGS[resource].counted: {"count": 77, "precision": "EXACT"}})
    page = pull(laid_out, http, resource)
    assert (page.facts, page.total) == ((), 77)
    assert laid_out.asked[0]["variables"]["query"] == ("method:code" if resource is Resource.DISCOUNTS else None)


@EACH
def test_a_single_thing_is_asked_for_by_its_id_and_a_missing_one_is_gone(
    resource: Resource, laid_out: LaidOut, http: Http
) -> None:
    laid_out.lay({"data": {"nodes": [NODES[resource], None]}}, Date="Tue, 24 Nov 2026 12:00:00 GMT")
    found, gone = pull(laid_out, http, resource, refs=("1", "2")).facts
    assert isinstance(found, ProductFact | CustomerFact | DiscountFact)
    assert gone == Gone(ref="2", updated_at=NOON, resource=resource)
    kind = LISTINGS[resource].kind
    assert laid_out.asked[0]["variables"] == {"ids": [f"gid://shopify/{kind}/1", f"gid://shopify/{kind}/2"]}


@EACH
def test_a_missing_scope_concerns_one_resource_alone(resource: Resource, laid_out: LaidOut, http: Http) -> None:
    denied = {"code": "ACCESS_DENIED", "requiredAccess": f"`read_{resource}` access scope."}
    laid_out.lay({"errors": [{"message": "Access denied", "extensions": denied}], "data": {"x": None}})
    with pytest.raises(Permanent) as refused:
        pull(laid_out, http, resource)
    assert (refused.value.code, refused.value.hint) == ("scope_missing", f"read_{resource}")


# --- products ---------------------------------------------------------------------------------------------------------


def test_a_product_is_told_whole(laid_out: LaidOut, http: Http) -> None:
    assert read_one(laid_out, http, Resource.PRODUCTS) == ProductFact(
        ref="9123400000000011",
        updated_at=NOON,
        title="Fen jumper",
        is_listed=True,
        url="https://morrow-and-fen.example/products/fen-jumper",
        image_url="https://cdn.example.com/fen.jpg",
        kind="Jumpers",
        vendor="morrow & fen",
        tags=("wool", "winter"),
        collections=("4", "31"),
        variants=(
            Variant(
                ref="46012340000000021",
                title="Moss / M",
                sku="MF-FEN-M",
                price=Decimal("68.00"),
                compare_at_price=Decimal("80.00"),
                stock=12,
                image_url="https://cdn.example.com/moss.jpg",
            ),
        ),
    )


@pytest.mark.parametrize(
    ("changes", "is_listed"),
    [
        ({}, True),
        ({"status": "DRAFT"}, False),
        ({"status": "ARCHIVED"}, False),
        ({"status": "UNLISTED"}, False),
        ({"onlineStoreUrl": None}, False),
    ],
)
def test_a_product_is_listed_where_shoppers_find_it(
    laid_out: LaidOut, http: Http, changes: dict[str, Any], *, is_listed: bool
) -> None:
    assert read_one(laid_out, http, Resource.PRODUCTS, **changes).is_listed is is_listed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"inventoryItem": {"tracked": False}}, {"stock": None}),
        ({"inventoryQuantity": -3}, {"stock": -3}),
        ({"availableForSale": False}, {"is_available": False}),
        ({"compareAtPrice": None}, {"compare_at_price": None}),
        ({"title": "Default Title"}, {"title": ""}),
        ({"sku": None}, {"sku": ""}),
        ({"media": listed()}, {"image_url": ""}),
        ({"media": listed({"preview": None})}, {"image_url": ""}),
    ],
)
def test_a_variant_is_told_as_it_is(
    laid_out: LaidOut, http: Http, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    fact = read_one(laid_out, http, Resource.PRODUCTS, variants=listed(variant(1, **changes)), featuredMedia=None)
    (found,) = fact.variants
    assert {name: getattr(found, name) for name in expected} == expected
    assert fact.image_url == ""


def test_more_variants_and_collections_than_a_page_allows_are_fetched(laid_out: LaidOut, http: Http) -> None:
    many = {
        **deepcopy(PRODUCT),
        "variants": listed(variant(1), cursor="v1"),
        "collections": listed({"id": "gid://shopify/Collection/2"}, cursor="c1"),
    }
    lay_page(laid_out, Resource.PRODUCTS, many)
    for answer in ({"collections": listed({"id": "gid://shopify/Collection/1"})}, {"variants": listed(variant(2))}):
        laid_out.lay_data(product=answer)
    (fact,) = pull(laid_out, http, Resource.PRODUCTS, changed_since=NOON).facts
    assert isinstance(fact, ProductFact)
    assert ([one.ref for one in fact.variants], fact.collections) == (["1", "2"], ("1", "2"))
    assert laid_out.operations == ["Products", "ProductCollections", "ProductVariants"]
    assert [asked["variables"]["after"] for asked in laid_out.asked[1:]] == ["c1", "v1"]


# --- customers --------------------------------------------------------------------------------------------------------


def test_a_customer_is_told_whole(laid_out: LaidOut, http: Http) -> None:
    assert read_one(laid_out, http, Resource.CUSTOMERS) == CustomerFact(
        ref="7012340000000031",
        updated_at=NOON,
        created_at=datetime(2026, 1, 2, 8, tzinfo=UTC),
        email="anna.muster@example.com",
        phone="+493415550100",
        first_name="Anna",
        last_name="Muster",
        language="de",
        country="DE",
        tags=("vip",),
    )


def test_a_customer_of_whom_everything_is_withheld_is_a_customer_all_the_same(laid_out: LaidOut, http: Http) -> None:
    names = ("firstName", "lastName", "locale", "tags", "createdAt", "defaultEmailAddress", "defaultPhoneNumber")
    fact = read_one(laid_out, http, Resource.CUSTOMERS, defaultAddress=None, **dict.fromkeys(names))
    assert fact == CustomerFact(ref="7012340000000031", updated_at=NOON)


def test_a_customer_that_is_withheld_is_not_gone(laid_out: LaidOut, http: Http) -> None:
    error = {"message": "This app is not approved to access the Customer object."}
    laid_out.lay({"errors": [error], "data": {"nodes": [None]}})
    with pytest.raises(Permanent) as refused:
        pull(laid_out, http, Resource.CUSTOMERS, refs=("1",))
    assert refused.value.code == "data_not_approved"


# --- discounts --------------------------------------------------------------------------------------------------------


def read_discount(laid_out: LaidOut, http: Http, **changes: Any) -> DiscountFact:
    return read_one(laid_out, http, Resource.DISCOUNTS, discount={**DISCOUNT["discount"], **changes})


def test_a_discount_is_told_whole(laid_out: LaidOut, http: Http) -> None:
    assert read_discount(laid_out, http) == DiscountFact(
        ref="1200000000000001",
        updated_at=NOON,
        kind=DiscountKind.PERCENT,
        codes=("HELLO10", "HALLO10"),
        title="Hello",
        value=Decimal(10),
        minimum=Decimal("50.0"),
        starts_at=datetime(2026, 11, 1, tzinfo=UTC),
        ends_at=None,
        usage_limit=100,
        used=7,
        is_active=True,
    )


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("DiscountCodeBasic", {"percentage": 0.155}, (DiscountKind.PERCENT, Decimal("15.5"))),
        ("DiscountCodeBasic", {"percentage": 1}, (DiscountKind.PERCENT, Decimal(100))),
        ("DiscountCodeBasic", {"amount": {"amount": "15.00"}}, (DiscountKind.AMOUNT, Decimal("15.00"))),
        ("DiscountCodeBasic", {}, (DiscountKind.OTHER, None)),
        ("DiscountCodeFreeShipping", {}, (DiscountKind.SHIPPING, None)),
        ("DiscountCodeBxgy", {}, (DiscountKind.OTHER, None)),
        ("DiscountCodeApp", {}, (DiscountKind.OTHER, None)),
    ],
)
def test_a_discount_is_worth_what_it_is_worth(
    laid_out: LaidOut, http: Http, kind: str, value: dict[str, Any], expected: tuple[DiscountKind, Decimal | None]
) -> None:
    fact = read_discount(laid_out, http, __typename=kind, customerGets={"value": value})
    assert (fact.kind, fact.value) == expected


@pytest.mark.parametrize(("status", "is_active"), [("ACTIVE", True), ("SCHEDULED", True), ("EXPIRED", False)])
def test_a_discount_that_has_not_begun_is_none_that_has_ended(
    laid_out: LaidOut, http: Http, status: str, *, is_active: bool
) -> None:
    assert read_discount(laid_out, http, status=status, usageLimit=None).is_active is is_active


def test_a_discount_without_a_code_is_none_of_ours(laid_out: LaidOut, http: Http) -> None:
    lay_page(
        laid_out,
        Resource.DISCOUNTS,
        {"id": "gid://shopify/DiscountNode/1", "discount": {"__typename": "DiscountAutomaticBasic"}},
    )
    assert pull(laid_out, http, Resource.DISCOUNTS, changed_since=NOON).facts == ()
