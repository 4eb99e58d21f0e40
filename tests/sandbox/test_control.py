"""The control API, and the ledger of truth that it shows."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sandbox import control
from sandbox.story import Story
from tests.sandbox.shops import Fair


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
