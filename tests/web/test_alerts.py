"""Every alert of docs/alerts.yml asks for numbers that there are, is quiet in a quiet house, and fires when it should."""

from __future__ import annotations

import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from redis import Redis
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.domain.shops.rules import ShopFacts
from app.kernel.db import Database
from app.web import create_app
from sandbox.servers import valkey as valkey_server
from tests.builders import an_order
from tests.conftest import Servers
from tests.web.promql import Scrape, evaluate, names
from tests.web.staging import House, delivery, settings
from tests.web.test_metrics import TOKEN, scrape

ROOT = Path(__file__).parents[2]
RULES: dict[str, dict[str, Any]] = {
    rule["alert"]: rule
    for group in yaml.safe_load((ROOT / "docs/alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
FROM_PROMETHEUS = {"up"}


@pytest.fixture
def own_valkey(tmp_path: Path) -> Iterator[Redis]:
    server = valkey_server.start(tmp_path / "valkey")
    with server.client() as client:
        yield client
    server.stop()


@pytest.fixture
def house(own_valkey: Redis, build: Callable[..., House], monkeypatch: pytest.MonkeyPatch) -> House:
    """A small house with everything, that counts anew each time it is asked."""
    monkeypatch.setattr("app.web.figures.FRESH_SECONDS", 0)
    runtime = replace(build().runtime, settings=settings(metrics_token=TOKEN, web_threads=2), valkey=own_valkey)
    return House(runtime, create_app(runtime))


def firing(alert: str, now: Scrape, before: Scrape | None = None) -> bool:
    return bool(evaluate(RULES[alert]["expr"], now, before))


# --- the file ---------------------------------------------------------------------------------------------------------


def test_every_number_that_an_alert_asks_for_is_told_and_a_quiet_house_is_quiet(house: House) -> None:
    shop = house.shop()
    house.tell(shop, an_order())
    write(house, shop, "INSERT INTO sync_state (shop_id, resource, swept) VALUES (:shop, 'orders', 1000)")
    write(house, shop, "INSERT INTO sync_state (shop_id, resource, swept) VALUES (:shop, 'webhooks', 9)")
    first = scrape(house.client())
    second = scrape(house.client())
    for name, rule in RULES.items():
        assert names(rule["expr"]) - FROM_PROMETHEUS <= set(second), name
        assert not firing(name, second, first), name


@pytest.mark.parametrize("name", RULES)
def test_a_rule_says_what_happened_and_what_to_do(name: str) -> None:
    rule = RULES[name]
    assert re.fullmatch(r"[A-Z][A-Za-z]+", name)
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert set(rule["annotations"]) == {"summary", "action"}
    assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


# --- making things happen ---------------------------------------------------------------------------------------------


def write(house: House, shop: ShopFacts, statement: str, **values: object) -> None:
    with house.runtime.db.transaction(shop.id) as session:
        session.execute(text(statement), {"shop": shop.id, **values})


def owe(house: House, kind: str, age: str) -> ShopFacts:
    shop = house.shop()
    with house.runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, kind, ["1"])
    write(house, shop, "UPDATE outbox SET created_at = now() - CAST(:age AS interval)", age=age)
    return shop


MESSAGE = (
    "INSERT INTO message (shop_id, key, follow_up, about_kind, about_id, occurrence, recipient_hash, order_id, event_id, channel,"
    " occurred_at, planned_at, due_at, state) VALUES (:shop, gen_random_uuid(), 'shipped', 'shipment', 1, 1,"
    " CAST(:to AS text)::bytea, 1, 1, 'email', now(), now(), now(), :state)"
)


def work_waits(house: House) -> None:
    owe(house, "plan", "6 minutes")


def deliveries_unread(house: House) -> None:
    owe(house, "ingest", "3 minutes")


def message_sent_twice(house: House) -> None:
    shop = house.shop()
    write(house, shop, MESSAGE, to="a", state="sent")
    write(house, shop, MESSAGE, to="b", state="sent")


def messages_uncertain(house: House) -> None:
    write(house, house.shop(), MESSAGE, to="a", state="uncertain")


def effect_uncertain(house: House) -> None:
    write(
        house,
        house.shop(),
        "INSERT INTO effect (shop_id, key, kind, about_kind, about_id, occurrence, order_id, amount, values, state)"
        " VALUES (:shop, gen_random_uuid(), 'refund', 'return', 1, 1, 1, 100, '{}', 'uncertain')",
    )


def work_parked(house: House) -> None:
    shop = owe(house, "deliver", "0")
    write(house, shop, "UPDATE outbox SET parked_at = now()")


def drift_found(house: House) -> None:
    shop = house.shop()
    write(house, shop, "INSERT INTO sync_state (shop_id, resource, swept, drift) VALUES (:shop, 'orders', 1000, 2)")


def subscriptions_mended(house: House) -> None:
    write(house, house.shop(), "INSERT INTO sync_state (shop_id, resource, drift) VALUES (:shop, 'webhooks', 1)")


def sync_fails(house: House) -> None:
    write(
        house,
        house.shop(),
        "INSERT INTO sync_state (shop_id, resource, last_error) VALUES (:shop, 'orders', 'bad_key')",
    )


def valkey_evicts(house: House) -> None:
    """A Valkey that somebody has set to forget, and that is full."""
    client = house.runtime.valkey
    used = client.info("memory")["used_memory"]
    client.config_set("maxmemory-policy", "allkeys-lru")
    client.config_set("maxmemory", used + 500_000)
    for number in range(60):
        client.set(f"filling:{number}", b"x" * 20_000)


def webhooks_not_taken(house: House) -> None:
    """As when the database is away: the statement fails."""
    shop = house.shop()
    path = f"/hooks/woocommerce/{shop.public_id}"
    assert house.client().post(path, data=b"{}", headers=delivery(b"{}")).status_code == 200
    write(house, shop, "ALTER TABLE inbox RENAME TO inbox_away")
    try:
        assert house.client().post(path, data=b"{ }", headers=delivery(b"{ }")).status_code == 503
    finally:
        write(house, shop, "ALTER TABLE inbox_away RENAME TO inbox")


def requests_turned_away(house: House) -> None:
    """One guest is inside of a house with room for one."""
    inside, goes_on = threading.Event(), threading.Event()

    def view(**_ids: str) -> str:
        inside.set()
        goes_on.wait(20)
        return ""

    house.app.view_functions["hub.track"] = view
    with ThreadPoolExecutor(1) as pool:
        pool.submit(house.client().get, "/t/x")
        assert inside.wait(20)
        assert house.client().get("/t/x").status_code == 503
        goes_on.set()


HAPPENINGS: dict[str, Callable[[House], None]] = {
    "WorkWaits": work_waits,
    "DeliveriesUnread": deliveries_unread,
    "WebhooksNotTaken": webhooks_not_taken,
    "MessageSentTwice": message_sent_twice,
    "MessagesUncertain": messages_uncertain,
    "EffectUncertain": effect_uncertain,
    "WorkParked": work_parked,
    "DriftFound": drift_found,
    "SubscriptionsMended": subscriptions_mended,
    "SyncFails": sync_fails,
    "RequestsTurnedAway": requests_turned_away,
    "ValkeyEvicts": valkey_evicts,
}


@pytest.mark.parametrize("name", HAPPENINGS)
def test_an_alert_fires_when_it_happens(house: House, name: str) -> None:
    before = scrape(house.client())
    assert not firing(name, before, before)
    HAPPENINGS[name](house)
    assert firing(name, scrape(house.client()), before)


def test_every_alert_is_made_to_fire_here() -> None:
    here = {"EncoreDoesNotAnswer", "ValkeyAway", "ConnectionsShort", "TransactionLong", "ClockWrong", "NumbersOld"}
    assert set(RULES) == {*HAPPENINGS, *here}


def test_no_answer_is_an_alert(house: House, build: Callable[..., House]) -> None:
    """A scrape that is not answered with 2xx is `up == 0` for Prometheus."""
    apart = build(Database("postgresql+psycopg://nobody@127.0.0.1:1/nothing", pool_size=1), metrics_token=TOKEN)
    answers = [
        at.client().get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).status_code for at in (house, apart)
    ]
    fires = [
        firing("EncoreDoesNotAnswer", {"up": {frozenset({("job", "encore")}): float(status == 200)}})
        for status in answers
    ]
    assert fires == [False, True]


def test_a_valkey_that_is_away_is_an_alert(build: Callable[..., House]) -> None:
    assert firing("ValkeyAway", scrape(build(metrics_token=TOKEN).client()))


def test_connections_that_run_out_are_an_alert(house: House, servers: Servers) -> None:
    limit = "ALTER DATABASE {} CONNECTION LIMIT {}"
    name = str(house.runtime.db.engine.url.database)
    with psycopg.connect(servers.postgres.admin_url, autocommit=True) as admin:
        allowed = scrape(house.client())["encore_postgres_connections"][frozenset()]
        try:
            admin.execute(limit.format(f'"{name}"', int(allowed)))  # type: ignore[arg-type]
            assert firing("ConnectionsShort", scrape(house.client()))
        finally:
            admin.execute(limit.format(f'"{name}"', -1))  # type: ignore[arg-type]


def test_a_transaction_that_stays_open_is_an_alert(house: House) -> None:
    """Its age is told truly; that two minutes are over cannot be waited for here."""
    url = house.runtime.db.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    with closing(psycopg.connect(url)) as other:
        other.execute("SELECT 1")
        other.execute("SELECT pg_sleep(0.3)")
        told = scrape(house.client())
    age = told["encore_postgres_longest_transaction_seconds"][frozenset()]
    assert age > 0.3
    assert not firing("TransactionLong", told)
    assert firing("TransactionLong", {"encore_postgres_longest_transaction_seconds": {frozenset(): age + 120}})


def test_a_clock_that_is_wrong_is_an_alert(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return datetime.now(tz) - timedelta(seconds=10)

    monkeypatch.setattr("app.web.figures.datetime", Wrong)  # the machine's own cannot be moved
    assert firing("ClockWrong", scrape(house.client()))


def test_numbers_that_have_grown_old_are_an_alert(house: House) -> None:
    house.shop()
    told = scrape(house.client())
    assert not firing("NumbersOld", told)
    assert firing(
        "NumbersOld", {"encore_shops_age_seconds": {frozenset(): told["encore_shops_age_seconds"][frozenset()] + 900}}
    )


def test_prometheus_itself_accepts_the_file() -> None:
    """Where its own checker is installed."""
    try:
        checked = subprocess.run(
            ["promtool", "check", "rules", ROOT / "docs/alerts.yml"], capture_output=True, check=False
        )
    except FileNotFoundError:
        pytest.skip("no promtool on this machine")
    assert checked.returncode == 0, checked.stdout
