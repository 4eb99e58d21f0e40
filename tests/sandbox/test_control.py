"""The control API, and the ledger of truth that it shows."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.clock import SetClock
from sandbox import control
from sandbox.bulk import fill
from sandbox.catalogue import COFFEE, coffee_range
from sandbox.shelf import Shelf
from sandbox.story import Story
from sandbox.world import Change, World
from tests.sandbox.shops import TEN, Fair


@pytest.fixture
def fair() -> Fair:
    return Fair()


@pytest.fixture
def story(fair: Fair) -> Story:
    return Story(fair.stage.world)


@pytest.fixture
def client(fair: Fair, story: Story) -> FlaskClient:
    app = Flask("control")
    app.register_blueprint(control.blueprint(fair.stage, story))
    return app.test_client()


def test_an_order_is_placed_now_and_stands_in_the_truth(client: FlaskClient) -> None:
    placed = client.post("/_control/orders", json={"store": "shopify", "language": "zh-Hant"}).get_json()
    assert placed["number"] == "#1001"
    [order] = client.get("/_control/truth").get_json()["orders"]
    assert (order["id"], order["email"], order["status"]) == (placed["order"], placed["email"], "open")
    assert int(placed["order"]) > 2**53


def test_an_unknown_store_is_refused(client: FlaskClient) -> None:
    assert client.post("/_control/orders", json={"store": "etsy"}).status_code == 400
    assert client.post("/_control/orders", json=["store"]).status_code == 400


def test_a_store_is_filled_with_plain_orders_that_nobody_is_told_of(client: FlaskClient, fair: Fair) -> None:
    heard: list[Change] = []
    fair.coffee.listeners.append(heard.append)
    fair.clothes.listeners.append(heard.append)
    assert client.post("/_control/fill", json={"store": "woocommerce", "orders": 300}).get_json() == {
        "store": "woocommerce",
        "orders": 300,
    }
    client.post("/_control/fill", json={"store": "shopify", "orders": 30})
    placed = client.post("/_control/orders", json={"store": "shopify"}).get_json()
    assert placed["number"] == "#1031"
    orders = [order for store in (fair.coffee, fair.clothes) for order in store.orders.values()]
    ids = [thing for order in orders for thing in (order.id, *(line.id for line in order.lines), order.shipping_ref)]
    assert len(ids) == len(set(ids))
    assert {len(order.lines) for order in orders} == {1, 2, 3}
    assert all(order.updated_at < fair.clock.at for order in orders[:-1])
    assert [change.order.number for change in heard] == ["#1031"]
    assert client.post("/_control/fill", json={"store": "etsy"}).status_code == 400


def test_a_filled_store_is_still_there_after_a_restart(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path)
    store = World(SetClock(TEN), shelf).add(COFFEE, coffee_range)
    fill(store, 25)
    shelf.close()
    assert World(SetClock(TEN), Shelf(tmp_path)).add(COFFEE, coffee_range).orders == store.orders


def test_faults_are_asked_for_seen_and_cleared(client: FlaskClient) -> None:
    asked = {
        "webhooks": [{"how": "drop", "target": "woocommerce", "count": 2}],
        "http": [{"status": 503, "target": "shopify", "path": "/graphql"}],
        "smtp": [{"how": "drop_after_dot"}],
    }
    faults = client.post("/_control/faults", json=asked).get_json()["faults"]
    assert [(fault["where"], fault["how"]) for fault in faults] == [
        ("webhook", "drop"),
        ("http", "status"),
        ("smtp", "drop_after_dot"),
    ]
    assert client.get("/_control/faults").get_json()["faults"] == faults
    assert client.post("/_control/faults", json={"clear": True}).get_json()["faults"] == []
    assert client.post("/_control/faults", json={"smtp": [{"how": "explode"}]}).status_code == 400
    assert client.post("/_control/faults", json={"smtp": [{"colour": "red"}]}).status_code == 400


def test_the_story_is_stopped_and_started(client: FlaskClient, story: Story) -> None:
    assert client.post("/_control/faults", json={"story": "stop"}).get_json()["story"] == "stop"
    assert not story.is_playing
    client.post("/_control/faults", json={"story": "start"})
    assert story.is_playing


def test_the_truth_counts_what_the_app_did_by_its_key(fair: Fair, client: FlaskClient) -> None:
    ledger = fair.stage.ledger
    emission = ledger.emitted(fair.coffee, "order.updated", "44", "d1")
    ledger.answered(emission, 200)
    ledger.answered(ledger.emitted(fair.coffee, "order.updated", "45", "d1"), 500)
    ledger.happened(fair.clothes, "note", "k1", "7")
    ledger.accepted("<m@x>", "a@example.com", ["b@example.com"], "Hi", 12)
    fair.an_order_with_a_coupon()

    truth = client.get("/_control/truth").get_json()

    assert truth["webhooks"]["by_store"]["woocommerce"] == {"emitted": 2, "acknowledged": 1}
    assert [effect["key"] for effect in truth["effects"]] == ["k1"]
    assert [mail["message_id"] for mail in truth["mails"]] == ["<m@x>"]
