"""The bodies of webhooks: built like the platform's own samples, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from app.connectors.shopify import CONNECTOR
from app.events import Channel, OrderFact, OrderStatus, RefundFact, ScanFact, ShipmentFact, ShipmentStatus, Stale
from sandbox.catalogue import people
from sandbox.fate import over_the_counter
from sandbox.shopify import payloads
from sandbox.shopify.news import News, news, news_of_thing
from sandbox.shopify.shop import Shop
from sandbox.things import Account, Basket, Coupon, Order, Product
from sandbox.things import Channel as Sold
from sandbox.world import Store
from tests.sandbox.shops import KEYS, Fair


@pytest.fixture
def told(fair: Fair) -> dict[str, Any]:
    """The last body of each topic, after an order was sent and seen and another one cancelled."""
    shop = Shop(store=fair.clothes, url="http://shop.test", keys=KEYS)
    bodies: dict[str, Any] = {}

    def note(told: Iterable[News]) -> None:
        for one in told:
            bodies[one.topic] = orjson.loads(orjson.dumps(one.body))

    fair.clothes.listeners.append(lambda change: note(news(shop, change)))
    fair.clothes.thing_listeners.append(lambda turned: note(news_of_thing(shop, turned)))
    sent = fair.buy(fair.clothes, language="cs")
    fair.sent(sent)
    everything_else_happens(fair.clothes, sent)
    cancelled = fair.an_order_with_a_coupon()
    fair.clothes.cancel(cancelled)
    fair.clothes.remove(cancelled)
    return bodies


def everything_else_happens(store: Store, order: Order) -> None:
    """Money goes back; something is made, changed and deleted of each kind."""
    store.refund(order, 500, "too small", [(order.lines[0].id, 1)])
    kinds = (store.products, store.accounts, store.coupons)
    things: list[Product | Account | Coupon] = [next(iter(kind.values())) for kind in kinds]
    for thing in things:
        new = replace(thing, id=store.next_id())
        store.add_thing(new)
        store.change_thing(new)
        store.remove_thing(new)


# --- the platform's samples -------------------------------------------------------------------------------------------

TOPICS = [
    *("orders/create", "orders/updated", "orders/cancelled", "orders/fulfilled", "orders/delete"),
    *("fulfillments/create", "fulfillments/update", "fulfillment_events/create", "refunds/create"),
    *("products/create", "products/update", "products/delete"),
    *("customers/create", "customers/update", "customers/delete", "discounts/create", "discounts/update"),
]

NULL_ELSEWHERE = {"phone", "province", "province_code", "note", "message", "compare_at_price", "user_id"}
"""Null for people who gave none and for countries that have none; the samples show a Kentuckian with a telephone. So is
what a shop does not use: notes, prices before a sale, names of its people."""


@pytest.mark.parametrize("topic", TOPICS)
def test_a_body_is_built_like_the_platforms_sample(topic: str, told: dict[str, Any], shared_samples: Path) -> None:
    sample = orjson.loads((shared_samples / f"{topic.replace('/', '__')}.json").read_bytes())["sample_payload"]
    assert list(differences(told[topic], sample, topic)) == []


def differences(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    """Where keys or JSON types differ. Null on their side tells nothing; a list is compared by its first items."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for name in theirs.keys() ^ ours.keys():
            yield f"{path}.{name} is {'missing' if name in theirs else 'too much'}"
        for name in theirs.keys() & ours.keys():
            yield from differences(ours[name], theirs[name], f"{path}.{name}")
    elif isinstance(theirs, list) and isinstance(ours, list):
        for mine, other in list(zip(ours, theirs, strict=False))[:1]:
            yield from differences(mine, other, f"{path}[]")
    elif theirs is not None and type(ours) is not type(theirs) and not (ours is None and may_be_null(path)):
        yield f"{path} is {type(ours).__name__}, not {type(theirs).__name__}"


def may_be_null(path: str) -> bool:
    name = path.rpartition(".")[2]
    return name in NULL_ELSEWHERE or name in ("cancel_reason", "cancelled_at", "address2", "company")


# --- what stands in them ----------------------------------------------------------------------------------------------


def test_amounts_are_text_ids_are_numbers_and_moments_bear_the_shops_offset(told: dict[str, Any]) -> None:
    order = told["orders/create"]
    assert order["total_price"] == order["total_price_set"]["shop_money"]["amount"]
    assert isinstance(order["id"], int)
    assert order["id"] > 2**53
    assert order["created_at"] == "2026-11-24T10:00:00+00:00"


def test_every_body_names_the_language_that_was_bought_in(told: dict[str, Any]) -> None:
    assert told["orders/fulfilled"]["customer_locale"] == "cs"


def test_an_order_is_read_by_the_connector_as_it_was_meant(told: dict[str, Any]) -> None:
    facts = CONNECTOR.parse("orders/fulfilled", orjson.dumps(told["orders/fulfilled"])).facts
    order = next(fact for fact in facts if isinstance(fact, OrderFact))
    assert (order.number, order.status, order.language) == ("#1001", OrderStatus.COMPLETED, "cs")
    assert (order.total, order.subtotal, order.shipping) == (35890, 35400, 490)
    assert [line.quantity for line in order.lines] == [2, 1]


def test_a_cancelled_order_says_so_and_is_worth_nothing_any_more(told: dict[str, Any]) -> None:
    body = told["orders/cancelled"]
    assert (body["cancel_reason"], body["financial_status"]) == ("customer", "refunded")
    assert (body["total_price"], body["current_total_price"]) == ("86.40", "0.00")
    (order,) = CONNECTOR.parse("orders/cancelled", orjson.dumps(body)).facts
    assert isinstance(order, OrderFact)
    assert order.status is OrderStatus.CANCELLED


def test_a_refund_is_told_alike_by_itself_and_in_its_order(told: dict[str, Any]) -> None:
    (alone,) = CONNECTOR.parse("refunds/create", orjson.dumps(told["refunds/create"])).facts
    assert isinstance(alone, RefundFact)
    assert (alone.amount, [quantity for _, quantity in alone.items]) == (500, [1])
    refunded = {**told["orders/fulfilled"], "refunds": [told["refunds/create"]]}
    assert CONNECTOR.parse("orders/fulfilled", orjson.dumps(refunded)).facts[-1] == alone


def test_an_order_says_which_channel_made_it(fair: Fair) -> None:
    shop = Shop(store=fair.clothes, url="http://shop.test", keys=KEYS)
    basket = Basket(
        customer=people(fair.clothes)[0], items=[(next(iter(fair.clothes.products.values())).variants[0].id, 1)]
    )
    orders = [
        fair.clothes.place(basket),
        fair.clothes.place(over_the_counter(basket)),
        fair.clothes.place(replace(basket, channel=Sold.MARKETPLACE, channel_name="Amazon")),
    ]
    (one, pos, market) = (
        next(iter(CONNECTOR.parse("orders/create", orjson.dumps(payloads.order(shop, order))).facts))
        for order in orders
    )
    assert isinstance(one, OrderFact)
    assert isinstance(pos, OrderFact)
    assert isinstance(market, OrderFact)
    assert (one.channel, one.channel_name) == (Channel.ONLINE, "web")
    assert (pos.channel, pos.status, pos.email, pos.address) == (Channel.POS, OrderStatus.COMPLETED, None, None)
    assert (market.channel, market.channel_name) == (Channel.MARKETPLACE, "amazon")


def test_a_codes_discount_is_shared_out_among_the_lines(told: dict[str, Any]) -> None:
    body = told["orders/cancelled"]
    assert body["discount_codes"] == [{"code": "WELCOME10", "amount": "9.60", "type": "percentage"}]
    assert body["discount_applications"][0]["value"] == "10.0"
    (line,) = body["line_items"]
    assert line["total_discount"] == "0.00"
    assert line["discount_allocations"][0]["amount"] == "9.60"


def test_a_parcel_and_its_scan_are_read_by_the_connector_as_they_were_meant(told: dict[str, Any]) -> None:
    parcels = CONNECTOR.parse("fulfillments/create", orjson.dumps(told["fulfillments/create"])).facts
    parcel = next(fact for fact in parcels if isinstance(fact, ShipmentFact))
    assert (parcel.carrier, parcel.tracking_number) == ("DHL", "00340434161095000012")
    assert [quantity for _, quantity in parcel.items] == [2, 1]
    (scan,) = CONNECTOR.parse("fulfillment_events/create", orjson.dumps(told["fulfillment_events/create"])).facts
    assert isinstance(scan, ScanFact)
    assert (scan.status, scan.place) == (ShipmentStatus.DELIVERED, "Ely")


def test_a_deleted_order_is_nothing_but_its_id(told: dict[str, Any]) -> None:
    assert list(told["orders/delete"]) == ["id"]
    (fact,) = CONNECTOR.parse("orders/delete", orjson.dumps(told["orders/delete"])).facts
    assert isinstance(fact, Stale)


def test_the_platform_tells_no_scan_of_a_parcel_without_a_number(fair: Fair) -> None:
    shop = Shop(store=fair.clothes, url="http://shop.test", keys=KEYS)
    topics: list[str] = []
    fair.clothes.listeners.append(lambda change: topics.extend(one.topic for one in news(shop, change)))
    fair.sent(fair.buy(fair.clothes), number="")
    assert "fulfillments/create" in topics
    assert "fulfillment_events/create" not in topics
