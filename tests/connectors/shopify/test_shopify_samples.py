"""Our samples and our mapping, held against the samples that Shopify publishes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.connectors.shopify import CONNECTOR
from app.connectors.shopify.deliveries import READERS
from app.connectors.shopify.subscribe import TOPICS
from app.events import Gone, OrderFact, RefundFact, Resource, ScanFact, ShipmentFact, Stale
from tests.connectors.shopify.samples import read

ONLY_IN_ANSWERS = {"image_url", "events", "estimated_delivery_at"}
"""What the mapping reads of orders and fulfilments that no webhook has: answers.py adds it."""


class Watched(dict[str, Any]):
    """A JSON object that remembers which paths were read of it and of what it holds."""

    def __init__(self, tree: dict[str, Any], seen: set[str], path: str = "") -> None:
        super().__init__({name: watched(value, seen, f"{path}/{name}") for name, value in tree.items()})
        self.seen, self.path = seen, path

    def get(self, name: str, default: Any = None) -> Any:
        self.seen.add(f"{self.path}/{name}")
        return super().get(name, default)


def watched(value: Any, seen: set[str], path: str = "") -> Any:
    if isinstance(value, dict):
        return Watched(value, seen, path)
    if isinstance(value, list):
        return [watched(item, seen, f"{path}/*") for item in value]
    return value


def at(tree: Any, path: str) -> Iterator[Any]:
    """Every value that stands at a path of a sample."""
    found = [tree]
    for step in path.split("/")[1:]:
        deeper: list[Any] = []
        for value in found:
            if step == "*":
                deeper += value or []
            elif isinstance(value, dict) and step in value:
                deeper.append(value[step])
        found = deeper
    yield from found


def paths_read(topic: str) -> set[str]:
    """What the mapping reads of our own sample of a topic."""
    seen: set[str] = set()
    assert READERS[topic](watched(read(topic.replace("/", "__")), seen))
    return seen


def shared(folder: Path, topic: str) -> Any:
    return orjson.loads((folder / f"{topic.replace('/', '__')}.json").read_bytes())["sample_payload"]


def published(folder: Path, topic: str) -> Any:
    """Shopify's sample; where its lists are empty, they are filled from the sample of what stands in them."""
    sample = shared(folder, topic)
    parcel = shared(folder, "fulfillments/create")
    if "fulfillments" in sample:
        sample["fulfillments"] = [parcel]
        sample["discount_codes"] = read("orders__create")["discount_codes"]
        sample["line_items"][0]["discount_allocations"] = next(
            line["discount_allocations"] for line in parcel["line_items"] if line["discount_allocations"]
        )
    return sample


@pytest.mark.parametrize(
    "topic",
    [
        *("orders/create", "orders/updated", "orders/cancelled", "orders/edited", "orders/delete"),
        *("fulfillments/create", "fulfillment_events/create", "refunds/create"),
    ],
)
def test_all_that_is_read_of_a_payload_stands_in_shopifys_sample(topic: str, shared_samples: Path) -> None:
    sample, ours = published(shared_samples, topic), read(topic.replace("/", "__"))
    is_event = topic.startswith("fulfillment_events")
    for path in paths_read(topic):
        if path.rpartition("/")[2] in ONLY_IN_ANSWERS and not is_event:
            continue
        theirs = list(at(sample, path))
        assert theirs, f"{path} is not in Shopify's sample"
        kinds = {type(value) for value in theirs if value is not None}
        mine = {type(value) for value in at(ours, path) if value is not None}
        assert not kinds or mine <= kinds, path


ORDER_TOPICS = ("create", "updated", "paid", "cancelled", "fulfilled", "partially_fulfilled")


@pytest.mark.parametrize("name", ORDER_TOPICS)
def test_shopifys_own_order_is_read(name: str, shared_samples: Path) -> None:
    topic = f"orders/{name}"
    (order,) = CONNECTOR.parse(topic, orjson.dumps(shared(shared_samples, topic))).facts
    assert isinstance(order, OrderFact)
    assert (order.ref, order.number, order.total) == ("820982911946154508", "#9999", 40495)
    assert len(order.lines) == 5


@pytest.mark.parametrize("name", ["create", "update"])
def test_shopifys_own_fulfilment_is_read(name: str, shared_samples: Path) -> None:
    topic = f"fulfillments/{name}"
    (parcel,) = CONNECTOR.parse(topic, orjson.dumps(shared(shared_samples, topic))).facts
    assert isinstance(parcel, ShipmentFact)
    assert (parcel.order_ref, parcel.tracking_number) == ("820982911946154508", "1z827wk74630")


def test_shopifys_own_event_and_its_two_hints_are_read(shared_samples: Path) -> None:
    expected = {"fulfillment_events/create": ScanFact, "orders/edited": Stale, "orders/delete": Stale}
    for topic, kind in expected.items():
        (fact,) = CONNECTOR.parse(topic, orjson.dumps(shared(shared_samples, topic))).facts
        assert isinstance(fact, kind)


def test_shopifys_own_refund_is_read(shared_samples: Path) -> None:
    (refund,) = CONNECTOR.parse("refunds/create", orjson.dumps(shared(shared_samples, "refunds/create"))).facts
    assert isinstance(refund, RefundFact)
    assert (refund.order_ref, refund.ref, refund.amount) == ("820982911946154508", "890088186047892319", 8500)
    assert ("487817672276298554", 1) in refund.items


@pytest.mark.parametrize(
    ("topic", "ref", "resource"),
    [
        ("products/create", "788032119674292922", Resource.PRODUCTS),
        ("products/update", "788032119674292922", Resource.PRODUCTS),
        ("products/delete", "788032119674292922", Resource.PRODUCTS),
        ("variants/in_stock", "788032119674292922", Resource.PRODUCTS),
        ("variants/out_of_stock", "788032119674292922", Resource.PRODUCTS),
        ("customers/create", "706405506930370084", Resource.CUSTOMERS),
        ("customers/update", "706405506930370084", Resource.CUSTOMERS),
        ("customers/delete", "706405506930370084", Resource.CUSTOMERS),
        ("discounts/redeemcode_added", "1", Resource.DISCOUNTS),
    ],
)
def test_what_shopify_tells_of_a_thing_says_which_one_to_read(
    topic: str, ref: str, resource: Resource, shared_samples: Path
) -> None:
    facts = CONNECTOR.parse(topic, orjson.dumps(shared(shared_samples, topic))).facts
    assert facts == (Stale(ref=ref, resource=resource),)


@pytest.mark.parametrize("topic", ["discounts/create", "discounts/update"])
def test_shopifys_own_discount_needs_no_code_and_one_with_a_code_is_read(topic: str, shared_samples: Path) -> None:
    sample = shared(shared_samples, topic)
    assert CONNECTOR.parse(topic, orjson.dumps(sample)).ignored == "nothing_new"
    sample["admin_graphql_api_id"] = "gid://shopify/DiscountCodeNode/77"
    facts = CONNECTOR.parse(topic, orjson.dumps(sample)).facts
    assert facts == (Stale(ref="77", resource=Resource.DISCOUNTS),)


def test_a_deleted_discount_has_the_fields_that_shopify_names(shared_samples: Path) -> None:
    index = orjson.loads((shared_samples / "_index.json").read_bytes())["topics"]
    named = next(one for one in index if one["topic"] == "discounts/delete")["payload_keys"]
    values = {"admin_graphql_api_id": "gid://shopify/DiscountCodeNode/77", "deleted_at": "2026-11-24T10:00:00Z"}
    assert sorted(named) == sorted(values)
    (gone,) = CONNECTOR.parse("discounts/delete", orjson.dumps(values)).facts
    assert isinstance(gone, Gone)
    assert (gone.ref, gone.resource) == ("77", Resource.DISCOUNTS)


def test_the_scopes_that_topics_ask_for_are_those_of_shopifys_index(shared_samples: Path) -> None:
    index = orjson.loads((shared_samples / "_index.json").read_bytes())["topics"]
    asked = {one["graphql_enum"]: one["access_scopes"] for one in index}
    for topic, scope in TOPICS.items():
        assert scope.removeprefix("read_") in (asked[topic] or [""]), topic


def test_every_other_sample_is_ignored_with_a_word(shared_samples: Path) -> None:
    for path in shared_samples.glob("[!_]*.json"):
        topic = path.stem.replace("__", "/")
        parsed = CONNECTOR.parse(topic, orjson.dumps(shared(shared_samples, topic)))
        assert bool(parsed.facts) is not bool(parsed.ignored), topic
