"""What a monitor is told, by whom it may be asked, and that no shop can be told apart in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from redis import Redis
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.jobs.relay import hint_due_work
from app.jobs.works import WORKS
from app.kernel.build import build_id
from app.kernel.runtime import Runtime
from app.web import create_app
from app.web.figures import Shops
from tests.builders import NOON, a_shop, an_order
from tests.web.promql import Scrape, read
from tests.web.staging import House, delivery, settings

TOKEN = "a-token-that-nobody-can-guess"


@pytest.fixture
def watched(build: Callable[..., House], valkey: Redis, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with a Valkey that counts anew each time it is asked."""
    monkeypatch.setattr("app.web.figures.FRESH_SECONDS", 0)
    runtime = replace(build().runtime, settings=settings(metrics_token=TOKEN), valkey=valkey)
    return House(runtime, create_app(runtime))


def scrape(client: FlaskClient) -> Scrape:
    answer = client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    return read(answer.get_data(as_text=True))


def one(scrape: Scrape, name: str, **labels: str) -> float:
    return scrape[name][frozenset(labels.items())]


@pytest.mark.parametrize("brought", ["", "Bearer ", "Bearer wrong", TOKEN, f"bearer {TOKEN}", "Bearer tökén"])
def test_nobody_sees_numbers_without_the_token(watched: House, house: House, brought: str) -> None:
    headers = {"Authorization": brought} if brought else {}
    assert watched.client().get("/metrics", headers=headers).status_code == 404
    assert house.client().get("/metrics", headers={"Authorization": "Bearer None"}).status_code == 404


def test_an_empty_house_tells_of_every_kind_of_work(watched: House) -> None:
    told = scrape(watched.client())
    assert one(told, "encore_build_info", build=build_id()) == 1
    assert {dict(labels)["kind"] for labels in told["encore_outbox_rows"]} == set(WORKS)
    assert set(told["encore_outbox_rows"].values()) == {0}
    assert one(told, "encore_inbox_oldest_unprocessed_seconds") == 0
    assert one(told, "encore_valkey_up") == 1
    assert 0 < one(told, "encore_postgres_connections") <= one(told, "encore_postgres_connections_allowed")
    assert abs(one(told, "encore_clock_offset_seconds")) < 2


def test_what_happens_is_counted_over_all_shops(watched: House) -> None:
    first, second = watched.shop(), watched.shop("other.example")
    for number, shop in enumerate((first, first, second)):
        path = f"/hooks/woocommerce/{shop.public_id}"
        body = b'{"id": %d}' % number
        assert watched.client().post(path, data=body, headers=delivery(body)).status_code == 200
    watched.client().post(f"/hooks/woocommerce/{first.public_id}", data=b"{}", headers=delivery(b"{}", secret="wrong"))
    told = scrape(watched.client())
    assert one(told, "encore_answers_total", room="hooks", status="2xx") == 3
    assert one(told, "encore_answers_total", room="hooks", status="4xx") == 1
    assert one(told, "encore_outbox_rows", kind="ingest", state="due") == 3
    assert one(told, "encore_inbox_last_hour", state="received") == 3
    assert 0 <= one(told, "encore_outbox_oldest_due_seconds", kind="ingest") < 60


def test_rows_are_told_apart_by_what_becomes_of_them(watched: House) -> None:
    shop = watched.shop()
    with watched.runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "deliver", ["1", "2", "3"])
        outbox.owe(session, shop.id, "deliver", ["4"], watched.runtime.clock.now() + timedelta(hours=1))
        claims = outbox.claim(session, shop.id, "deliver", watched.runtime.clock.now(), 2)
        outbox.park(session, shop.id, claims[:1], "no_sense")
        session.execute(text("UPDATE outbox SET created_at = now() - interval '10 minutes' WHERE ref = '3'"))
    told = scrape(watched.client())
    states = {
        state: one(told, "encore_outbox_rows", kind="deliver", state=state)
        for state in ("due", "taken", "later", "parked")
    }
    assert states == {"due": 1, "taken": 1, "later": 1, "parked": 1}
    assert 590 < one(told, "encore_outbox_oldest_due_seconds", kind="deliver") < 660


def test_no_label_names_a_shop_an_order_or_a_person(watched: House) -> None:
    shop = watched.shop()
    watched.tell(shop, an_order())
    page = watched.client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).get_data(as_text=True)
    for secret in (shop.public_id, shop.domain, watched.order_id(shop), "anna@example.com", "1001"):
        assert secret not in page
    allowed = {"kind", "state", "resource", "queue", "room", "status", "build"}
    assert {name for vector in read(page).values() for labels in vector for name, _ in labels} <= allowed


def test_who_asks_often_is_told_the_same_and_costs_nothing(watched: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.web.figures.FRESH_SECONDS", 15)
    client = watched.client()
    before = scrape(client)
    shop = watched.shop()
    with watched.runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "deliver", ["1"])
    assert scrape(client)["encore_outbox_rows"] == before["encore_outbox_rows"]


def test_many_shops_are_read_in_turns(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    shops = [a_shop(runtime.db, domain=f"shop{number}.example") for number in range(4)]
    for shop in shops:
        with runtime.db.transaction(shop.id) as session:
            session.execute(
                text("INSERT INTO inbox (shop_id, dedupe_key, topic, event_id) VALUES (:shop, 'k', 't', 'e')"),
                {"shop": shop.id},
            )
    monkeypatch.setattr("app.web.figures.SWEEP_SECONDS", -1)
    sweep = Shops(runtime)
    assert [sweep.sums()["inbox"].get("received", 0) for _ in range(5)] == [1, 2, 3, 4, 4]
    assert 0 <= sweep.age() < 60


def test_valkey_says_how_it_is(watched: House) -> None:
    shop = watched.shop()
    with watched.runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "ingest", ["1"], NOON - timedelta(days=1))
    assert hint_due_work(watched.runtime) == 1
    told = scrape(watched.client())
    assert one(told, "encore_valkey_hints", queue="now") == 1
    assert one(told, "encore_valkey_memory_bytes") > 0
    assert one(told, "encore_valkey_evicted_keys_total") == 0
