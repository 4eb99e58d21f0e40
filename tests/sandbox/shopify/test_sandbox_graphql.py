"""The walk over a document: what GraphQL promises of any server, without a schema."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse

from sandbox.shopify.graphql import FieldFailed, Node, Refused, read, run

HAS_ID = frozenset({"Node"})


def refuse(_: Any) -> Any:
    raise FieldFailed("No entry", "ACCESS_DENIED")


MUG = Node("Mug", {"id": "m1", "colour": "grey", "secret": refuse}, HAS_ID)
TEA = Node("Tea", {"id": "t1", "grams": 100}, HAS_ID)
ROOT = Node(
    "QueryRoot",
    {
        "mug": MUG,
        "things": [MUG, None, TEA],
        "echo": lambda arguments: arguments.get("word"),
        "names": lambda arguments: ",".join(sorted(arguments)),
        "nothing": None,
    },
)


def data(text: str, **variables: Any) -> Any:
    answer = run(read(parse(text), variables), ROOT)
    assert answer.errors == []
    return answer.data


def test_a_field_answers_under_its_alias() -> None:
    assert data("{ mine: mug { shade: colour } }") == {"mine": {"shade": "grey"}}


def test_a_field_asked_for_twice_is_one_with_both_selections() -> None:
    text = "{ mug { id } ...Rest } fragment Rest on QueryRoot { mug { colour } }"
    assert data(text) == {"mug": {"id": "m1", "colour": "grey"}}


def test_fragments_apply_to_their_own_type_and_to_its_interface() -> None:
    text = "{ things { __typename ... on Node { id } ... on Tea { grams } ...Cup } } fragment Cup on Mug { colour }"
    assert data(text)["things"] == [
        {"__typename": "Mug", "id": "m1", "colour": "grey"},
        None,
        {"__typename": "Tea", "id": "t1", "grams": 100},
    ]


def test_arguments_are_literals_variables_and_defaults() -> None:
    text = 'query ($a: String, $b: String = "b") { one: echo(word: "a") two: echo(word: $a) three: echo(word: $b) }'
    assert data(text, a="A") == {"one": "a", "two": "A", "three": "b"}


def test_a_variable_that_was_not_given_is_no_argument_and_null_is_one() -> None:
    text = "query ($a: String, $b: String) { names(a: $a, b: $b) }"
    assert data(text, b=None) == {"names": "b"}


def test_a_directive_that_a_mutation_needs_is_told_to_its_field() -> None:
    text = 'query ($key: String!) { names(a: "1") @idempotent(key: $key) { id } }'
    request = read(parse(text), {"key": "k-1"})
    ((_, field),) = request.expand(request.operation.selection_set)
    assert request.arguments(field) == {"a": "1", "@idempotent": {"key": "k-1"}}


def test_an_object_that_is_not_there_is_null() -> None:
    assert data("{ nothing { id } }") == {"nothing": None}


def test_a_field_that_fails_is_null_and_the_rest_stands() -> None:
    answer = run(read(parse("{ mug { id secret } }"), {}), ROOT)
    assert answer.data == {"mug": {"id": "m1", "secret": None}}
    assert answer.errors == [
        {"message": "No entry", "path": ["mug", "secret"], "extensions": {"code": "ACCESS_DENIED"}}
    ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{ mug { weight } }", "undefinedField"),
        ("{ mug @include(if: true) { id } }", "undefinedDirective"),
        ("query ($a: ID!) { echo(word: $a) }", "INVALID_VARIABLE"),
        ("query A { nothing } query B { nothing }", "missingOperation"),
    ],
)
def test_what_the_sandbox_cannot_do_is_refused_by_name(text: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        run(read(parse(text), {}), ROOT)
    assert refused.value.error["extensions"]["code"] == code


def test_one_of_several_operations_is_run_by_its_name() -> None:
    document = parse("query A { mug { id } } query B { nothing }")
    assert run(read(document, {}, "B"), ROOT).data == {"nothing": None}
