"""A whole store is read into rows, on both platforms: what it sells, to whom, what went back; and what is gone is found out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from app.connectors import CONNECTORS
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.kernel.runtime import Runtime
from tests.jobs.line import run_until_quiet
from tests.jobs.stores import OnAir, on_air


@pytest.fixture(params=sorted(CONNECTORS))
def air(request: pytest.FixtureRequest, runtime: Runtime) -> Iterator[OnAir]:
    with on_air(runtime, request.param) as opened:
        yield opened


def column(runtime: Runtime, air: OnAir, statement: str) -> list[Any]:
    with runtime.db.transaction(air.shop.id) as session:
        return list(session.scalars(text(statement)))


def owe(runtime: Runtime, air: OnAir, kind: str, *refs: str) -> None:
    with runtime.db.transaction(air.shop.id) as session:
        outbox.owe_once(session, air.shop.id, kind, refs or [""])
    run_until_quiet(runtime, air.shop)


def test_products_stand_with_price_and_stock_as_the_store_has_them(runtime: Runtime, air: OnAir) -> None:
    run_until_quiet(runtime, air.shop)
    sold = {
        variant.sku: (variant.price, None if product.is_virtual else variant.stock)
        for product in air.store.products.values()
        for variant in product.variants
    }
    with runtime.db.transaction(air.shop.id) as session:
        rows = session.execute(text("SELECT sku, price, stock FROM variant")).all()
    assert len(air.store.products) == column(runtime, air, "SELECT count(*) FROM product")[0]
    assert {(row.sku, row.price, row.stock) for row in rows} == {
        (sku, *price_and_stock) for sku, price_and_stock in sold.items()
    }
    assert all(column(runtime, air, "SELECT title <> '' AND url <> '' AND image_url <> '' FROM product"))


def test_every_resource_is_read_to_its_end(runtime: Runtime, air: OnAir) -> None:
    air.fair.buy(air.store)
    run_until_quiet(runtime, air.shop)
    done = column(runtime, air, "SELECT resource FROM sync_state WHERE is_backfilled AND last_error = ''")
    assert set(done) == {resource.value for resource in CONNECTORS[air.shop.platform].resources}
    assert column(runtime, air, "SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL") == [0]


def test_what_was_deleted_in_silence_is_found_out(runtime: Runtime, air: OnAir) -> None:
    kept, lost = air.fair.buy(air.store), air.fair.buy(air.store)
    run_until_quiet(runtime, air.shop)
    product = next(iter(air.store.products.values()))
    air.store.remove(lost)
    air.store.remove_thing(product)
    owe(runtime, air, "census")
    assert column(runtime, air, "SELECT ref FROM orders WHERE status = 'deleted'") == [str(lost.id)]
    assert column(runtime, air, "SELECT ref FROM product WHERE is_gone") == [str(product.id)]
    assert str(kept.id) in column(runtime, air, "SELECT ref FROM orders WHERE status <> 'deleted'")
    assert column(runtime, air, "SELECT count(*) FROM outbox") == [0]


def test_the_census_goes_on_where_a_question_ended(
    runtime: Runtime, air: OnAir, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_until_quiet(runtime, air.shop)
    monkeypatch.setattr("app.jobs.census.AT_ONCE", 2)
    last = list(air.store.products.values())[-1]
    air.store.remove_thing(last)
    owe(runtime, air, "census")
    assert column(runtime, air, "SELECT ref FROM product WHERE is_gone") == [str(last.id)]


def test_the_check_keeps_the_stores_own_settings_and_mends_its_webhooks(runtime: Runtime, air: OnAir) -> None:
    owe(runtime, air, "check")
    with runtime.db.transaction(air.shop.id) as session:
        first = shops.sync_state(session, air.shop.id, "webhooks")
        assert first.drift == first.swept > 0, "none was there"
    air.store.profile = replace(air.store.profile, timezone="Asia/Taipei")
    owe(runtime, air, "check")
    with runtime.db.transaction(air.shop.id) as session:
        second = shops.sync_state(session, air.shop.id, "webhooks")
        assert (second.drift, second.swept, second.last_error) == (0, first.swept, "")
        assert shops.present(session, air.shop.id, runtime.clock.now()).timezone == "Asia/Taipei"


def test_a_store_that_refuses_its_keys_is_shown_to_have_them_refused(runtime: Runtime, air: OnAir) -> None:
    with runtime.db.transaction(air.shop.id) as session:
        for name in CONNECTORS[air.shop.platform].credential_names:
            shops.store_secret(session, runtime.keys, air.shop.id, name, "ck_wrong")
    owe(runtime, air, "check")
    with runtime.db.transaction(air.shop.id) as session:
        assert shops.sync_state(session, air.shop.id, "webhooks").last_error
    assert column(runtime, air, "SELECT kind FROM outbox WHERE parked_at IS NOT NULL AND kind = 'check'") == ["check"]
