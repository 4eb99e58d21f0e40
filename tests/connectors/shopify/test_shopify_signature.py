"""Published signatures hold, and those that must be refused are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from shopify import Session

from app.connectors.base import Inbound, Visitor
from app.connectors.shopify import CONNECTOR
from app.connectors.shopify.signature import check_proxy
from app.kernel.crypto import hmac_sha256
from app.kernel.errors import BadSignature
from tests.connectors.shopify.samples import read

VECTORS: list[dict[str, Any]] = read("hmac_vectors")
"""Collected from Shopify's own libraries and pages; each names its source."""


def of_kind(kind: str) -> Any:
    return pytest.mark.parametrize("vector", [pytest.param(v, id=v["id"]) for v in VECTORS if v["kind"] == kind])


def delivery(vector: dict[str, Any], name: str = "x-shopify-hmac-sha256") -> Inbound:
    return Inbound(body=vector["raw_body"].encode(), headers={name: vector["expected_base64"]})


def joined(query: str) -> dict[str, str]:
    """As the web hands a query on: values of a repeated name joined by commas."""
    values: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        values[name] = f"{values[name]},{value}" if name in values else value
    return values


def proxied(vector: dict[str, Any]) -> dict[str, str]:
    return {**joined(vector["query_string_without_signature"]), "signature": vector["expected_hex"]}


def moment_of(query: dict[str, str]) -> datetime:
    return datetime.fromtimestamp(int(query["timestamp"]), UTC)


@of_kind("webhook")
def test_a_published_webhook_signature_holds_under_either_family_of_headers(vector: dict[str, Any]) -> None:
    for name in ("x-shopify-hmac-sha256", "shopify-hmac-sha256", "X-Shopify-Hmac-SHA256"):
        CONNECTOR.verify(delivery(vector, name), [b"another", vector["secret"].encode()])


@of_kind("webhook")
def test_a_webhook_whose_bytes_were_touched_is_refused(vector: dict[str, Any]) -> None:
    inbound = Inbound(body=vector["raw_body"].encode() + b" ", headers=delivery(vector).headers)
    with pytest.raises(BadSignature):
        CONNECTOR.verify(inbound, [vector["secret"].encode()])


@pytest.mark.parametrize("signature", ["", "no base64!", "AAAA", "ключ"])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    with pytest.raises(BadSignature):
        CONNECTOR.verify(Inbound(body=b"{}", headers={"x-shopify-hmac-sha256": signature}), [b"secret"])


def test_without_a_secret_nothing_is_believed() -> None:
    with pytest.raises(BadSignature):
        CONNECTOR.verify(delivery(VECTORS[0]), [])


def test_both_secrets_count_while_one_replaces_the_other() -> None:
    settings = {"SHOPIFY_CLIENT_SECRET": "secret", "SHOPIFY_CLIENT_SECRET_OLD": "old_secret", "SHOPIFY_CLIENT_ID": "id"}
    secrets = CONNECTOR.secrets(settings, {"access_token": "shpat"})
    assert secrets == (b"secret", b"old_secret")
    CONNECTOR.verify(delivery(next(v for v in VECTORS if v["id"] == "wh-ruby-2-oldsecret")), secrets)


@of_kind("app_proxy")
def test_a_published_proxy_signature_holds_unless_it_must_be_refused(vector: dict[str, Any]) -> None:
    query, secrets = proxied(vector), [vector["secret"].encode()]
    if vector["valid"]:
        check_proxy(query, secrets, moment_of(query))
        return
    with pytest.raises(BadSignature):
        check_proxy(query, secrets, moment_of(query))


@pytest.mark.parametrize(("seconds", "holds"), [(90, True), (-90, True), (91, False), (-91, False)])
def test_a_proxied_request_is_believed_for_ninety_seconds(seconds: int, holds: bool) -> None:
    query = proxied(next(v for v in VECTORS if v["id"] == "proxy-doc-loggedin"))
    now = moment_of(query) + timedelta(seconds=seconds)
    if holds:
        check_proxy(query, [b"hush"], now)
        return
    with pytest.raises(BadSignature):
        check_proxy(query, [b"hush"], now)


@pytest.mark.parametrize("timestamp", ["", "soon", "-5", "１２３"])
def test_a_signed_request_without_a_sensible_time_is_refused(timestamp: str) -> None:
    query = {"shop": "morrow-and-fen.myshopify.com", "timestamp": timestamp}
    message = f"shop={query['shop']}timestamp={timestamp}"
    query["signature"] = hmac_sha256(b"hush", message.encode()).hex()
    with pytest.raises(BadSignature):
        check_proxy(query, [b"hush"], datetime.now(UTC))


def test_a_request_that_nobody_signed_is_refused() -> None:
    for signature in ("", "zz", "00"):
        with pytest.raises(BadSignature):
            check_proxy({"timestamp": "1", "signature": signature}, [b"hush"], datetime.now(UTC))


def test_the_visitor_is_the_customer_who_is_logged_in_and_no_order_is_taken_for_his() -> None:
    query = proxied(next(v for v in VECTORS if v["id"] == "proxy-doc-loggedin"))
    visitor = CONNECTOR.authenticate(Inbound(query=query), [b"hush"], moment_of(query))
    assert visitor == Visitor(customer_ref="1")


def test_whoever_is_not_logged_in_is_nobody() -> None:
    query = proxied(next(v for v in VECTORS if v["id"] == "proxy-doc-anonymous"))
    assert CONNECTOR.authenticate(Inbound(query=query), [b"hush"], moment_of(query)) == Visitor()


@of_kind("oauth_query")
def test_the_library_signs_callbacks_as_shopify_does_where_its_note_says_so(vector: dict[str, Any]) -> None:
    """One vector depends on the order of its query and one on spaces that no real callback holds: the library differs there."""
    signing = type("Signing", (Session,), {"secret": vector["secret"]})
    assert (signing.calculate_hmac(vector["params"]) == vector["expected_hex"]) is vector["library_agrees"]
