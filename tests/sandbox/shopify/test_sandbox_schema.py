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
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)
from graphql.language import FieldNode, FragmentSpreadNode, InlineFragmentNode

from app.connectors.shopify import connector, pull, subscribe
from app.connectors.shopify.client import DOCUMENTS, Operation
from tests.sandbox.shopify.conftest import Ask
from tests.sandbox.shops import Fair

OPERATIONS = [
    *(pull.ORDERS, pull.ORDERS_BY_IDS, pull.ORDERS_COUNT, pull.ORDER_LINES, pull.ORDER_PARCELS, pull.WHOLE_PARCEL),
    *(connector.SHOP, connector.LANGUAGES, subscribe.SUBSCRIBE, subscribe.SUBSCRIPTIONS, subscribe.UNSUBSCRIBE),
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
    guests_first = f"gid://shopify/Order/{sent.id}"
    return {
        pull.ORDERS: {"first": 4},
        pull.ORDERS_BY_IDS: {"ids": [guests_first, "gid://shopify/Order/1"]},
        pull.ORDER_LINES: {"order": guests_first},
        pull.ORDER_PARCELS: {"order": guests_first},
        pull.WHOLE_PARCEL: {"parcel": f"gid://shopify/Fulfillment/{sent.parcels[0].id}"},
        subscribe.SUBSCRIBE: {"topic": "ORDERS_UPDATED", "uri": "https://encore.example/hooks/shopify"},
        subscribe.UNSUBSCRIBE: {"id": "gid://shopify/WebhookSubscription/1"},
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
        assert list(value) == list(dict.fromkeys(key for key, _, _ in asked)), path
        for key, owner, field in asked:
            self.value(owner.fields[field.name.value].type, field, value[key], f"{path}.{key}")

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
    "String": lambda value: isinstance(value, str),
    "URL": is_text_like(r"https?://\S+"),
    "UnsignedInt64": is_text_like(r"\d+"),
}
"""How the API writes a scalar in JSON."""
