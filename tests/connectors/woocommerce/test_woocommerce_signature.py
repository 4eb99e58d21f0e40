"""Who may speak: recorded signatures hold over the raw bytes, and a shopper holds what the plugin signed for him."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
import pytest

from app.connectors.base import Inbound, Visitor
from app.connectors.woocommerce import CONNECTOR
from app.kernel.crypto import hmac_sha256
from app.kernel.errors import BadSignature
from tests.connectors.woocommerce.recorded import DELIVERIES, SECRET, delivery

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = str(int((NOW + timedelta(hours=1)).timestamp()))


@pytest.mark.parametrize("name", DELIVERIES)
def test_every_recorded_delivery_is_proven_by_its_raw_bytes(name: str) -> None:
    CONNECTOR.verify(delivery(name), [SECRET])


@pytest.mark.parametrize("name", ["order.created", "order.updated-storefront"])
def test_the_same_json_written_another_way_proves_nothing(name: str) -> None:
    given = delivery(name)
    again = replace(given, body=orjson.dumps(orjson.loads(given.body)))
    assert again.body != given.body
    with pytest.raises(BadSignature):
        CONNECTOR.verify(again, [SECRET])


def test_the_shops_secret_is_its_own_and_an_empty_one_is_none() -> None:
    assert CONNECTOR.secrets({}, {"webhook_secret": "s3cret", "consumer_key": "ck"}) == (b"s3cret",)
    assert CONNECTOR.secrets({}, {"webhook_secret": ""}) == CONNECTOR.secrets({}, {}) == ()


def asking(order: str = "1042", expires: str = LATER, secret: bytes = SECRET, **changes: str) -> Inbound:
    signature = hmac_sha256(secret, f"{order}\n{expires}".encode()).hex()
    return Inbound(query={"shop": "pub1ic", "order": order, "expires": expires, "signature": signature, **changes})


def test_whoever_holds_a_signed_order_is_its_visitor() -> None:
    assert CONNECTOR.authenticate(asking(), [b"older", SECRET], NOW) == Visitor(order_ref="1042")


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(asking(secret=b"another"), id="another secret"),
        pytest.param(replace(asking(), query={**asking().query, "order": "1043"}), id="another order"),
        pytest.param(replace(asking(), query={**asking().query, "expires": LATER + "0"}), id="a longer time"),
        pytest.param(asking(signature=""), id="no signature"),
        pytest.param(asking(signature="zz" * 32), id="not hex"),
        pytest.param(asking(signature="ä" * 64), id="not even ASCII"),
        pytest.param(asking(order=""), id="no order"),
        pytest.param(asking(order="1042\n1"), id="an order with a line of its own"),
        pytest.param(asking(expires="٣" * 10), id="digits of another script"),
        pytest.param(asking(expires=str(int(NOW.timestamp()) - 1)), id="expired"),
        pytest.param(Inbound(), id="nothing at all"),
    ],
)
def test_nobody_else_is(given: Inbound) -> None:
    with pytest.raises(BadSignature):
        CONNECTOR.authenticate(given, [SECRET], NOW)


def test_what_a_shopper_holds_makes_him_no_store() -> None:
    """The same secret signs for both, and his signature stands in his page."""
    held = asking().query
    signature = base64.b64encode(bytes.fromhex(held["signature"])).decode()
    body = f"{held['order']}\n{held['expires']}".encode()
    with pytest.raises(BadSignature):
        CONNECTOR.verify(Inbound(body=body, headers={"x-wc-webhook-signature": signature}), [SECRET])


def test_without_a_secret_nobody_is_anybody() -> None:
    with pytest.raises(BadSignature):
        CONNECTOR.authenticate(asking(secret=b""), [], NOW)
