"""Points: what a document may cost, what it did cost, and the bucket that holds them."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import parse

from sandbox.shopify.cost import Bucket, actual, requested
from sandbox.shopify.graphql import Request, read


def a_request(text: str, **variables: Any) -> Request:
    return read(parse(text), variables)


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("{ name }", 0),
        ("{ shop { name address { city } } }", 2),
        ("{ orders(first: 10) { nodes { id } pageInfo { hasNextPage } } }", 2 + 10),
        ("{ orders(first: 10) { edges { cursor node { id } } } }", 2 + 10),
        ("{ orders(first: 10) { nodes { customer { id } lines(first: 3) { nodes { id } } } } }", 2 + 10 * (1 + 1 + 5)),
        ("{ parcels(first: 4) { id } }", 4),
        ('{ nodes(ids: ["a", "b"]) { ... on Order { customer { id } } ... on Mug { id } } }', 2 * (1 + 1)),
        ("mutation { a { b { c } } d { e } }", 20),
    ],
)
def test_a_document_asks_for_what_its_pages_may_hold(text: str, points: int) -> None:
    assert requested(a_request(text)) == points


def test_a_page_is_sized_by_its_variable() -> None:
    request = a_request("query ($n: Int!) { orders(first: $n) { nodes { id } } }", n=7)
    assert requested(request) == 9


def test_only_what_came_back_is_charged() -> None:
    request = a_request("{ mine: orders(first: 10) { nodes { customer { id } } } gone: order { id } }")
    data = {"mine": {"nodes": [{"customer": {"id": 1}}, {"customer": None}]}, "gone": None}
    assert requested(request) == 2 + 10 * 2 + 1
    assert actual(request, data) == 2 + 2 + 1


def test_edges_are_charged_by_their_nodes() -> None:
    request = a_request("{ orders(first: 10) { edges { node { customer { id } } } } }")
    assert actual(request, {"orders": {"edges": [{"node": {"customer": {"id": 1}}}]}}) == 2 + 1 + 1


def test_a_bucket_gives_what_it_holds_and_fills_in_real_time() -> None:
    now = [100.0]
    bucket = Bucket(size=1000, restore_rate=50, monotonic=lambda: now[0])
    assert bucket.take(900)
    assert not bucket.take(101)
    now[0] += 1
    assert bucket.status() == {"maximumAvailable": 1000, "currentlyAvailable": 150, "restoreRate": 50}
    bucket.give_back(20)
    assert bucket.take(170)
    now[0] += 3600
    assert bucket.status()["currentlyAvailable"] == 1000
