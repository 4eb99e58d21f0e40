"""Every document is valid in the published schema, uses nothing that is going away, and costs less than one query may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    NoDeprecatedCustomRule,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    coerce_input_value,
    parse,
    specified_rules,
    type_from_ast,
    validate,
    value_from_ast_untyped,
)
from shopify.api_version import ApiVersion, Release

from app.connectors import shopify
from app.connectors.shopify import customers, discounts, orders, products, profile, subscribe, write
from app.connectors.shopify.client import API_VERSION, DOCUMENTS, PATH, Operation
from app.connectors.shopify.orders import ORDERS_A_PAGE
from app.connectors.shopify.pull import EXISTING, LISTINGS, Listing
from app.connectors.shopify.scopes import SCOPES
from app.connectors.shopify.subscribe import TOPICS

GID = "gid://shopify/Order/1"
SINCE = "updated_at:>='2026-11-24T10:00:00Z'"
A_REFUND = {
    "orderId": GID,
    "currency": "GBP",
    "note": "Encore 1",
    "notify": False,
    "refundLineItems": [
        {"lineItemId": GID, "quantity": 1, "restockType": "RETURN", "locationId": GID},
        {"lineItemId": GID, "quantity": 1, "restockType": "NO_RESTOCK"},
    ],
    "transactions": [{"orderId": GID, "parentId": GID, "gateway": "bogus", "kind": "REFUND", "amount": "12.90"}],
}
"""All that write.py ever puts into one."""

VARIABLES: Mapping[Operation, dict[str, Any]] = {
    orders.ORDERS: {"first": ORDERS_A_PAGE, "after": None, "query": SINCE},
    orders.ORDERS_BY_IDS: {"ids": [GID] * ORDERS_A_PAGE},
    orders.ORDERS_COUNT: {},
    orders.ORDER_LINES: {"order": GID, "after": "x"},
    orders.ORDER_PARCELS: {"order": GID},
    orders.ORDER_REFUNDS: {"order": GID},
    orders.REFUND_ITEMS: {"refund": "gid://shopify/Refund/1", "after": "x"},
    orders.WHOLE_PARCEL: {"parcel": "gid://shopify/Fulfillment/1"},
    products.PRODUCTS: {"first": products.PRODUCTS_A_PAGE, "after": None, "query": SINCE},
    products.PRODUCTS_BY_IDS: {"ids": [GID] * products.PRODUCTS_A_PAGE},
    products.PRODUCTS_COUNT: {},
    products.PRODUCT_VARIANTS: {"product": GID, "after": "x"},
    products.PRODUCT_COLLECTIONS: {"product": GID, "after": "x"},
    customers.CUSTOMERS: {"first": customers.CUSTOMERS_A_PAGE, "after": None, "query": SINCE},
    customers.CUSTOMERS_BY_IDS: {"ids": [GID] * customers.CUSTOMERS_A_PAGE},
    customers.CUSTOMERS_COUNT: {},
    discounts.DISCOUNTS: {"first": discounts.DISCOUNTS_A_PAGE, "after": None, "query": f"method:code AND {SINCE}"},
    discounts.DISCOUNTS_BY_IDS: {"ids": [GID] * discounts.DISCOUNTS_A_PAGE},
    discounts.DISCOUNTS_COUNT: {},
    profile.SHOP: {},
    profile.LANGUAGES: {},
    profile.POLICIES: {},
    write.REFUNDABLE: {"order": GID, "lines": write.MOST_LINES},
    write.SHELF: {"order": GID},
    write.REFUNDS_OF: {"order": GID},
    write.REFUND: {"input": A_REFUND, "key": "4f5b6ebf-143c-4da5-8d0f-fb8553bfd85d"},
    subscribe.GRANTED: {},
    subscribe.SUBSCRIPTIONS: {"after": None},
    subscribe.SUBSCRIBE: {"topic": next(iter(TOPICS)), "uri": "https://encore.example/hooks/shopify"},
    subscribe.UNSUBSCRIBE: {"id": "gid://shopify/WebhookSubscription/1"},
    EXISTING: {"ids": [f"gid://shopify/Order/{number}" for number in range(100)]},
}
"""Every operation that is ever asked, with what is asked of it at most."""

ANY_OPERATION = pytest.mark.parametrize("operation", VARIABLES, ids=lambda operation: operation.name)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_document_is_valid_and_uses_nothing_deprecated(name: str, schema: GraphQLSchema) -> None:
    assert validate(schema, parse(DOCUMENTS[name]), [*specified_rules, NoDeprecatedCustomRule]) == []


@ANY_OPERATION
def test_what_an_operation_is_asked_with_is_what_it_takes(operation: Operation, schema: GraphQLSchema) -> None:
    wanted = operation_in(operation).variable_definitions
    assert {one.variable.name.value for one in wanted} == set(VARIABLES[operation])
    for one in wanted:
        kind: Any = type_from_ast(schema, one.type)
        coerce_input_value(VARIABLES[operation][one.variable.name.value], kind)


def test_every_topic_can_be_subscribed_to(schema: GraphQLSchema) -> None:
    known: Any = schema.type_map["WebhookSubscriptionTopic"]
    assert set(TOPICS) <= set(known.values)


def test_every_topic_asks_for_a_scope_that_the_app_asks_for() -> None:
    assert {scope for scope in TOPICS.values() if scope} <= set(SCOPES)


def test_no_operation_is_left_over() -> None:
    written = {
        Operation(name, one.name.value)
        for name, text in DOCUMENTS.items()
        for one in parse(text).definitions
        if isinstance(one, OperationDefinitionNode) and one.name
    }
    assert written == set(VARIABLES)


def test_documents_stand_in_files_and_nowhere_else() -> None:
    folder = Path(shopify.__file__).parent
    assert [path.name for path in folder.rglob("*.py") if "query {" in path.read_text(encoding="utf-8")] == []


def test_the_api_version_is_one_that_the_library_knows_how_to_address() -> None:
    version = ApiVersion.coerce_to_version(API_VERSION)
    assert isinstance(version, Release)
    assert PATH == "/admin/api/2026-10/graphql.json"


# --- cost -------------------------------------------------------------------------------------------------------------

MOST_POINTS = 1000
UNSIZED = {"discountAllocations": 2}
"""Lists without a size of their own: a line with its share of two discounts is a large one."""


@ANY_OPERATION
def test_an_operation_costs_less_than_one_query_may(operation: Operation) -> None:
    assert points(operation) <= MOST_POINTS


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_a_page_leaves_a_third_for_what_is_not_published(listing: Listing) -> None:
    assert max(points(listing.pages), points(listing.by_ids)) < MOST_POINTS * 2 / 3


def points(operation: Operation) -> int:
    """On the safe side of the published rules: an object 1, a mutation 10, a connection 2 and as many times its item as it is asked
    for, with nothing taken off for the pages' own objects. shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits"""
    node = operation_in(operation)
    base = 10 if node.operation.value == "mutation" else 0
    return base + selected(node.selection_set, fragments_in(operation), VARIABLES[operation])


def selected(selection: SelectionSetNode, fragments: Mapping[str, SelectionSetNode], variables: dict[str, Any]) -> int:
    return sum(cost(field, fragments, variables) for field in fields(selection, fragments))


def cost(field: FieldNode, fragments: Mapping[str, SelectionSetNode], variables: dict[str, Any]) -> int:
    if field.selection_set is None:
        return 0
    given = {one.name.value: value_from_ast_untyped(one.value, variables) for one in field.arguments}
    times = given.get("first") or len(given.get("ids", ())) or UNSIZED.get(field.name.value, 1)
    inside = {one.name.value: one for one in fields(field.selection_set, fragments)}
    items = inside.pop("nodes", None) or inside.pop("edges", None)
    if items is None:
        return times * (1 + selected(field.selection_set, fragments, variables))
    rest = sum(cost(one, fragments, variables) for one in inside.values())
    return 2 + rest + times * cost(items, fragments, variables)


def fields(selection: SelectionSetNode, fragments: Mapping[str, SelectionSetNode]) -> Iterator[FieldNode]:
    for one in selection.selections:
        if isinstance(one, FieldNode):
            yield one
        else:
            yield from fields(spread(one, fragments), fragments)


def spread(one: SelectionNode, fragments: Mapping[str, SelectionSetNode]) -> SelectionSetNode:
    if isinstance(one, FragmentSpreadNode):
        return fragments[one.name.value]
    inline: Any = one
    return inline.selection_set


def operation_in(operation: Operation) -> OperationDefinitionNode:
    return next(
        one
        for one in parse(DOCUMENTS[operation.document]).definitions
        if isinstance(one, OperationDefinitionNode) and one.name and one.name.value == operation.name
    )


def fragments_in(operation: Operation) -> dict[str, SelectionSetNode]:
    return {
        one.name.value: one.selection_set
        for one in parse(DOCUMENTS[operation.document]).definitions
        if isinstance(one, FragmentDefinitionNode)
    }
