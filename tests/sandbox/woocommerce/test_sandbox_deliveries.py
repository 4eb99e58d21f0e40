"""The store's webhooks against the recorded ones: what they carry, when they come, and when they stop coming."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from sandbox.faults import Fault, How, Where
from sandbox.woocommerce.deliveries import ping
from sandbox.woocommerce.hooks import MOST_FAILURES, Hook
from tests.sandbox.receiver import Got, Receiver, receiver
from tests.sandbox.woocommerce.lab import RECORDINGS, Lab, recording
from tests.sandbox.woocommerce.shape import Shape, differences, shape_of


@pytest.fixture
def encore() -> Iterator[Receiver]:
    with receiver() as state:
        yield state


@pytest.fixture
def hook(lab: Lab, encore: Receiver) -> Hook:
    return lab.hook(51, delivery_url=f"{encore.url}/ok")


def _subscribe(lab: Lab, encore: Receiver, *topics: str) -> None:
    for hook_id, topic in enumerate(topics, start=60):
        lab.hook(hook_id, topic=topic, delivery_url=f"{encore.url}/{topic}")


def _complete(lab: Lab) -> None:
    lab.platform.site.writer.update(lab.store.orders[44], {"status": "completed"})


def _create(lab: Lab) -> None:
    body = recording("rest/orders-create-processing")["request"]["body"]
    lab.platform.site.writer.create({**body, "coupon_lines": [{"code": "WELCOME10"}]})


def _ship(lab: Lab) -> None:
    """Tracking on the order that also has a fee."""
    order = lab.order(46, "orders-create-fee-and-tracking-meta", meta_data=[])
    lab.store.send(order, "PostNord", "SE123456789")


def _divide(lab: Lab) -> None:
    order = lab.order(44, "orders-create-fee-and-tracking-meta")
    lab.store.refund(order, 1450)
    lab.store.send(order, "DHL", "1", items=order.unsent()[:1])


def _revoke(lab: Lab) -> None:
    lab.platform.site.hooks.active("order.updated")[0].owner_has_rights = False
    lab.store.touch(lab.store.orders[44])


OCCASIONS: dict[str, Callable[[Lab], object]] = {
    "order.created": _create,
    "order.created-storefront": lambda lab: lab.from_storefront(),
    "order.deleted": lambda lab: lab.store.bin(lab.store.orders[44]),
    "order.restored": lambda lab: lab.store.restore(_binned(lab)),
    "order.updated-completed": _complete,
    "order.updated-fulfilment": _divide,
    "order.updated-on-create": _create,
    "order.updated-owner-without-rights": _revoke,
    "order.updated-refund": lambda lab: lab.store.refund(
        lab.order(46, "orders-create-fee-and-tracking-meta"), 1450, "one was broken"
    ),
    "order.updated-storefront": lambda lab: lab.from_storefront(),
    "order.updated-tracking-meta": _ship,
    "product.updated-stock": lambda lab: lab.from_storefront(),
    "product.created": lambda lab: lab.call("POST", "products", {"name": "Ruční mýdlo 石鹸", "regular_price": "6.50"}),
    "product.updated": lambda lab: lab.call("PUT", "products/14", {"regular_price": "7.00"}),
    "product.updated-variation": lambda lab: lab.call("PUT", "products/34/variations/35", {"regular_price": "26.00"}),
    "product.deleted": lambda lab: lab.call("DELETE", "products/14"),
    "product.restored": lambda lab: (
        lab.call("DELETE", "products/14"),
        lab.store.restore_thing(lab.store.products[14]),
    ),
    "customer.created": lambda lab: lab.call("POST", "customers", {"email": "nova@example.com", "first_name": "Nová"}),
    "customer.updated": lambda lab: lab.call("PUT", f"customers/{_customer(lab)}", {"billing": {"city": "Brno"}}),
    "customer.deleted": lambda lab: lab.call("DELETE", f"customers/{_customer(lab)}?force=true"),
    "coupon.created": lambda lab: _coupon(lab),
    "coupon.updated": lambda lab: lab.call("PUT", f"coupons/{_coupon(lab)}", {"amount": "25"}),
    "coupon.deleted": lambda lab: lab.call("DELETE", f"coupons/{_coupon(lab)}"),
    "coupon.restored": lambda lab: _restored_coupon(lab),
}


def _customer(lab: Lab) -> int:
    made = lab.call("POST", "customers", {"email": "nova@example.com"})["id"]
    lab.platform.deliveries.drain()
    return made


def _coupon(lab: Lab) -> int:
    return lab.call("POST", "coupons", {"code": "JARO", "discount_type": "percent", "amount": "20"})["id"]


def _restored_coupon(lab: Lab) -> None:
    coupon = lab.store.coupons[_coupon(lab)]
    lab.call("DELETE", f"coupons/{coupon.id}")
    lab.store.restore_thing(coupon)


def _binned(lab: Lab):  # noqa: ANN202 a world's order
    order = lab.order(44, "orders-create-fee-and-tracking-meta")
    lab.store.refund(order, 1450)
    lab.store.bin(order)
    lab.platform.deliveries.drain()
    return order


def _known() -> Shape:
    """All types that recorded orders, products, customers and coupons have."""
    shape = Shape()
    for path in (RECORDINGS / "webhooks").glob("*.json"):
        body = json.loads(path.read_text(encoding="utf-8"))["body_json"]
        if body:
            shape.add(body)
    for name in ("orders-list-page1", "orders-list-page3-last", "products-list", "coupons-list"):
        for one in recording(f"rest/{name}")["response"]["body"]:
            shape.add(one)
    return shape


def _last(lab: Lab, encore: Receiver, topic: str) -> Got:
    lab.platform.deliveries.drain()
    return [got for got in encore.got if got.headers["x-wc-webhook-topic"] == topic][-1]


# --- as recorded ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", OCCASIONS)
def test_a_delivery_looks_like_the_recorded_one(lab: Lab, encore: Receiver, name: str) -> None:
    recorded = recording(f"webhooks/{name}")
    topic = name.partition("-")[0]
    _subscribe(lab, encore, topic)

    OCCASIONS[name](lab)
    got = _last(lab, encore, topic)

    assert [header for header, _ in got.sent] == [header for header, _ in recorded["request"]["headers"]]
    theirs = dict(recorded["request"]["headers"])
    for header in ("User-Agent", "Accept", "Accept-Encoding", "Content-Type", "Connection", "X-WC-Webhook-Topic"):
        assert dict(got.sent)[header] == theirs[header]
    assert list(differences(_known(), recorded["body_json"], json.loads(got.body))) == []
    signature = base64.b64encode(hmac.digest(b"lab-secret-1", got.body, "sha256")).decode()
    assert got.headers["x-wc-webhook-signature"] == signature


def test_every_recorded_delivery_is_sent() -> None:
    names = {path.stem for path in (RECORDINGS / "webhooks").glob("*.json")}
    assert names == OCCASIONS.keys() | {"ping"}


def test_the_body_is_the_apis_answer_in_ascii_with_its_slashes_escaped(lab: Lab, encore: Receiver, hook: Hook) -> None:
    lab.store.touch(lab.store.orders[44])
    got = _last(lab, encore, "order.updated")
    assert got.body.isascii()
    assert rb"Zo\u00eb" in got.body
    assert rb"http:\/\/127.0.0.1:8081\/checkout" in got.body
    assert shape_of(json.loads(got.body)).kinds["._links.customer"] == {"array"}


def test_a_ping_is_the_recorded_form(lab: Lab, encore: Receiver, hook: Hook) -> None:
    recorded = recording("webhooks/ping")
    ping(hook)
    [got] = encore.got
    assert [header for header, _ in got.sent] == [header for header, _ in recorded["request"]["headers"]]
    assert got.body == b"webhook_id=51"


# --- habits (measurements/) ----------------------------------------------------------------------------------------------


def test_a_storefront_order_is_updated_before_it_is_created(lab: Lab, encore: Receiver) -> None:
    _subscribe(lab, encore, "order.created", "order.updated", "product.updated")
    lab.from_storefront()
    lab.platform.deliveries.drain()
    topics = [got.headers["x-wc-webhook-topic"] for got in encore.got]
    assert topics == ["order.updated", "order.created", "product.updated"]


def test_the_bin_tells_a_product_under_the_topic_of_coupons_too(lab: Lab, encore: Receiver) -> None:
    _subscribe(lab, encore, "product.deleted", "coupon.deleted", "coupon.restored")
    lab.store.bin_thing(lab.store.products[14])
    lab.store.restore_thing(lab.store.products[14])
    lab.platform.deliveries.drain()
    bodies = {got.headers["x-wc-webhook-topic"]: json.loads(got.body) for got in encore.got}
    assert bodies["product.deleted"] == bodies["coupon.deleted"] == {"id": 14}
    assert bodies["coupon.restored"]["code"] == "woocommerce_rest_coupon_invalid_id"


def test_a_new_account_is_created_and_updated_and_buying_updates_it(lab: Lab, encore: Receiver) -> None:
    _subscribe(lab, encore, "customer.created", "customer.updated")
    made = lab.call("POST", "customers", {"email": "nova@example.com"})["id"]
    lab.platform.deliveries.drain()
    lab.order(90, "orders-create-processing", customer_id=made)
    assert json.loads(_last(lab, encore, "customer.updated").body)["is_paying_customer"] is True
    assert len(encore.got) == 3


def test_an_open_checkout_is_told_as_an_update(lab: Lab, encore: Receiver, hook: Hook) -> None:
    lab.from_storefront(is_draft=True)
    assert json.loads(_last(lab, encore, "order.updated").body)["status"] == "checkout-draft"


def test_an_order_made_over_the_api_is_created_first(lab: Lab, encore: Receiver) -> None:
    _subscribe(lab, encore, "order.created", "order.updated")
    _create(lab)
    lab.platform.deliveries.drain()
    assert [got.headers["x-wc-webhook-topic"] for got in encore.got] == ["order.created", "order.updated"]


def test_quick_edits_are_one_delivery_with_the_last_state(lab: Lab, encore: Receiver, hook: Hook) -> None:
    for status in ("on-hold", "processing", "completed"):
        lab.platform.site.writer.update(lab.store.orders[44], {"status": status})
    lab.platform.deliveries.drain()
    assert [json.loads(got.body)["status"] for got in encore.got] == ["completed"]


def test_delivery_ids_repeat_within_a_second(lab: Lab, encore: Receiver, hook: Hook) -> None:
    for order_id in range(44, 74):
        lab.store.touch(lab.store.orders[order_id])
    lab.platform.deliveries.drain()
    assert len({got.headers["x-wc-webhook-delivery-id"] for got in encore.got}) < len(encore.got) == 30


def test_a_scan_and_a_removal_for_good_are_not_told(lab: Lab, encore: Receiver) -> None:
    _subscribe(lab, encore, "order.updated", "order.deleted")
    lab.store.remove(lab.store.orders[44])
    lab.platform.deliveries.drain()
    assert encore.got == []


@pytest.mark.parametrize(
    ("status", "is_failure"), [(200, False), (204, False), (302, False), (303, True), (410, True), (500, True)]
)
def test_what_counts_as_a_failure(lab: Lab, encore: Receiver, hook: Hook, status: int, *, is_failure: bool) -> None:
    encore.status = lambda _: status
    lab.store.touch(lab.store.orders[44])
    lab.platform.deliveries.drain()
    assert hook.failures == int(is_failure)
    assert len(encore.got) == 1


def _fail(lab: Lab, encore: Receiver, times: int) -> None:
    encore.status = lambda _: 500
    for _ in range(times):
        lab.store.touch(lab.store.orders[44])
        lab.platform.deliveries.drain()


def test_the_seventh_failure_in_a_row_disables(lab: Lab, encore: Receiver, hook: Hook) -> None:
    _fail(lab, encore, MOST_FAILURES)
    assert (hook.status, hook.failures) == ("active", 6)
    _fail(lab, encore, 3)
    assert (hook.status, hook.failures) == ("disabled", 6)
    assert len(encore.got) == 7


def test_a_reactivated_webhook_keeps_its_count_until_one_success(lab: Lab, encore: Receiver, hook: Hook) -> None:
    _fail(lab, encore, 7)
    lab.platform.site.hooks.update(hook, {"status": "active"})
    _fail(lab, encore, 1)
    assert hook.status == "disabled"
    lab.platform.site.hooks.update(hook, {"status": "active"})
    encore.status = lambda _: 200
    lab.store.touch(lab.store.orders[44])
    lab.platform.deliveries.drain()
    assert (hook.status, hook.failures) == ("active", 0)


def test_a_receiver_that_is_not_there_is_a_failure(lab: Lab) -> None:
    hook = lab.hook(52, delivery_url="http://127.0.0.1:9/nobody")
    lab.store.touch(lab.store.orders[44])
    lab.platform.deliveries.drain()
    assert hook.failures == 1


# --- faults --------------------------------------------------------------------------------------------------------------


def _with(lab: Lab, how: How, **fields: float) -> None:
    lab.stage.faults.add([Fault(where=Where.WEBHOOK, how=how, target="woocommerce", **fields)])  # type: ignore[arg-type]


def test_a_dropped_delivery_is_known_to_the_ledger_only(lab: Lab, encore: Receiver, hook: Hook) -> None:
    _with(lab, How.DROP)
    lab.store.touch(lab.store.orders[44])
    lab.platform.deliveries.drain()
    assert encore.got == []
    assert lab.stage.ledger.truth()["webhooks"] == {
        "emitted": 1,
        "acknowledged": 0,
        "by_store": {"woocommerce": {"emitted": 1, "acknowledged": 0}},
    }


def test_a_duplicate_has_the_same_body(lab: Lab, encore: Receiver, hook: Hook) -> None:
    _with(lab, How.DUPLICATE)
    lab.store.touch(lab.store.orders[44])
    lab.platform.deliveries.drain()
    first, second = encore.got
    assert first.body == second.body


def test_a_delayed_delivery_comes_later_with_the_state_of_then(lab: Lab, encore: Receiver, hook: Hook) -> None:
    _with(lab, How.DELAY, seconds=0.05)
    lab.store.touch(lab.store.orders[44])
    lab.platform.deliveries.drain()
    assert encore.got == []
    lab.clock.at += timedelta(hours=1)
    _complete(lab)
    time.sleep(0.06)
    lab.platform.deliveries.drain()
    assert [json.loads(got.body)["status"] for got in encore.got] == ["completed"]


def test_a_store_can_be_made_to_misread_an_answer(lab: Lab, encore: Receiver, hook: Hook) -> None:
    _with(lab, How.STATUS, status=500)
    lab.store.touch(lab.store.orders[44])
    lab.platform.deliveries.drain()
    assert len(encore.got) == 1
    assert hook.failures == 1
