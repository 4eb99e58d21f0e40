"""Every recorded request of a real store, sent again to the sandbox's: the same status, no field missing, no other JSON type."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse
from woocommerce.oauth import OAuth

from sandbox.things import Account, Coupon, CouponKind, Person, Refund
from sandbox.woocommerce.auth import ApiKey
from tests.sandbox.woocommerce.lab import ADDRESS, HOME, KEY, READ_KEY, RECORDINGS, WRITE_KEY, Lab, recording
from tests.sandbox.woocommerce.shape import Shape, differences

OUT_OF_SCOPE = {
    "rest/_routes-wc-v3": "a list of routes, not a request",
    "rest/data-currencies-current": "the currency is read from settings/general",
    "rest/error-store-api-order-bad-email": "the public storefront API is not used",
    "rest/error-store-api-order-bad-key": "the public storefront API is not used",
    "rest/store-api-checkout": "the public storefront API is not used",
    "rest/store-api-order": "the public storefront API is not used",
    "rest/store-api-products": "the public storefront API is not used",
    "rest/orders-options-schema": "the schema of a resource is not asked for",
    "rest/payment-gateways": "gateways are not asked for: a refund is refused by those that cannot",
    "rest/reports-orders-totals": "reports are not asked for",
    "rest/shipping-zones": "shipping zones are not asked for",
    "rest/taxes": "tax tables are not asked for",
    "fulfillments/auto-fulfilled-downloadable": "downloads are nothing to follow",
    "fulfillments/delete": "changing fulfilments: a later issue",
    "fulfillments/list-after-delete": "changing fulfilments: a later issue",
    "fulfillments/lookup": "the store's guess at a carrier is not asked for",
    "fulfillments/metadata": "the list of fulfilments carries the same",
    "fulfillments/read-key": "its request is that of the list",
    "fulfillments/update": "changing fulfilments: a later issue",
}
ALL = sorted(
    f"{folder}/{path.stem}" for folder in ("rest", "fulfillments") for path in (RECORDINGS / folder).glob("*.json")
)
IN_SCOPE = [name for name in ALL if name not in OUT_OF_SCOPE]

BAD_SECRET = ApiKey(consumer_key=KEY.consumer_key, consumer_secret="cs_wrong")
STRANGER = ApiKey(consumer_key="ck_" + "a" * 40, consumer_secret="cs_" + "b" * 40)
KEYS = {
    "rest/error-bad-secret": BAD_SECRET,
    "rest/error-http-oauth1-bad-key": STRANGER,
    "rest/error-http-oauth1-bad-secret": BAD_SECRET,
    "rest/error-read-key-writes": READ_KEY,
    "rest/error-unknown-key": STRANGER,
    "rest/error-webhook-read-key": READ_KEY,
    "rest/error-write-key-reads": WRITE_KEY,
    "rest/read-key-lists-webhooks": READ_KEY,
}
"""Who asks, where it is not the merchant's own key."""

COUPON = [{"code": "WELCOME10"}]


def _accounts(lab: Lab, *numbers: int, email: str = "") -> None:
    """Accounts under the recorded ids, the last of them with this address."""
    for number in numbers:
        person = Person(email=email or f"buyer{number}@example.com", language="de", address=ADDRESS, ref=number)
        lab.store.take_in(Account(id=number, person=person, created_at=lab.clock.at, updated_at=lab.clock.at, orders=1))


def _coupons(lab: Lab) -> None:
    for number, limit in ((41, 0), (42, 5), (43, 0)):
        coupon = Coupon(
            id=number,
            code=f"code{number}",
            kind=CouponKind.PERCENT,
            value=10,
            created_at=lab.clock.at,
            updated_at=lab.clock.at,
            ends_at=lab.clock.at if number == 43 else None,
            limit=limit,
            used_by=["5"] * (number == 41),
        )
        lab.store.take_in(coupon)


def _refunded(lab: Lab) -> Refund:
    """One mug of the order that has a fee."""
    order = lab.order(46, "orders-create-fee-and-tracking-meta")
    return lab.store.refund(order, 1450, "One mug arrived broken", [(order.lines[0].id, 1)])


def _refunded_under(lab: Lab, refund_id: int) -> None:
    lab.store.refund(lab.store.orders[65], lab.store.orders[65].total).id = refund_id


TRACKING_META = recording("rest/orders-create-fee-and-tracking-meta")["request"]["body"]["meta_data"]


def _fulfilled(lab: Lab, order_id: int) -> None:
    body = recording("fulfillments/create-all")["request"]["body"]
    path = f"/wp-json/wc/v3/orders/{order_id}/fulfillments"
    lab.platform.app.test_client().post(path, base_url="https://x.example", json=body, headers=_basic(KEY))


def _with_meta(lab: Lab) -> None:
    lab.order(46, "orders-create-fee-and-tracking-meta")


PREPARATIONS: dict[str, Callable[[Lab], object]] = {
    "rest/orders-by-customer": lambda lab: [
        lab.order(number, "orders-create-processing", customer_id=5, coupon_lines=COUPON) for number in (45, 53, 69)
    ],
    "rest/orders-search": lambda lab: lab.order(68, "orders-create-processing", meta_data=TRACKING_META),
    "rest/orders-get-storefront": lambda lab: lab.from_storefront(84),
    "rest/orders-get-checkout-draft": lambda lab: lab.from_storefront(84, is_draft=True),
    "rest/orders-get-guest": lambda lab: lab.order(48, "orders-create-guest"),
    "rest/orders-get-tracking-meta": _with_meta,
    "rest/orders-get-partially-refunded": lambda lab: (_with_meta(lab), lab.store.refund(lab.store.orders[46], 1450)),
    "rest/orders-get-refunded": lambda lab: lab.store.refund(
        lab.order(66, "orders-create-processing", meta_data=TRACKING_META), lab.store.orders[66].total + 100_000
    ),
    "rest/customers-get": lambda lab: _accounts(lab, 5),
    "rest/customers-list": lambda lab: _accounts(lab, 1, 5, 11),
    "rest/customers-by-email": lambda lab: _accounts(lab, 11, email="moh+tag@example.com"),
    "rest/error-customer-exists": lambda lab: _accounts(lab, 4, email="zoe@example.com"),
    "rest/coupons-list": _coupons,
    "rest/refunds-create-partial": lambda lab: setattr(
        lab.order(46, "orders-create-fee-and-tracking-meta").lines[0], "id", 9
    ),
    "rest/refunds-list": _refunded,
    "rest/refunds-list-all": lambda lab: (_refunded(lab), _refunded_under(lab, 75)),
    "rest/refunds-delete": lambda lab: _refunded_under(lab, 2085),
    "rest/products-by-sku": lambda lab: setattr(lab.store.products[34].variants[1], "sku", "TEE-012-S-BK"),
    "rest/orders-delete-to-bin": lambda lab: lab.order(276, "orders-create-processing"),
    "rest/orders-delete-force": lambda lab: lab.store.bin(lab.order(276, "orders-create-processing")),
    "rest/order-notes-list": lambda lab: (
        lab.note(44, 60, "sent", is_for_customer=True),
        lab.note(44, 61, "fragile", is_for_customer=False),
    ),
    "rest/order-notes-delete": lambda lab: lab.note(44, 60, "sent", is_for_customer=True),
    "rest/order-notes-delete-without-force": lambda lab: lab.note(44, 60, "sent", is_for_customer=True),
    "rest/webhooks-list": lambda lab: [lab.hook(number) for number in range(1, 16)],
    "rest/webhooks-get": lambda lab: lab.hook(1),
    "rest/webhooks-get-disabled": lambda lab: lab.hook(35, status="disabled"),
    "rest/webhooks-reactivate": lambda lab: lab.hook(35, status="disabled"),
    "fulfillments/list": lambda lab: _fulfilled(lab, 46),
    "fulfillments/order-after-all": lambda lab: (_with_discounted(lab), _fulfilled(lab, 44)),
    "fulfillments/order-after-partial": lambda lab: (
        _with_meta(lab),
        _fulfilled(lab, 46),
        lab.store.refund(lab.store.orders[46], 1450),
    ),
}
"""What must be there before the request makes sense, beyond the store that the lab has anyway."""


def _with_discounted(lab: Lab) -> None:
    lab.order(44, "orders-create-processing", customer_note="batch note")


# --- sending again -------------------------------------------------------------------------------------------------------


def _basic(key: ApiKey) -> dict[str, str]:
    token = base64.b64encode(f"{key.consumer_key}:{key.consumer_secret}".encode()).decode()
    return {"Authorization": f"Basic {token}"}


def _query(name: str, request: dict[str, Any], key: ApiKey) -> str:
    """The recorded query, its keys and signatures made anew. The package sends each parameter twice over http."""
    pairs = [(one, value) for one, value in request["query"]]
    names = [one for one, _ in pairs]
    if "oauth_signature" in names:
        own = pairs[: names.index("oauth_consumer_key")]
        again = pairs[names.index("oauth_signature") + 1 :]
        url = f"{HOME}{request['path']}" + (f"?{urlencode(own)}" if own else "")
        signed = OAuth(
            url, key.consumer_key, key.consumer_secret, version="wc/v3", method=request["method"]
        ).get_oauth_url()
        return "&".join(filter(None, [urlsplit(signed).query, urlencode(again)]))
    fresh = {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret}
    return urlencode([(one, fresh.get(one, value)) for one, value in pairs])


def send_again(lab: Lab, name: str) -> TestResponse:
    request = recording(name)["request"]
    key = KEYS.get(name, KEY)
    headers = _basic(key) if "Authorization" in request["headers"] else {}
    body = request["body"]
    data = body if isinstance(body, str) else json.dumps(body) if body is not None else None
    sent = {
        "method": request["method"],
        "base_url": f"{request['scheme']}://127.0.0.1:{8444 if request['scheme'] == 'https' else 8081}",
        "query_string": _query(name, request, key),
        "headers": headers,
        "data": data,
        "content_type": "application/json" if data is not None else None,
    }
    client = lab.platform.app.test_client()
    if name.endswith("replayed-nonce"):
        client.open(request["path"], **sent)
    path = request["path"]
    if name in ("fulfillments/get",):
        _fulfilled(lab, 46)
        path = path.replace("/3", f"/{lab.platform.site.sides.of(lab.store.orders[46]).fulfilments[0].id}")
    return client.open(path, **sent)


# --- comparing -----------------------------------------------------------------------------------------------------------


def _resource(name: str) -> str:
    """Recordings of one resource tell together which types a field can have."""
    path = recording(name)["request"]["path"].removeprefix("/wp-json/wc/v3/")
    return re.sub(r"/\d+", "", path).replace("/batch", "")


def known_kinds(name: str) -> Shape:
    shape = Shape()
    for other in IN_SCOPE:
        body = recording(other)["response"]["body"]
        if _resource(other) == _resource(name) and recording(other)["response"]["status"] < 400:
            for one in body if isinstance(body, list) else [body]:
                shape.add(one)
    return shape


TRANSPORT = {"Server", "Transfer-Encoding", "Connection", "Content-Length", "Date", "Expires", "Cache-Control"}


@pytest.mark.parametrize("name", IN_SCOPE)
def test_a_recorded_request_is_answered_as_recorded(lab: Lab, name: str) -> None:
    PREPARATIONS.get(name, lambda _: None)(lab)
    recorded = recording(name)["response"]

    answer = send_again(lab, name)

    assert answer.status_code == recorded["status"], answer.get_data(as_text=True)
    body = json.loads(answer.get_data())
    if recorded["status"] >= 400:
        assert body == recorded["body"]
    else:
        assert list(differences(known_kinds(name), recorded["body"], body)) == []
    missing = {one for one in recorded["headers"] if one not in TRANSPORT} - set(answer.headers.keys())
    assert not missing
    assert answer.headers["Content-Type"] == recorded["headers"]["Content-Type"]
    for exact in ("Allow", "X-WP-TotalPages") if "page3" in name else ("Allow",):
        assert answer.headers.get(exact) == recorded["headers"].get(exact)


def test_each_recording_is_played_or_said_to_be_out_of_scope() -> None:
    assert set(OUT_OF_SCOPE) <= set(ALL)
    assert len(IN_SCOPE) > 85


def test_the_answer_of_a_list_names_its_neighbour_pages(lab: Lab) -> None:
    for name in ("rest/orders-list-page1", "rest/orders-list-page3-last"):
        recorded = recording(name)["response"]["headers"]
        answer = send_again(lab, name)
        assert answer.headers["X-WP-Total"] == recorded["X-WP-Total"]
        assert re.findall(r'rel="(\w+)"', answer.headers["Link"]) == re.findall(r'rel="(\w+)"', recorded["Link"])
        theirs, ours = (
            dict(parse_qsl(urlsplit(link[1 : link.index(">")]).query))
            for link in (recorded["Link"], answer.headers["Link"])
        )
        assert ours["page"] == theirs["page"]
        assert ours["per_page"] == theirs["per_page"]
