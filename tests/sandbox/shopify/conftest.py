"""The Shopify-like store on a clock that stands still, the way to ask it, and the published samples where they are at hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.connectors.shopify.client import DOCUMENTS, PATH, Operation
from sandbox.shopify.application import Platform, application
from sandbox.shopify.shop import decimal, gid, payment_id
from sandbox.things import Order
from tests.connectors.shopify.conftest import schema, shared_samples
from tests.sandbox.shops import KEYS, Fair

__all__ = ["schema", "shared_samples"]

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def fair() -> Fair:
    return Fair()


@pytest.fixture
def platform(fair: Fair) -> Platform:
    return application(fair.stage, fair.clothes, KEYS, "http://shop.test", fair.buy)


@pytest.fixture
def ask(platform: Platform) -> Ask:
    """Runs an operation of the connector's documents: the answer's body, whatever it says."""
    client = platform.app.test_client()

    def run(operation: Operation, **variables: Any) -> dict[str, Any]:
        body = {"query": DOCUMENTS[operation.document], "operationName": operation.name, "variables": variables}
        answer = client.post(PATH, json=body, headers={"X-Shopify-Access-Token": KEYS.access_token})
        assert answer.status_code == 200
        return answer.get_json()

    return run


def a_refund(order: Order, amount: int, *, restock: bool = False, **changes: Any) -> dict[str, Any]:
    """What the connector puts into a refund of the first piece."""
    order_id = gid("Order", order.id)
    line: dict[str, Any] = {
        "lineItemId": gid("LineItem", order.lines[0].id),
        "quantity": 1,
        "restockType": "NO_RESTOCK",
    }
    if restock:
        line |= {"restockType": "RETURN", "locationId": gid("Location", 1)}
    payment = {
        "orderId": order_id,
        "parentId": gid("OrderTransaction", payment_id(order)),
        "gateway": "bogus",
        "kind": "REFUND",
        "amount": decimal(amount),
    }
    asked = {"orderId": order_id, "currency": order.currency, "note": "Encore k", "notify": False}
    return {**asked, "refundLineItems": [line], "transactions": [payment], **changes}
