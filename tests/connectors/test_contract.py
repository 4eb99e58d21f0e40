"""What every platform owes the house, asked of each one in the register."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.connectors import CONNECTORS
from app.connectors.base import Connector, Inbound, Parsed
from app.kernel.errors import BadSignature, Permanent

SECRET = b"the-secret-of-this-shop"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
BODY = b'{"id": 1042, "note": "gr\\u00f6\\u00dfer \\/ kleiner", "total": "59.78"}'
"""Valid JSON that no writer of ours would write the same way again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """How a platform signs a delivery, and on which topics it tells of orders."""

    signature_header: str
    topics: tuple[str, ...]
    headers: Callable[[str], dict[str, str]]

    def say(self, body: bytes = BODY, secret: bytes = SECRET, topic: str = "", delivery: str = "d-1") -> Inbound:
        signature = base64.b64encode(hmac.digest(secret, body, hashlib.sha256)).decode()
        headers = {**self.headers(delivery), self.signature_header: signature}
        topic_header = next(name for name in headers if name.endswith("-topic"))
        return Inbound(body=body, headers={**headers, topic_header: topic or self.topics[0]}, path="pub1ic")


SPEAKERS = {
    "shopify": Speaker(
        signature_header="x-shopify-hmac-sha256",
        topics=(
            *("orders/create", "orders/updated", "orders/cancelled", "orders/delete", "fulfillments/create"),
            *("refunds/create", "products/update", "customers/update", "discounts/update", "discounts/delete"),
        ),
        headers=lambda delivery: {
            "x-shopify-topic": "",
            "x-shopify-shop-domain": "morrow-and-fen.myshopify.com",
            "x-shopify-webhook-id": delivery,
            "x-shopify-event-id": delivery,
            "x-shopify-triggered-at": "2026-11-24T12:00:00.000000000Z",
            "content-type": "application/json",
        },
    ),
    "woocommerce": Speaker(
        signature_header="x-wc-webhook-signature",
        topics=("order.created", "order.updated", "order.restored", "order.deleted"),
        headers=lambda delivery: {
            "x-wc-webhook-topic": "",
            "x-wc-webhook-id": "7",
            "x-wc-webhook-delivery-id": delivery,
            "content-type": "application/json",
        },
    ),
}


@pytest.fixture(params=sorted(CONNECTORS))
def connector(request: pytest.FixtureRequest) -> Connector:
    return CONNECTORS[request.param]


@pytest.fixture
def speaker(connector: Connector) -> Speaker:
    return SPEAKERS[connector.slug]


def test_every_platform_is_asked() -> None:
    assert set(SPEAKERS) == set(CONNECTORS)
    assert {slug: connector.slug for slug, connector in CONNECTORS.items()} == {slug: slug for slug in CONNECTORS}


def test_it_says_what_it_needs_and_where_its_deliveries_go(connector: Connector) -> None:
    assert connector.title
    assert connector.credential_names
    assert connector.callback_url("https://encore.example", "pub1ic").startswith(
        f"https://encore.example/hooks/{connector.slug}"
    )


# --- signatures -------------------------------------------------------------------------------------------------------


def test_the_secret_that_signed_is_found_among_several(connector: Connector, speaker: Speaker) -> None:
    connector.verify(speaker.say(), [SECRET])
    connector.verify(speaker.say(), [b"newer", SECRET])
    connector.verify(speaker.say(body=b""), [SECRET])


def signed_anew(speaker: Speaker, signature: str) -> Inbound:
    given = speaker.say()
    return replace(given, headers={**given.headers, speaker.signature_header: signature})


SLIPS: dict[str, Callable[[Speaker], Inbound]] = {
    "another secret": lambda speaker: speaker.say(secret=b"another"),
    "an empty secret": lambda speaker: speaker.say(secret=b""),
    "no header": lambda speaker: Inbound(body=BODY),
    "an empty header": lambda speaker: signed_anew(speaker, ""),
    "no base64": lambda speaker: signed_anew(speaker, "%%%"),
    "no ASCII": lambda speaker: signed_anew(speaker, "ÿ" * 44),
    "a number": lambda speaker: signed_anew(speaker, "0"),
    "hex": lambda speaker: signed_anew(speaker, hmac.digest(SECRET, BODY, hashlib.sha256).hex()),
    "a shortened signature": lambda speaker: signed_anew(
        speaker, base64.b64encode(hmac.digest(SECRET, BODY, hashlib.sha256)[:16]).decode()
    ),
    "the same JSON written again": lambda speaker: replace(speaker.say(), body=orjson.dumps(orjson.loads(BODY))),
    "a newline more": lambda speaker: replace(speaker.say(), body=BODY + b"\n"),
    "no body": lambda speaker: replace(speaker.say(), body=b""),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_delivery_that_proves_nothing_is_refused(connector: Connector, speaker: Speaker, slip: str) -> None:
    with pytest.raises(BadSignature):
        connector.verify(SLIPS[slip](speaker), [SECRET, b"older"])


def test_one_flipped_bit_anywhere_is_one_too_many(connector: Connector, speaker: Speaker) -> None:
    good = speaker.say()
    signature = base64.b64decode(good.headers[speaker.signature_header])
    for bit in range(8 * len(signature)):
        flipped = bytes(byte ^ (1 << bit % 8 if place == bit // 8 else 0) for place, byte in enumerate(signature))
        with pytest.raises(BadSignature):
            connector.verify(signed_anew(speaker, base64.b64encode(flipped).decode()), [SECRET])
    for place in range(len(BODY)):
        body = BODY[:place] + bytes([BODY[place] ^ 1]) + BODY[place + 1 :]
        with pytest.raises(BadSignature):
            connector.verify(replace(good, body=body), [SECRET])


def test_without_a_secret_nothing_is_proven(connector: Connector, speaker: Speaker) -> None:
    assert connector.secrets({}, {}) == ()
    with pytest.raises(BadSignature):
        connector.verify(speaker.say(secret=b""), connector.secrets({}, {}))


@pytest.mark.parametrize("query", [{}, {"order": "1042", "signature": ""}, {"shop": "pub1ic", "signature": "ÿ"}])
def test_nobody_is_a_visitor_without_a_signature(connector: Connector, query: dict[str, str]) -> None:
    with pytest.raises(BadSignature):
        connector.authenticate(Inbound(query=query), [SECRET], NOW)


# --- claims -----------------------------------------------------------------------------------------------------------


def test_a_delivery_that_comes_twice_claims_the_same(connector: Connector, speaker: Speaker) -> None:
    first, again = connector.claim(speaker.say()), connector.claim(speaker.say())
    assert first == again
    assert first is not None
    assert (first.topic, bool(first.event_id), bool(first.shop)) == (speaker.topics[0], True, True)


def test_another_delivery_claims_another_key(connector: Connector, speaker: Speaker) -> None:
    one, other = connector.claim(speaker.say(delivery="d-1")), connector.claim(speaker.say(delivery="d-2"))
    assert one is not None
    assert other is not None
    assert one.event_id != other.event_id


def test_a_request_without_the_platforms_headers_is_no_delivery(connector: Connector) -> None:
    with pytest.raises(Permanent):
        connector.claim(Inbound(body=BODY, headers={"content-type": "application/json"}, path="pub1ic"))


# --- bodies -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topic", ["", "no/such.topic", "orders", "ö" * 300])
@pytest.mark.parametrize("body", [BODY, b"", b"\xff\xfe"])
def test_an_unknown_topic_is_ignored_with_its_reason(connector: Connector, topic: str, body: bytes) -> None:
    assert connector.parse(topic, body) == Parsed(ignored="unknown_topic")


HOSTILE = {
    "empty": b"",
    "spaces": b"  \n",
    "not JSON": b"webhook_id=1",
    "not text": b"\xff\xfe\x00",
    "HTML": b"<html><body>Just a moment</body></html>",
    "cut short": BODY[:-1],
    "two documents": BODY + BODY,
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"id":' * 50_000 + b"1" + b"}" * 50_000,
    "as deep as a parser goes": b'{"id": 1, "a": ' + b"[" * 900 + b"]" * 900 + b"}",
    "a NUL": b'{"id": "\\u0000", "name": "\\u0000"}',
    "half a surrogate": b'{"id": 1, "name": "\\ud800"}',
    "NaN": b'{"id": NaN}',
    "infinity": b'{"id": 1e999, "total": -1e999}',
    "a huge number": b'{"id": ' + b"9" * 5000 + b"}",
    "a number beyond the database": b'{"id": 9223372036854775808, "total": "1e400"}',
    "a number below all": b'{"id": -9223372036854775809}',
    "a key twice": b'{"id": 1, "id": 2}',
    "null": b"null",
    "true": b"true",
    "a number": b"0",
    "a word": b'"order"',
    "a list": b"[]",
    "an object": b"{}",
    "a list of orders": b'[{"id": 1}]',
    "an id and nothing more": b'{"id": 1}',
    "a refusal": b'{"code": "rest_forbidden", "message": "no", "data": {"status": 401}}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_body_makes_it_stumble(connector: Connector, speaker: Speaker, name: str) -> None:
    for topic in speaker.topics:
        assert meaning(connector, topic, HOSTILE[name]) is not None


def meaning(connector: Connector, topic: str, body: bytes) -> Parsed | str:
    """What a body means, or the code of its refusal; anything else that is raised comes through."""
    try:
        return connector.parse(topic, body)
    except Permanent as failure:
        refusal = failure
    assert len(str(refusal)) < 200, "a failure must not carry a body"
    return refusal.code


@pytest.mark.parametrize(
    "name", ["empty", "spaces", "not JSON", "not text", "HTML", "cut short", "NaN", "deep lists", "deep objects"]
)
def test_what_is_no_json_is_called_so(connector: Connector, speaker: Speaker, name: str) -> None:
    assert {meaning(connector, topic, HOSTILE[name]) for topic in speaker.topics} == {"not_json"}


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["id", "code", "status", "x"]), inner),
    max_leaves=12,
)


@given(said=ANYTHING, slug=st.sampled_from(sorted(CONNECTORS)), data=st.data())
def test_any_json_at_all_means_something_or_is_refused(said: Any, slug: str, data: st.DataObject) -> None:
    topic = data.draw(st.sampled_from(SPEAKERS[slug].topics))
    assert meaning(CONNECTORS[slug], topic, orjson.dumps(said)) is not None


@given(body=st.binary(max_size=200), slug=st.sampled_from(sorted(CONNECTORS)), data=st.data())
def test_any_bytes_at_all_mean_something_or_are_refused(body: bytes, slug: str, data: st.DataObject) -> None:
    topic = data.draw(st.sampled_from(SPEAKERS[slug].topics))
    assert meaning(CONNECTORS[slug], topic, body) is not None
