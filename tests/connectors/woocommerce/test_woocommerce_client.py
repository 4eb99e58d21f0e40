"""Keys are proven in the way that the store's address allows, and each call anew."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import quote

import pytest

from app.connectors.base import Access
from app.connectors.woocommerce.client import Client, answered_at
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.http import Answer, Http
from tests.connectors.woocommerce.recorded import KEYS, Asked, a_store, replay, say
from tests.kernel.loopback import answer

SECRET = KEYS["consumer_secret"]


def signature_of(asked: Asked, base_url: str, secret: str = SECRET) -> str:
    """What WooCommerce computes (WC_REST_Authentication::check_oauth_signature): rawurlencode of the sorted query."""
    pairs = sorted((name, value) for name, value in asked.query.items() if name != "oauth_signature")
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    parts = (asked.method, f"{base_url}/wp-json/{asked.path}", query)
    message = "&".join(quote(part, safe="") for part in parts)
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), message.encode(), hashlib.sha256)).decode()


@pytest.mark.parametrize(
    "params",
    [
        None,
        {"per_page": "50", "orderby": "id", "status": "any"},
        {"include": "44,45", "_fields": "id,status"},
        {"modified_after": "2026-11-21T22:18:24", "dates_are_gmt": "true"},
        {"search": "Zoë van den Berg & 陳~100%"},
    ],
)
def test_without_https_the_store_finds_our_signature_right(http: Http, params: dict[str, str] | None) -> None:
    with a_store(lambda _: say([])) as store:
        Client(store.access, http).get("orders", params)
    (asked,) = store.asked
    assert asked.query["oauth_signature"] == signature_of(asked, store.url)
    assert asked.query["oauth_consumer_key"] == "ck_test"
    assert (params or {}).items() <= asked.query.items()
    assert "authorization" not in asked.headers
    assert SECRET not in str(asked)


def test_a_call_that_is_made_again_is_signed_again(http: Http) -> None:
    with a_store(lambda _: replay("rest/error-http-oauth1-replayed-nonce")) as store:
        for _ in range(2):
            with pytest.raises(Transient, match="nonce_used"):
                Client(store.access, http).get("orders")
    assert len({asked.query["oauth_nonce"] for asked in store.asked}) == 2


def test_a_body_is_sent_as_json_and_the_query_still_signed(http: Http) -> None:
    with a_store(lambda _: replay("rest/webhooks-create")) as store:
        Client(store.access, http).write("POST", "webhooks", {"name": "Größe ✓"})
    (asked,) = store.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "wc/v3/webhooks", {"name": "Größe ✓"})
    assert asked.headers["content-type"] == "application/json; charset=utf-8"
    assert asked.query["oauth_signature"] == signature_of(asked, store.url)


class Overheard(Http):
    """A way out that writes down what would be sent: https to a name needs a certificate that a test would have to make."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[tuple[str, str, dict[str, str]]] = []

    def call(self, method: str, url: str, **options: object) -> Answer:
        self.said.append((method, url, dict(options["headers"])))  # type: ignore[call-overload]
        return Answer(status=200, body=b"[]")


def test_over_https_the_keys_go_in_the_header_and_nowhere_else() -> None:
    http = Overheard()
    Client(Access(base_url="https://shop.example/de", secrets=KEYS), http).get("orders", {"include": "44,45"})
    ((method, url, headers),) = http.said
    assert (method, url) == ("GET", "https://shop.example/de/wp-json/wc/v3/orders?include=44%2C45")
    assert base64.b64decode(headers["Authorization"].removeprefix("Basic ")) == b"ck_test:cs_test"


@pytest.mark.parametrize(
    ("said", "kind", "code"),
    [
        (replay("rest/error-unknown-key"), Permanent, "keys_refused"),
        (answer(b"<html>Just a moment</html>"), Transient, "not_json"),
        (answer(b'{"id": 1, "sta'), Transient, "not_json"),
        (answer(b""), Transient, "not_json"),
    ],
)
def test_what_is_no_answer_raises(http: Http, said: bytes, kind: type[Failure], code: str) -> None:
    with a_store(lambda _: said) as store, pytest.raises(kind, match=code):
        Client(store.access, http).get("orders")


@pytest.mark.parametrize("zone", ["GMT", "-0000", "+0000"])
def test_the_stores_clock_is_read_off_its_answer(zone: str) -> None:
    told = Answer(status=404, headers={"date": f"Sat, 21 Nov 2026 22:40:31 {zone}"})
    assert answered_at(told).isoformat() == "2026-11-21T22:40:31+00:00"


@pytest.mark.parametrize("date", ["", "yesterday"])
def test_a_store_that_does_not_say_its_time_is_not_guessed_at(date: str) -> None:
    assert answered_at(Answer(status=404, headers={"date": date})) is None
