"""What is said of a shop: its store's keys, its webhooks, its secrets, how fresh it is, and what has stopped."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from app.domain.insight.trouble import KEYS_REFUSED
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.doctor.finding import Finding, Level
from app.jobs.doctor.shops import examine_shop
from app.kernel.crypto import Keyring
from app.kernel.runtime import Runtime
from sandbox.serving import Server
from sandbox.woocommerce.application import Platform, application
from sandbox.woocommerce.auth import ApiKey
from tests.builders import a_shop
from tests.sandbox.shops import Fair


@dataclass(frozen=True, slots=True)
class Store:
    """A store whose keys fit and that tells nobody anything yet."""

    url: str
    key: ApiKey
    platform: Platform

    @property
    def hooks(self) -> int:
        return sum(1 for _ in self.platform.site.hooks.active("order.updated"))


@pytest.fixture
def store() -> Iterator[Store]:
    fair, server, key = Fair(), Server(), ApiKey.made_from("doctor")
    platform = application(fair.stage, fair.coffee, (key,), server.url, lambda *_: fair.buy(fair.coffee))
    server.start(platform.app)
    yield Store(url=server.url, key=key, platform=platform)
    server.stop()


def connected(runtime: Runtime, store: Store, key: ApiKey | None = None) -> ShopFacts:
    shop = a_shop(runtime.db, base_url=store.url)
    given = key or store.key
    keys = {"consumer_key": given.consumer_key, "consumer_secret": given.consumer_secret, "webhook_secret": "s" * 32}
    with runtime.db.transaction(shop.id) as session:
        for name, value in keys.items():
            shops.store_secret(session, runtime.keys, shop.id, name, value)
    return shop


def read_at(runtime: Runtime, shop: ShopFacts, resource: str, ago: timedelta, **changes: object) -> None:
    with runtime.db.transaction(shop.id) as session:
        state = shops.sync_state(session, shop.id, resource)
        state.is_backfilled = True
        for name, value in changes.items():
            setattr(state, name, value)
        session.flush()
        session.execute(
            text("UPDATE sync_state SET last_success_at = now() - :ago WHERE resource = :resource"),
            {"ago": ago, "resource": resource},
        )


def examined(runtime: Runtime, shop: ShopFacts, *, repairs: bool = False) -> dict[str, Finding]:
    return {finding.check: finding for finding in examine_shop(runtime, shop, repairs=repairs)}


def test_a_shop_as_it_should_be_is_in_order(runtime: Runtime, store: Store) -> None:
    shop = connected(runtime, store)
    read_at(runtime, shop, "orders", timedelta(minutes=1))
    read_at(runtime, shop, "webhooks", timedelta(minutes=50))
    found = examined(runtime, shop)
    assert {check: finding.level for check, finding in found.items()} == dict.fromkeys(
        ("secrets", "store", "webhooks", "orders"), Level.OK
    )


def test_a_store_that_refuses_our_keys_is_broken(runtime: Runtime, store: Store) -> None:
    found = examined(runtime, connected(runtime, store, ApiKey.made_from("somebody else's")))
    assert found["store"].level is Level.BROKEN
    assert found["store"].code in KEYS_REFUSED


def test_secrets_that_no_key_opens_are_named_and_the_store_is_left_alone(runtime: Runtime, store: Store) -> None:
    shop = connected(runtime, store)
    found = examined(replace(runtime, keys=Keyring([("other", bytes(32))])), shop)
    assert found["secrets"].level is Level.BROKEN
    assert "consumer_key" in found["secrets"].sentence
    assert "store" not in found


def test_secrets_under_an_old_key_ask_for_a_rotation(runtime: Runtime, store: Store) -> None:
    shop = connected(runtime, store)
    found = examined(replace(runtime, keys=Keyring([("new", bytes(32)), ("t1", b"\x07" * 32)])), shop)
    assert found["secrets"].level is Level.LOOK
    assert "t1: python -m app.cli rotate-keys" in found["secrets"].sentence


@pytest.mark.parametrize(
    ("ago", "changes", "level"),
    [
        (timedelta(minutes=5), {"drift": 2, "swept": 8}, Level.OK),
        (timedelta(hours=3), {}, Level.LOOK),
        (timedelta(minutes=5), {"last_error": "keys_refused"}, Level.BROKEN),
    ],
)
def test_what_the_hourly_check_found_is_told(
    runtime: Runtime, store: Store, ago: timedelta, changes: dict[str, object], level: Level
) -> None:
    shop = connected(runtime, store)
    read_at(runtime, shop, "webhooks", ago, **changes)
    assert examined(runtime, shop)["webhooks"].level is level


def test_webhooks_are_put_in_order_on_request(runtime: Runtime, store: Store) -> None:
    shop = connected(runtime, store)
    assert examined(runtime, shop)["webhooks"].level is Level.LOOK
    assert store.hooks == 0
    assert examined(runtime, shop, repairs=True)["webhooks"].level is Level.OK
    assert store.hooks == 1
    with runtime.db.transaction(shop.id) as session:
        assert outbox.find(session, shop.id, "check", "") is not None


@pytest.mark.parametrize(
    ("ago", "error", "level"),
    [
        (timedelta(minutes=2), "", Level.OK),
        (timedelta(hours=2), "", Level.LOOK),
        (timedelta(hours=2), "store_down", Level.BROKEN),
    ],
)
def test_a_store_that_was_not_read_for_long_is_shown(
    runtime: Runtime, store: Store, ago: timedelta, error: str, level: Level
) -> None:
    shop = connected(runtime, store)
    read_at(runtime, shop, "orders", ago, last_error=error)
    assert examined(runtime, shop)["orders"].level is level


def test_stopped_work_is_told_with_the_words_that_take_it_up(runtime: Runtime, store: Store) -> None:
    shop = connected(runtime, store)
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "deliver", ["1", "2"])
        claims = outbox.claim(session, shop.id, "deliver", runtime.clock.now(), 9)
        outbox.park(session, shop.id, claims, "circuit_breaker")
    found = examined(runtime, shop)["work"]
    assert (found.level, found.code) == (Level.LOOK, "circuit_breaker")
    assert (
        f"2 of kind `deliver` have stopped. When that is mended: python -m app.cli resume {shop.public_id}"
        in found.sentence
    )
