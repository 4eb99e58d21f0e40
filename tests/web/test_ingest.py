"""Webhooks through the real application and the real database: what is kept, what is refused, and what it says."""

from __future__ import annotations

import contextlib
import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from werkzeug.test import EnvironBuilder, run_wsgi_app

from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel.db import Database
from app.web.ingest import KEEP, MOST_BYTES
from app.web.lookup import KnownShops
from tests.conftest import Servers
from tests.web.live import serve
from tests.web.staging import APP_SECRET, SECRET, House, delivery, signed

ORDER = b'{"id": 1001}'


def post(house: House, path: str, body: bytes = ORDER, headers: dict[str, str] | None = None) -> int:
    return house.client().post(path, data=body, headers=headers or delivery(body)).status_code


def kept(house: House, shop: ShopFacts) -> list[Any]:
    with house.runtime.db.transaction(shop.id) as session:
        return list(session.execute(text("SELECT id, topic, event_id, body, state FROM inbox ORDER BY id")).all())


def owed(house: House, shop: ShopFacts) -> list[tuple[str, str]]:
    with house.runtime.db.house() as session:
        rows = session.execute(text("SELECT kind, ref FROM outbox WHERE shop_id = :id ORDER BY id"), {"id": shop.id})
        return [(row.kind, row.ref) for row in rows]


def test_a_signed_delivery_is_kept_byte_for_byte_and_its_work_is_owed(house: House) -> None:
    shop = house.shop()
    body = '{"id":1001,"note":"Größe \\u00fc \\/"}\n'.encode()
    assert post(house, f"/hooks/woocommerce/{shop.public_id}", body) == 200
    (row,) = kept(house, shop)
    assert (row.topic, row.event_id, row.body, row.state) == ("order.updated", "d1/3", body, "received")
    assert owed(house, shop) == [("ingest", str(row.id))]


def test_a_duplicate_is_answered_like_the_first_and_kept_once(house: House) -> None:
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    assert [post(house, path) for _ in range(5)] == [200] * 5
    assert post(house, path, headers=delivery(ORDER, number="2")) == 200
    assert post(house, path, headers=delivery(ORDER, topic="order.created")) == 200
    assert post(house, path, b'{"id": 1002}') == 200
    assert len(kept(house, shop)) == len(owed(house, shop)) == 4


def test_the_one_statement_works_under_a_forced_policy_and_cannot_leave_its_shop(house: House) -> None:
    shop, other = house.shop(), house.shop("other.example")
    with house.runtime.db.house() as session:
        role = session.execute(text("SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user")).one()
        forced = session.scalar(text("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'inbox'"))
    assert (role.rolsuper, role.rolbypassrls, forced) == (False, False, True)
    values = {"shop": shop.id, "key": b"k", "topic": "t", "event": "e", "triggered_at": None, "body": b"b"}
    house.runtime.db.execute_alone(KEEP, values)
    assert (len(kept(house, shop)), len(kept(house, other))) == (1, 0)
    elsewhere = KEEP.replace("SELECT %(shop)s::bigint, %(key)b", f"SELECT {other.id}::bigint, %(key)b")
    with pytest.raises(Exception, match="row-level security"):
        house.runtime.db.execute_alone(elsewhere, {**values, "key": b"k2"})
    assert len(kept(house, other)) == 0


def test_the_connection_goes_back_as_it_was(house: House) -> None:
    """Left in autocommit, it would lose `SET LOCAL`, and the next page would see no rows."""
    shop = house.shop()
    for number in range(20):
        assert post(house, f"/hooks/woocommerce/{shop.public_id}", headers=delivery(ORDER, number=str(number))) == 200
        assert len(kept(house, shop)) == number + 1


def test_a_delivery_that_names_its_shop_in_a_header_needs_no_path(house: House) -> None:
    shop = house.shop("beans.myshopify.com", platform="shopify")
    headers = {
        "X-Shopify-Topic": "orders/create",
        "X-Shopify-Shop-Domain": "beans.myshopify.com",
        "X-Shopify-Event-Id": "e1",
        "X-Shopify-Hmac-Sha256": signed(ORDER, APP_SECRET),
    }
    assert post(house, "/hooks/shopify", headers=headers) == 200
    assert [row.event_id for row in kept(house, shop)] == ["e1"]
    assert post(house, "/hooks/shopify", headers={**headers, "X-Shopify-Shop-Domain": "nobody.myshopify.com"}) == 404


@pytest.mark.parametrize("secret", ["wrong", "", SECRET + "x"])
def test_a_wrong_signature_leaves_no_row(house: House, secret: str) -> None:
    shop = house.shop()
    assert post(house, f"/hooks/woocommerce/{shop.public_id}", headers=delivery(ORDER, secret=secret)) == 401
    assert kept(house, shop) == []


def test_another_shops_secret_does_not_open_this_one(house: House) -> None:
    shop, other = house.shop(), house.shop("other.example")
    db, keys = house.runtime.db, house.runtime.keys
    with db.transaction(other.id) as session:
        shops.store_secret(session, keys, other.id, "webhook_secret", "theirs")
    headers = delivery(ORDER, secret="theirs")
    assert post(house, f"/hooks/woocommerce/{other.public_id}", headers=headers) == 200
    assert post(house, f"/hooks/woocommerce/{shop.public_id}", headers=headers) == 401


def test_a_replaced_secret_is_seen_within_a_second(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    assert post(house, path) == 200
    with house.runtime.db.transaction(shop.id) as session:
        shops.store_secret(session, house.runtime.keys, shop.id, "webhook_secret", "fresh")
    monkeypatch.setattr("app.web.lookup.RECENT_SECONDS", 0.0)
    assert post(house, path, headers=delivery(ORDER, secret="fresh", number="2")) == 200


def test_a_ping_is_answered_and_kept_nowhere(house: House) -> None:
    shop = house.shop()
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert post(house, f"/hooks/woocommerce/{shop.public_id}", b"webhook_id=7", headers) == 200
    assert kept(house, shop) == []


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/hooks/woocommerce/nobody", 404),
        ("/hooks/woocommerce/", 404),
        ("/hooks/woocommerce", 404),
        ("/hooks/magento/x", 404),
        ("/hooks/", 404),
        ("/hooks/woocommerce/a%00b", 400),
        ("/hooks/woocommerce/%ff%fe", 404),
        ("/hooks/woocommerce/" + "x" * 5_000, 404),
    ],
)
def test_an_unknown_shop_or_platform_is_not_there(house: House, path: str, status: int) -> None:
    assert post(house, path) == status


def test_a_name_that_no_shop_can_have_is_not_remembered(house: House) -> None:
    """Addresses are long and memory is not."""
    known = KnownShops(house.runtime)
    assert known.find("x" * 60_000, "woocommerce") is None
    assert ("woocommerce", "x" * 60_000) not in known._entries  # pyright: ignore[reportPrivateUsage]


def test_only_posts_are_taken(house: House) -> None:
    answer = house.client().get("/hooks/woocommerce/x")
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")


def raw(house: House, path: str, body: bytes, **environ: Any) -> int:
    """A request that no client library would send."""
    built = EnvironBuilder(path=path, method="POST").get_environ()
    built.update({"wsgi.input": io.BytesIO(body), **environ})
    for name in [name for name, value in environ.items() if value is None]:
        del built[name]
    _, status, _ = run_wsgi_app(house.app.wsgi_app, built)
    return int(status.split()[0])


def as_environ(headers: dict[str, str]) -> dict[str, str]:
    return {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}


@pytest.mark.parametrize(
    ("length", "status"),
    [("abc", 400), ("-1", 400), ("1e3", 400), ("٣", 400), ("9" * 5_000, 413), (str(MOST_BYTES + 1), 413), ("13", 400)],
)
def test_a_length_that_is_none_or_does_not_fit_is_refused(house: House, length: str, status: int) -> None:
    shop = house.shop()
    environ = {**as_environ(delivery(ORDER)), "CONTENT_LENGTH": length}
    assert raw(house, f"/hooks/woocommerce/{shop.public_id}", ORDER, **environ) == status
    assert kept(house, shop) == []


def test_a_body_without_a_length_is_read_to_its_end(house: House) -> None:
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    chunked = {**as_environ(delivery(ORDER)), "CONTENT_LENGTH": "", "wsgi.input_terminated": True}
    assert raw(house, path, ORDER, **chunked) == 200
    assert raw(house, path, b"x" * (MOST_BYTES + 1), **chunked) == 413
    assert [row.body for row in kept(house, shop)] == [ORDER]


def test_a_body_of_exactly_two_megabytes_is_taken_and_one_byte_more_is_not(house: House) -> None:
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    assert post(house, path, b"x" * MOST_BYTES) == 200
    assert post(house, path, b"x" * (MOST_BYTES + 1)) == 413
    assert [len(row.body) for row in kept(house, shop)] == [MOST_BYTES]


@pytest.mark.parametrize(
    "body",
    [b"", b"not json", b"[" * 100_000, b'{"a":"\x00"}', b'{"a":NaN}', b"\xff\xfe", b"\xef\xbb\xbf{}"],
    ids=["empty", "text", "deep", "nul", "nan", "bytes", "bom"],
)
def test_whatever_is_signed_is_kept_because_nothing_is_parsed(house: House, body: bytes) -> None:
    shop = house.shop()
    assert post(house, f"/hooks/woocommerce/{shop.public_id}", body) == 200
    assert [row.body for row in kept(house, shop)] == [body]


@pytest.mark.parametrize("content_type", ["", "text/plain", "multipart/form-data", "application/json; charset=latin1"])
def test_the_content_type_decides_nothing(house: House, content_type: str) -> None:
    shop = house.shop()
    headers = {**delivery(ORDER), "Content-Type": content_type}
    assert post(house, f"/hooks/woocommerce/{shop.public_id}", headers=headers) == 200
    assert len(kept(house, shop)) == 1


@pytest.mark.parametrize("header", ["X-WC-Webhook-Topic", "X-WC-Webhook-Delivery-ID", "X-WC-Webhook-Signature"])
@pytest.mark.parametrize("value", ["a\x00b", "\xff\xfe", "é", "x" * 10_000, None])
def test_odd_and_missing_headers_are_answered_without_a_failure_of_ours(
    house: House, header: str, value: str | None
) -> None:
    shop = house.shop()
    environ = as_environ({name: said for name, said in delivery(ORDER).items() if name != header})
    if value is not None:
        environ.update(as_environ({header: value}))
    assert raw(house, f"/hooks/woocommerce/{shop.public_id}", ORDER, CONTENT_LENGTH="12", **environ) in (200, 400, 401)


def test_without_a_database_the_platform_is_asked_to_come_again(build: Callable[..., House]) -> None:
    nowhere = Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", pool_size=2)
    answer = build(nowhere).client().post("/hooks/woocommerce/x", data=ORDER, headers=delivery(ORDER))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "30")


def test_a_database_that_fails_at_the_insert_means_503_and_not_a_lost_200(house: House) -> None:
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    assert post(house, path) == 200
    with house.runtime.db.house() as session:
        session.execute(text("ALTER TABLE inbox RENAME TO inbox_away"))
    try:
        assert post(house, path, headers=delivery(ORDER, number="2")) == 503
    finally:
        with house.runtime.db.house() as session:
            session.execute(text("ALTER TABLE inbox_away RENAME TO inbox"))
    assert post(house, path, headers=delivery(ORDER, number="2")) == 200


def _end_connections(servers: Servers, house: House) -> int:
    """As a restart of the database, or of what stands before it, does to everybody who is connected."""
    name = house.runtime.db.engine.url.database
    with psycopg.connect(servers.postgres.admin_url, autocommit=True) as admin:
        ended = admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        return len(ended.fetchall())


def test_connections_that_died_between_two_deliveries_cost_none_of_them(
    build: Callable[..., House], database_url: str, servers: Servers
) -> None:
    wide = Database(database_url, pool_size=4)
    house = build(wide)
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    with contextlib.ExitStack() as stack:
        for _ in range(wide.connections):
            stack.enter_context(wide.house())
    for number in range(6):
        assert post(house, path, headers=delivery(ORDER, number=f"d{number}")) == 200
        assert _end_connections(servers, house) >= wide.connections or number
    assert len(kept(house, shop)) == len(owed(house, shop)) == 6
    wide.close()


def test_a_connection_that_dies_under_a_statement_has_it_said_again(
    build: Callable[..., House], database_url: str, servers: Servers
) -> None:
    """Both may have been done: the key tells a delivery that is kept already."""
    wide = Database(database_url, pool_size=2)
    house = build(wide)
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    assert post(house, path) == 200
    with (
        psycopg.connect(servers.postgres.url(wide.engine.url.database or "")) as blocker,
        ThreadPoolExecutor(1) as pool,
    ):
        blocker.execute("LOCK TABLE inbox IN SHARE MODE")
        answer = pool.submit(post, house, path, ORDER, delivery(ORDER, number="2"))
        waiting = _waiting_backends(servers, 1)
        with psycopg.connect(servers.postgres.admin_url, autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(%s)", waiting)
        blocker.rollback()
        assert answer.result(timeout=30) == 200
    assert len(kept(house, shop)) == len(owed(house, shop)) == 2
    wide.close()


def _waiting_backends(servers: Servers, wanted: int) -> list[int]:
    with psycopg.connect(servers.postgres.admin_url, autocommit=True) as admin:
        for _ in range(200):
            rows = admin.execute("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'").fetchall()
            if len(rows) >= wanted:
                return [row[0] for row in rows]
            threading.Event().wait(0.05)
    return []


def test_secrets_that_cannot_be_opened_mean_later_and_not_never(house: House) -> None:
    shop = house.shop()
    with house.runtime.db.transaction(shop.id) as session:
        session.execute(text("UPDATE credential SET sealed = 'broken'"))
    assert post(house, f"/hooks/woocommerce/{shop.public_id}") == 503


def test_sixteen_commits_are_in_flight_at_once(build: Callable[..., House], database_url: str) -> None:
    """All of them wait inside their insert at the same time, for a lock that a seventeenth connection holds."""
    wide = Database(database_url, pool_size=17)
    house = build(wide)
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    assert post(house, path) == 200
    barrier = threading.Barrier(17)

    def one(number: int) -> int:
        barrier.wait(timeout=30)
        return post(house, path, headers=delivery(ORDER, number=f"n{number}"))

    with wide.engine.connect() as locked, ThreadPoolExecutor(16) as pool:
        locked.execute(text("LOCK TABLE inbox IN SHARE MODE"))
        answers = [pool.submit(one, number) for number in range(16)]
        barrier.wait(timeout=30)
        assert _waiting(locked, 16)
        locked.rollback()
        assert {answer.result(timeout=30) for answer in answers} == {200}
    wide.close()


def _waiting(connection: Any, wanted: int) -> bool:
    for _ in range(200):
        waiting = connection.execute(
            text("SELECT count(*) FROM pg_locks WHERE relation = 'inbox'::regclass AND NOT granted")
        ).scalar()
        if waiting >= wanted:
            return True
        threading.Event().wait(0.05)
    return False


def test_a_chunked_body_over_a_real_connection_is_kept(build: Callable[..., House]) -> None:
    with serve() as (address, later):
        house = build()
        later.app = house.app
        shop = house.shop()
        connection = HTTPConnection(address.removeprefix("http://"), timeout=30)
        connection.request(
            "POST",
            f"/hooks/woocommerce/{shop.public_id}",
            body=iter([ORDER[:5], ORDER[5:]]),
            headers=delivery(ORDER),
            encode_chunked=True,
        )
        assert connection.getresponse().status == 200
        connection.close()
    assert [row.body for row in kept(house, shop)] == [ORDER]
