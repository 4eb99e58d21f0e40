"""What the recordings of single requests do not show: date filters, paging drift, the package over real HTTP, the OAuth window."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import quote

import pytest
import requests
from woocommerce import API
from woocommerce.oauth import OAuth

from sandbox.faults import Fault, How, Where
from sandbox.serving import Server
from sandbox.things import Basket, Person
from sandbox.woocommerce.auth import ApiKey
from tests.sandbox.woocommerce.lab import ADDRESS, KEY, Lab, recording

MEASURED = recording("measurements/modified_after")


@pytest.fixture
def address(lab: Lab) -> Iterator[str]:
    server = Server().start(lab.platform.app)
    yield server.url
    server.stop()


@pytest.fixture
def api(address: str) -> API:
    return _api(address, KEY)


def _api(address: str, key: ApiKey) -> API:
    return API(
        url=address, consumer_key=key.consumer_key, consumer_secret=key.consumer_secret, version="wc/v3", timeout=10
    )


CASES = [name for name in MEASURED if name not in ("boundary", "modified_before gmt", "after(created)")]


@pytest.mark.parametrize("name", CASES)
def test_a_date_filter_means_what_was_measured(lab: Lab, api: API, name: str) -> None:
    """The lab's orders straddle the measured moment as the real ones did; the site stood in Prague then."""
    measured = MEASURED[name]
    boundary = MEASURED["boundary"]
    after = sum(f"{order.updated_at:%Y-%m-%dT%H:%M:%S}" > boundary["gmt"] for order in lab.store.orders.values())
    expected = {boundary["strictly_after"]: after, 0: 0, boundary["all"]: 30}[int(measured["total"])]

    answer = api.get("orders", params={**measured["params"], "per_page": 100})

    assert answer.status_code == measured["status"]
    assert len(answer.json()) == expected
    assert 0 < after < 30


def test_the_package_reads_and_writes_over_http(lab: Lab, api: API) -> None:
    assert {order["id"] for order in api.get("orders", params={"include": "44,45"}).json()} == {44, 45}
    assert len(api.get("orders", params={"search": "Zoë van"}).json()) > 3
    assert api.put("orders/44", {"status": "completed", "customer_note": "ſchnell ✓"}).json()["status"] == "completed"
    assert lab.store.orders[44].note == "ſchnell ✓"
    assert api.get("orders", params={"status[]": "processing"}).status_code == 401


def test_a_page_number_shifts_when_an_order_of_the_page_before_is_edited(lab: Lab, api: API) -> None:
    """measurements/more.json: with orderby=modified asc, an order goes unseen."""
    ask = {"orderby": "modified", "order": "asc", "per_page": 10}
    first = {order["id"] for order in api.get("orders", params=ask).json()}
    lab.clock.at += timedelta(minutes=1)
    lab.store.touch(lab.store.orders[min(first)])
    second = {order["id"] for order in api.get("orders", params={**ask, "page": 2}).json()}
    lab_order = sorted(lab.store.orders.values(), key=lambda order: (order.updated_at, order.id))
    assert [order.id for order in lab_order[:19] if order.id not in first | second]


def test_every_put_moves_the_modification_date(lab: Lab, api: API) -> None:
    lab.clock.at += timedelta(minutes=1)
    before = lab.store.orders[44].updated_at
    api.put("orders/44", {})
    assert lab.store.orders[44].updated_at > before


def test_an_old_timestamp_is_refused(address: str) -> None:
    url = f"{address}/wp-json/wc/v3/orders"
    old = OAuth(
        url,
        KEY.consumer_key,
        KEY.consumer_secret,
        version="wc/v3",
        method="GET",
        oauth_timestamp=int(time.time()) - 901,
    )
    answer = requests.get(old.get_oauth_url(), timeout=5)
    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid timestamp.")


def test_a_binned_order_is_shown_only_to_who_asks_for_it(api: API) -> None:
    api.delete("orders/44")
    assert api.get("orders", params={"include": "44"}).json() == []
    assert api.get("orders/44").json()["status"] == "trash"
    api.delete("orders/44", params={"force": "true"})
    assert api.get("orders/44").status_code == 404


def test_an_open_checkout_is_listed(lab: Lab, api: API) -> None:
    draft = lab.from_storefront(is_draft=True)
    assert api.get(f"orders/{draft.id}").json()["status"] == "checkout-draft"
    assert draft.id in {order["id"] for order in api.get("orders", params={"per_page": 100}).json()}


def test_a_divided_order_tells_its_parcels_as_fulfilments(lab: Lab, api: API) -> None:
    order = lab.order(44, "orders-create-processing")
    lab.store.send(order, "DHL", "00340434161094015902", items=[(order.lines[0].id, 1)])

    [fulfilment] = api.get("orders/44/fulfillments").json()

    meta = {entry["key"]: entry["value"] for entry in fulfilment["meta_data"]}
    assert meta["_items"] == [{"item_id": order.lines[0].id, "qty": 1}]
    assert meta["_tracking_number"] == "00340434161094015902"
    shown = api.get("orders/44").json()
    assert shown["status"] == "processing"
    assert {"_fulfillment_status": "partially_fulfilled"}.items() <= {
        entry["key"]: entry["value"] for entry in shown["meta_data"]
    }.items()


def test_the_sums_of_an_order_add_up(lab: Lab, api: API) -> None:
    for order in api.get("orders", params={"per_page": 100}).json():
        lines = [
            float(line["total"]) + float(line["total_tax"]) for line in (*order["line_items"], *order["fee_lines"])
        ]
        shipping = float(order["shipping_total"]) + float(order["shipping_tax"])
        assert round(sum(lines) + shipping, 2) == float(order["total"])


def test_a_name_is_written_with_entities(api: API) -> None:
    assert api.get("products/30").json()["name"] == "Apron Chef's &amp; Co."


FAILURES = [
    ({"how": How.STATUS, "status": 503}, 503),
    ({"how": How.STATUS, "status": 429, "retry_after": 7}, 429),
    ({"how": How.HTML}, 200),
]


@pytest.mark.parametrize(("fault", "status"), FAILURES)
def test_the_store_fails_on_request_and_once(lab: Lab, api: API, fault: dict[str, object], status: int) -> None:
    lab.stage.faults.add([Fault(where=Where.HTTP, target="woocommerce", path="/wp-json", **fault)])  # type: ignore[arg-type]
    answer = api.get("orders")
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (status, "text/html")
    assert answer.headers.get("Retry-After") == ("7" if "retry_after" in fault else None)
    assert api.get("orders").status_code == 200


@pytest.mark.parametrize("how", [How.CUT, How.DROP])
def test_an_answer_can_be_cut_off(lab: Lab, api: API, how: How) -> None:
    lab.stage.faults.add([Fault(where=Where.HTTP, how=how, target="woocommerce")])
    with pytest.raises(requests.RequestException):
        api.get("orders")


def test_an_answer_can_be_lost_though_the_work_is_done(lab: Lab, api: API) -> None:
    lab.stage.faults.add([Fault(where=Where.HTTP, how=How.LOST, target="woocommerce", path="/orders/44 PUT")])
    assert api.get("orders/44").status_code == 200
    with pytest.raises(requests.RequestException):
        api.put("orders/44", {"customer_note": "kept"})
    assert lab.store.orders[44].note == "kept"


def test_an_answer_bears_the_time_of_the_stores_own_clock(lab: Lab, api: API) -> None:
    assert api.get("orders").headers["Date"] == lab.clock.at.strftime("%a, %d %b %Y %H:%M:%S GMT")


def test_a_refund_is_made_once_a_request_and_counted_by_its_key(lab: Lab, api: API) -> None:
    order = lab.from_storefront()
    mark = [{"key": "_encore_refund", "value": "key-1"}]
    for _ in range(2):
        assert api.post(f"orders/{order.id}/refunds", {"amount": "5.00", "meta_data": mark}).status_code == 201
    effects = lab.stage.ledger.truth()["effects"]
    assert [(one["kind"], one["key"], one["amount"]) for one in effects] == [("refund", "key-1", 500)] * 2  # type: ignore[attr-defined]
    shown = api.get(f"orders/{order.id}").json()
    assert [refund["total"] for refund in shown["refunds"]] == ["-5.00", "-5.00"]
    assert shown["status"] == "processing"
    (first, _) = api.get(f"orders/{order.id}/refunds").json()
    assert {"key": "_encore_refund", "value": "key-1"}.items() <= first["meta_data"][1].items()
    assert api.get(f"orders/{order.id}/refunds/{first['id']}").json()["refunded_payment"] is True
    assert api.get(f"orders/{order.id}/refunds/1").status_code == 404


def test_a_sale_a_hidden_product_and_a_planned_end_are_shown(lab: Lab, api: API) -> None:
    sale = api.put("products/12", {"sale_price": "39.00", "catalog_visibility": "hidden"}).json()
    assert (sale["price"], sale["regular_price"], sale["on_sale"]) == ("39.00", "49.00", True)
    assert sale["catalog_visibility"] == "hidden"
    assert api.put("products/12", {"sale_price": ""}).json()["price"] == "49.00"
    assert api.put("products/34/variations/36", {"stock_quantity": 0}).json()["stock_status"] == "outofstock"
    assert api.get("products/36").json()["parent_id"] == 34


def test_a_coupon_counts_its_uses_in_silence(lab: Lab, api: API) -> None:
    made = api.post("coupons", {"code": "JARO", "discount_type": "percent", "amount": "10"}).json()
    person = Person(email="jiri@example.com", language="de", address=ADDRESS)
    lab.clock.at += timedelta(hours=1)
    lab.store.place(Basket(customer=person, items=[(14, 1)], coupon="jaro", discount_percent=10))
    shown = api.get(f"coupons/{made['id']}").json()
    assert (shown["usage_count"], shown["used_by"]) == (1, ["jiri@example.com"])
    assert shown["date_modified_gmt"] == made["date_modified_gmt"]


def test_pages_of_the_site_need_no_key(address: str) -> None:
    found = requests.get(f"{address}/wp-json/wp/v2/pages?slug=refund_returns&_fields=link", timeout=5).json()
    assert found == [{"link": f"{address}/returns"}]
    assert requests.get(f"{address}/wp-json/wp/v2/pages?include=99", timeout=5).json() == []


def test_making_a_webhook_pings_while_it_answers_and_hides_the_secret(lab: Lab, api: API) -> None:
    target = "http://127.0.0.1:9/hooks/woocommerce/shp_1"
    made = api.post("webhooks", {"topic": "order.updated", "delivery_url": target, "secret": "s3"})
    assert made.status_code == 201
    assert "secret" not in made.json()
    pairing = lab.platform.pairing()
    assert pairing is not None
    assert (pairing.shop, pairing.secret) == ("shp_1", b"s3")
    assert api.delete(f"webhooks/{made.json()['id']}", params={"force": "true"}).status_code == 200
    assert lab.platform.pairing() is None


def test_an_order_page_can_be_opened_in_the_shop(lab: Lab, address: str) -> None:
    order = lab.store.orders[44]
    page = requests.get(f"{address}/orders/44?key={quote(order.key)}", timeout=5)
    assert page.status_code == 200
    assert (
        requests.get(f"{address}/wp-content/uploads/2026/04/p12.svg", timeout=5)
        .headers["Content-Type"]
        .startswith("image/svg")
    )
