"""Every document of the connector, run by the sandbox: the answer is one that the published schema allows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import pytest
from graphql import (
    FragmentDefinitionNode,
    GraphQLEnumType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLScalarType,
    GraphQLSchema,
    GraphQLUnionType,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)
from graphql.language import FieldNode, FragmentSpreadNode, InlineFragmentNode

from app.connectors.shopify import customers, discounts, orders, products, profile, pull, subscribe, write
from app.connectors.shopify.client import DOCUMENTS, Operation
from tests.sandbox.shopify.conftest import Ask, a_refund
from tests.sandbox.shops import Fair

OPERATIONS = [
    *(orders.ORDERS, orders.ORDERS_BY_IDS, orders.ORDERS_COUNT, orders.ORDER_LINES, orders.ORDER_PARCELS),
    *(orders.ORDER_REFUNDS, orders.REFUND_ITEMS, orders.WHOLE_PARCEL),
    *(products.PRODUCTS, products.PRODUCTS_BY_IDS, products.PRODUCTS_COUNT),
    *(products.PRODUCT_VARIANTS, products.PRODUCT_COLLECTIONS),
    *(customers.CUSTOMERS, customers.CUSTOMERS_BY_IDS, customers.CUSTOMERS_COUNT),
    *(discounts.DISCOUNTS, discounts.DISCOUNTS_BY_IDS, discounts.DISCOUNTS_COUNT),
    *(profile.SHOP, profile.LANGUAGES, profile.POLICIES),
    pull.EXISTING,
    *(subscribe.GRANTED, subscribe.SUBSCRIBE, subscribe.SUBSCRIPTIONS, subscribe.UNSUBSCRIBE),
    *(write.REFUNDABLE, write.SHELF, write.REFUNDS_OF, write.REFUND),
]


def a_full_store(fair: Fair) -> dict[Operation, dict[str, Any]]:
    """An order in every state, and what each operation is asked with to show it."""
    sent, part, cancelled, coupon = (
        fair.buy(fair.clothes),
        fair.buy(fair.clothes, language="zh-Hant", buyer=16),
        fair.buy(fair.clothes),
        fair.an_order_with_a_coupon(),
    )
    fair.sent(sent)
    fair.clothes.send(part, "", items=[(part.lines[0].id, 1)])
    fair.clothes.cancel(cancelled)
    coupon.customer.ref = 0
    back = fair.clothes.refund(sent, 500, items=[(sent.lines[0].id, 1)])
    sent_id = f"gid://shopify/Order/{sent.id}"
    product, account, discount = (
        next(iter(things.values())).id
        for things in (fair.clothes.products, fair.clothes.accounts, fair.clothes.coupons)
    )
    return {
        orders.ORDERS: {"first": 4},
        orders.ORDERS_BY_IDS: {"ids": [sent_id, "gid://shopify/Order/1"]},
        orders.ORDER_LINES: {"order": sent_id},
        orders.ORDER_PARCELS: {"order": sent_id},
        orders.ORDER_REFUNDS: {"order": sent_id},
        orders.REFUND_ITEMS: {"refund": f"gid://shopify/Refund/{back.id}"},
        orders.WHOLE_PARCEL: {"parcel": f"gid://shopify/Fulfillment/{sent.parcels[0].id}"},
        products.PRODUCTS: {"first": 6},
        products.PRODUCTS_BY_IDS: {"ids": [f"gid://shopify/Product/{product}", "gid://shopify/Product/1"]},
        products.PRODUCT_VARIANTS: {"product": f"gid://shopify/Product/{product}"},
        products.PRODUCT_COLLECTIONS: {"product": f"gid://shopify/Product/{product}"},
        customers.CUSTOMERS: {"first": 100},
        customers.CUSTOMERS_BY_IDS: {"ids": [f"gid://shopify/Customer/{account}", "gid://shopify/Customer/1"]},
        discounts.DISCOUNTS: {"first": 10, "query": "method:code"},
        discounts.DISCOUNTS_BY_IDS: {"ids": [f"gid://shopify/DiscountNode/{discount}", "gid://shopify/DiscountNode/1"]},
        pull.EXISTING: {"ids": [sent_id, "gid://shopify/Order/1"]},
        subscribe.SUBSCRIBE: {"topic": "ORDERS_UPDATED", "uri": "https://encore.example/hooks/shopify"},
        subscribe.UNSUBSCRIBE: {"id": "gid://shopify/WebhookSubscription/1"},
        write.REFUNDABLE: {"order": sent_id, "lines": 5},
        write.SHELF: {"order": sent_id},
        write.REFUNDS_OF: {"order": sent_id},
        write.REFUND: {"key": "k", "input": a_refund(sent, 300)},
    }


def test_no_operation_is_left_out() -> None:
    written = {
        Operation(stem, one.name.value)
        for stem, text in DOCUMENTS.items()
        for one in parse(text).definitions
        if isinstance(one, OperationDefinitionNode) and one.name
    }
    assert written == set(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_an_answer_is_one_that_the_published_schema_allows(
    operation: Operation, fair: Fair, ask: Ask, schema: GraphQLSchema
) -> None:
    asked_with = a_full_store(fair)
    ask(subscribe.SUBSCRIBE, topic="ORDERS_CREATE", uri="https://encore.example/hooks/shopify")
    answer = ask(operation, **asked_with.get(operation, {}))
    assert "errors" not in answer
    document = parse(DOCUMENTS[operation.document])
    node = next(one for one in document.definitions if is_named(one, operation.name))
    is_mutation = node.operation == OperationType.MUTATION
    root = schema.mutation_type if is_mutation else schema.query_type
    Check(schema, document).object(root, node.selection_set, answer["data"], operation.name)


def is_named(node: Any, name: str) -> bool:
    return isinstance(node, OperationDefinitionNode) and node.name is not None and node.name.value == name


class Check:
    """Compares an answer with the types of what was asked for."""

    def __init__(self, schema: GraphQLSchema, document: Any) -> None:
        self.schema = schema
        self.fragments: Mapping[str, Any] = {
            one.name.value: one for one in document.definitions if isinstance(one, FragmentDefinitionNode)
        }

    def object(self, kind: Any, selection: SelectionSetNode, value: Any, path: str) -> None:
        assert isinstance(value, dict), path
        asked = list(self.fields(kind, selection))
        if isinstance(kind, GraphQLUnionType):
            asked = self.of_one_type(kind, asked, value)
        assert list(value) == list(dict.fromkeys(key for key, _, _ in asked)), path
        for key, owner, field in asked:
            if key == "__typename":
                assert value[key] in {one.name for one in kind.types}, path
                continue
            self.value(owner.fields[field.name.value].type, field, value[key], f"{path}.{key}")

    @staticmethod
    def of_one_type(
        kind: GraphQLUnionType, asked: list[tuple[str, Any, FieldNode]], value: Mapping[str, Any]
    ) -> list[tuple[str, Any, FieldNode]]:
        """Of what was asked of each type of a union, what was asked of the one that answered."""
        answers = [[one for one in asked if one[1] in (kind, each)] for each in kind.types]
        return next(one for one in answers if [key for key, _, _ in one] == list(value))

    def fields(self, kind: Any, selection: SelectionSetNode) -> Iterator[tuple[str, Any, FieldNode]]:
        """Each field with the type it is asked of. Of an interface only the documents' own concrete type is shown."""
        for one in selection.selections:
            if isinstance(one, FieldNode):
                yield (one.alias or one.name).value, kind, one
            elif isinstance(one, InlineFragmentNode):
                assert one.type_condition
                yield from self.fields(self.schema.type_map[one.type_condition.name.value], one.selection_set)
            else:
                assert isinstance(one, FragmentSpreadNode)
                fragment = self.fragments[one.name.value]
                yield from self.fields(self.schema.type_map[fragment.type_condition.name.value], fragment.selection_set)

    def value(self, kind: Any, field: FieldNode, value: Any, path: str) -> None:
        if isinstance(kind, GraphQLNonNull):
            assert value is not None, f"{path} is null"
            kind = kind.of_type
        if value is None:
            return
        if isinstance(kind, GraphQLList):
            assert isinstance(value, list), path
            for place, item in enumerate(value):
                self.value(kind.of_type, field, item, f"{path}[{place}]")
        elif isinstance(kind, GraphQLEnumType):
            assert value in kind.values, f"{path}: {value}"
        elif isinstance(kind, GraphQLScalarType):
            assert SCALARS[kind.name](value), f"{path}: {value!r} is no {kind.name}"
        else:
            assert field.selection_set
            self.object(kind, field.selection_set, value, path)


def is_int(value: Any) -> bool:
    return type(value) is int and -(2**31) <= value < 2**31


def is_moment(value: Any) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None


def is_text_like(pattern: str) -> Any:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value) is not None


SCALARS: Mapping[str, Any] = {
    "Boolean": lambda value: isinstance(value, bool),
    "DateTime": is_moment,
    "Decimal": is_text_like(r"-?\d+\.\d+"),
    "Float": lambda value: isinstance(value, float) and math.isfinite(value),
    "ID": is_text_like(r"gid://shopify/\w+/\d+"),
    "Int": is_int,
    "Money": is_text_like(r"\d+\.\d{2}"),
    "String": lambda value: isinstance(value, str),
    "URL": is_text_like(r"https?://\S+"),
    "UnsignedInt64": is_text_like(r"\d+"),
}
"""How the API writes a scalar in JSON."""
