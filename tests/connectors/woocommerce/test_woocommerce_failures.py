"""Each recorded error, and each that hosts add, becomes what the house must do about it."""

from __future__ import annotations

import pytest

from app.connectors.woocommerce.failures import failure_from
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Answer
from tests.connectors.woocommerce.recorded import FOLDER, answered, recording

RECORDED: dict[str, tuple[type[Failure], str]] = {
    "fulfillments/error-meta-without-id": (Permanent, "refused"),
    "fulfillments/error-missing": (Permanent, "not_found"),
    "fulfillments/error-no-meta": (Permanent, "bad_request"),
    "fulfillments/error-order-missing": (Permanent, "not_found"),
    "rest/error-bad-date": (Permanent, "bad_request"),
    "rest/error-bad-json": (Permanent, "bad_request"),
    "rest/error-bad-orderby": (Permanent, "bad_request"),
    "rest/error-bad-secret": (Permanent, "bad_secret"),
    "rest/error-bad-status": (Permanent, "bad_request"),
    "rest/error-customer-exists": (Permanent, "refused"),
    "rest/error-http-basic": (Permanent, "keys_refused"),
    "rest/error-http-oauth1-bad-key": (Permanent, "bad_key"),
    "rest/error-http-oauth1-bad-secret": (Permanent, "bad_secret"),
    "rest/error-http-oauth1-replayed-nonce": (Transient, "nonce_used"),
    "rest/error-http-query-keys": (Permanent, "keys_refused"),
    "rest/error-id-is-product": (Permanent, "not_found"),
    "rest/error-no-auth": (Permanent, "keys_refused"),
    "rest/error-no-route": (Permanent, "no_route"),
    "rest/error-order-missing": (Permanent, "not_found"),
    "rest/error-page-0": (Permanent, "bad_request"),
    "rest/error-per-page-101": (Permanent, "bad_request"),
    "rest/error-product-missing": (Permanent, "not_found"),
    "rest/error-put-unknown-status": (Permanent, "bad_request"),
    "rest/error-read-key-writes": (Permanent, "key_cannot_write"),
    "rest/error-refund-gateway": (Permanent, "refused"),
    "rest/error-refund-too-much": (Permanent, "refused"),
    "rest/error-store-api-order-bad-email": (Permanent, "unauthorized"),
    "rest/error-store-api-order-bad-key": (Permanent, "unauthorized"),
    "rest/error-unknown-key": (Permanent, "keys_refused"),
    "rest/error-webhook-bad-topic": (Permanent, "bad_webhook"),
    "rest/error-webhook-bad-url": (Permanent, "bad_webhook"),
    "rest/error-webhook-read-key": (Permanent, "key_cannot_write"),
    "rest/error-write-key-reads": (Permanent, "key_cannot_read"),
    "rest/http-oauth1-bracket-param": (Permanent, "bad_secret"),
    "rest/http-oauth1-list-param": (Permanent, "bad_secret"),
    "rest/order-notes-delete-without-force": (Permanent, "refused"),
    "rest/orders-get-after-force-delete": (Permanent, "not_found"),
    "rest/plain-permalink": (Permanent, "keys_refused"),
}


def all_recorded() -> dict[str, int]:
    names = [
        f"{folder}/{path.stem}" for folder in ("rest", "fulfillments") for path in (FOLDER / folder).glob("[!_]*.json")
    ]
    return {name: recording(name)["response"]["status"] for name in names}


def test_the_table_holds_every_recorded_error() -> None:
    assert set(RECORDED) == {name for name, status in all_recorded().items() if status >= 300}


@pytest.mark.parametrize("name", RECORDED)
def test_a_recorded_error_is_understood(name: str) -> None:
    failure = failure_from(answered(name), recording(name)["request"]["method"])
    assert failure is not None
    assert (type(failure), failure.code) == RECORDED[name]


def test_a_recorded_success_is_none() -> None:
    fine = [name for name, status in all_recorded().items() if status < 300]
    assert len(fine) > 60
    assert {name for name in fine if failure_from(answered(name), "GET")} == set()


@pytest.mark.parametrize(
    ("given", "kind", "code", "wait"),
    [
        (Answer(status=429, headers={"retry-after": "7"}, body=b"<html>"), Transient, "rate_limited", 7.0),
        (Answer(status=429, body=b'{"code": "too_many"}'), Transient, "rate_limited", None),
        (Answer(status=503, headers={"retry-after": "600"}, body=b"<h1>Maintenance"), Transient, "store_down", 600.0),
        (Answer(status=500, body=b'{"code": "internal_server_error"}'), Transient, "store_down", None),
        (Answer(status=502), Transient, "store_down", None),
        (Answer(status=500, body=b'{"code": "woocommerce_rest_cannot_view_all"}'), Transient, "store_down", None),
        (Answer(status=403, body=b"<html>Are you a robot?"), Transient, "not_json", None),
        (Answer(status=404, body=b"<html>Nothing here"), Transient, "not_json", None),
        (Answer(status=301, headers={"location": "https://www.shop.example/"}), Permanent, "redirected", None),
        (
            Answer(status=413, body=b'{"code": "woocommerce_rest_request_entity_too_large"}'),
            Permanent,
            "too_large",
            None,
        ),
        (Answer(status=403, body=b'{"code": "woocommerce_rest_cannot_edit"}'), Permanent, "unauthorized", None),
        (Answer(status=418, body=b"[]"), Permanent, "refused", None),
    ],
)
def test_what_hosts_and_bad_days_add(given: Answer, kind: type[Failure], code: str, wait: float | None) -> None:
    failure = failure_from(given, "GET")
    assert failure is not None
    assert (type(failure), failure.code, getattr(failure, "retry_after", None)) == (kind, code, wait)


def test_a_store_that_speaks_another_language_still_refuses_the_keys() -> None:
    body = '{"code": "woocommerce_rest_authentication_error", "message": "Der Schlüssel ist ungültig."}'
    failure = failure_from(Answer(status=401, body=body.encode()), "GET")
    assert isinstance(failure, Permanent)
    assert failure.code == "keys_refused"
    assert "Read/Write" in failure.hint


def test_no_refusal_repeats_what_the_store_said() -> None:
    name = "rest/error-customer-exists"  # it quotes an e-mail address
    assert "@" not in str(failure_from(answered(name), "POST"))
