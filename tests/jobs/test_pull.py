"""Reading a store into rows: recorded pages, in silence, page by page, and again to heal what webhooks missed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.connectors import CONNECTORS
from app.domain.orders import service as orders
from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import OrderFact, Resource
from app.jobs.pull import OVERLAP
from app.kernel.clock import SetClock
from app.kernel.runtime import Runtime
from tests.builders import a_shop
from tests.connectors.woocommerce.recorded import KEYS, Asked, a_store, body_of, replay, say
from tests.jobs.line import run_until_quiet

FIRST = body_of("rest/orders-list-page1")
LAST = body_of("rest/orders-list-page3-last")


def connected(runtime: Runtime, url: str) -> ShopFacts:
    shop = a_shop(runtime.db, base_url=url)
    with runtime.db.transaction(shop.id) as session:
        for name, value in KEYS.items():
            shops.store_secret(session, runtime.keys, shop.id, name, value)
        outbox.owe_once(session, shop.id, "pull", ["orders"])
    return shop


def recorded_store(asked: Asked) -> bytes:
    """The recorded first page, and the recorded last one for whoever reads on; fulfilments are switched off."""
    if "/fulfillments" in asked.path:
        return replay("rest/error-no-route")
    if asked.query.get("status") == "trash":
        return say([])
    offset = int(asked.query.get("offset", "0"))
    return say(everything()[offset : offset + int(asked.query["per_page"])], 200, f"X-WP-Total: {len(everything())}")


def everything() -> list[object]:
    return sorted([*FIRST, *LAST], key=lambda order: order["id"])


def counts(runtime: Runtime, shop: ShopFacts, *tables: str) -> list[int]:
    with runtime.db.transaction(shop.id) as session:
        return [session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables]  # noqa: S608


def state(runtime: Runtime, shop: ShopFacts) -> tuple[object, ...]:
    with runtime.db.transaction(shop.id) as session:
        row = shops.sync_state(session, shop.id, "orders")
        return row.is_backfilled, row.seen, row.total, row.watermark, row.cursor, row.last_error


def test_recorded_pages_are_imported_and_nobody_is_written_to(runtime: Runtime, clock: SetClock) -> None:
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop)
    count = len(everything())
    assert counts(runtime, shop, "orders", "hub", "message") == [count, count, 0]
    assert counts(runtime, shop, "event")[0] > 0
    assert state(runtime, shop) == (True, count, count, clock.at, "", "")


def test_a_second_pull_asks_from_a_little_before_the_first_one_began(runtime: Runtime, clock: SetClock) -> None:
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop)
        began = clock.at
        store.asked.clear()
        clock.at = clock.at.replace(hour=14)
        pull_again(runtime, shop)
        since = {asked.query["modified_after"] for asked in store.asked if "modified_after" in asked.query}
    assert len(since) == 1
    assert since.pop() <= (began - OVERLAP).strftime("%Y-%m-%dT%H:%M:%S")
    assert counts(runtime, shop, "orders") == [len(everything())]


def pull_again(runtime: Runtime, shop: ShopFacts) -> None:
    with runtime.db.transaction(shop.id) as session:
        outbox.owe_once(session, shop.id, "pull", ["orders"])
    run_until_quiet(runtime, shop)


def test_once_a_day_a_sweep_reaches_back_further(runtime: Runtime, clock: SetClock) -> None:
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop)
        asked: list[set[str]] = []
        for hours in (2, 23, 2):
            began = clock.at
            clock.at += timedelta(hours=hours)
            store.asked.clear()
            pull_again(runtime, shop)
            reach = {
                began - parse(seen.query["modified_after"]) for seen in store.asked if "modified_after" in seen.query
            }
            asked.append({"deep" if back > timedelta(hours=1) else "usual" for back in reach})
    assert asked == [{"usual"}, {"deep"}, {"usual"}]


def parse(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=UTC)


def drift(runtime: Runtime, shop: ShopFacts) -> tuple[int, int]:
    with runtime.db.transaction(shop.id) as session:
        row = shops.sync_state(session, shop.id, "orders")
        return row.drift, row.swept


def test_what_our_rows_should_have_known_is_counted_as_drift(runtime: Runtime) -> None:
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop)
        pull_again(runtime, shop)
        assert drift(runtime, shop) == (0, len(everything()))
        with runtime.db.transaction(shop.id) as session:
            session.execute(text("DELETE FROM orders WHERE ref = :ref"), {"ref": str(FIRST[0]["id"])})
            session.execute(
                text("UPDATE orders SET updated_at = to_timestamp(0) WHERE ref = :ref"), {"ref": str(FIRST[1]["id"])}
            )
        pull_again(runtime, shop)
        assert drift(runtime, shop) == (2, len(everything()))
        pull_again(runtime, shop)
        assert drift(runtime, shop) == (0, len(everything()))


def test_what_may_still_be_told_by_its_webhook_is_no_drift(runtime: Runtime, clock: SetClock) -> None:
    clock.at = parse(FIRST[0]["date_modified_gmt"]) + timedelta(minutes=1)
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop)
        with runtime.db.transaction(shop.id) as session:
            session.execute(text("DELETE FROM orders WHERE ref = :ref"), {"ref": str(FIRST[0]["id"])})
        pull_again(runtime, shop)
    assert drift(runtime, shop) == (0, len(everything()))


def test_a_reading_begun_anew_reads_everything_again(runtime: Runtime) -> None:
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop)
        with runtime.db.transaction(shop.id) as session:
            shops.restart_sweep(session, shop.id, "orders", None)
        store.asked.clear()
        pull_again(runtime, shop)
        assert not any("modified_after" in asked.query for asked in store.asked)
    assert state(runtime, shop)[:3] == (True, len(everything()), len(everything()))


def test_who_comes_late_with_a_page_does_not_move_the_reading_that_others_have_ended(runtime: Runtime) -> None:
    """A tick may owe a second reading while a page is under way, and two workers then read at the same place."""
    shop: ShopFacts | None = None
    pages: list[Asked] = []

    def says(asked: Asked) -> bytes:
        if asked.path.endswith("/orders"):
            pages.append(asked)
            if shop and len(pages) == 2:
                pull_again(runtime, shop)
        return recorded_store(replace(asked, query={**asked.query, "per_page": "10"}))

    with a_store(says) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop, "pull")
    is_backfilled, seen, total, _, cursor, _ = state(runtime, shop)
    assert (is_backfilled, seen, total, cursor) == (True, len(everything()), len(everything()), "")
    assert drift(runtime, shop) == (0, 0)
    with runtime.db.transaction(shop.id) as session:
        assert outbox.find(session, shop.id, "pull", "orders") is None


def test_what_a_platform_does_not_have_is_not_asked_for(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(CONNECTORS["woocommerce"], "resources", (Resource.ORDERS,))
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        with runtime.db.transaction(shop.id) as session:
            session.execute(text("UPDATE outbox SET ref = 'customers'"))
        run_until_quiet(runtime, shop)
        assert store.asked == []


def broken_after(good_pages: int, then: Callable[[Asked], bytes]) -> Callable[[Asked], bytes]:
    """A store with short pages whose later ones are made by `then`."""
    given: list[Asked] = []

    def says(asked: Asked) -> bytes:
        if asked.path.endswith("/orders"):
            given.append(asked)
        return (
            recorded_store(replace(asked, query={**asked.query, "per_page": "10"}))
            if len(given) <= good_pages
            else then(asked)
        )

    return says


def test_a_store_that_fails_half_way_is_read_on_from_where_it_stopped(runtime: Runtime) -> None:
    with a_store(broken_after(1, lambda _: say({"code": "down"}, 503))) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop, "pull")
    is_backfilled, seen, _, watermark, cursor, error = state(runtime, shop)
    assert (is_backfilled, seen, watermark) == (False, 10, None)
    assert cursor
    assert error
    assert counts(runtime, shop, "orders") == [10]
    with a_store(recorded_store) as store:
        with runtime.db.house() as session:
            session.execute(text("UPDATE shop SET base_url = :url"), {"url": store.url})
            session.execute(text("UPDATE outbox SET lease_until = NULL"))
        run_until_quiet(runtime, shop, "pull")
        assert "0" not in {asked.query.get("offset") for asked in store.asked}
    assert counts(runtime, shop, "orders") == [len(everything())]


@pytest.mark.parametrize("recording", ["rest/error-unknown-key", "rest/error-bad-secret"])
def test_refused_keys_stop_the_reading_and_are_shown(runtime: Runtime, recording: str) -> None:
    with a_store(lambda _: replay(recording)) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop, "pull")
        asked = len(store.asked)
        with runtime.db.transaction(shop.id) as session:
            outbox.owe_once(session, shop.id, "pull", ["orders"])
        run_until_quiet(runtime, shop, "pull")
        assert len(store.asked) == asked
    with runtime.db.house() as session:
        assert session.scalar(text("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL")) == 1
    assert state(runtime, shop)[-1]


def test_a_disputed_order_is_fetched_and_the_store_is_right(runtime: Runtime) -> None:
    order = FIRST[0]
    with a_store(lambda _: say(order)) as store:
        shop = connected(runtime, store.url)
        with runtime.db.transaction(shop.id) as session:
            outbox.owe_once(session, shop.id, "fetch", [f"orders/{order['id']}"])
        run_until_quiet(runtime, shop, "fetch")
    assert store.calls[0].endswith(f"orders/{order['id']}")
    assert counts(runtime, shop, "orders") == [1]


def test_an_order_that_cannot_be_written_parks_alone_and_the_reading_goes_on(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, row_of = str(FIRST[0]["id"]), orders._row

    def picky(language: str, fact: OrderFact, content: bytes) -> dict[str, object]:
        if fact.ref == bad:
            raise ValueError
        return row_of(language, fact, content)

    def says(asked: Asked) -> bytes:
        single = [order for order in everything() if asked.path.endswith(f"orders/{order['id']}")]
        return say(single[0]) if single else recorded_store(asked)

    monkeypatch.setattr(orders, "_row", picky)
    with a_store(says) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop, "pull", "fetch")
    assert counts(runtime, shop, "orders") == [len(everything()) - 1]
    assert state(runtime, shop)[0] is True
    with runtime.db.house() as session:
        assert [tuple(row) for row in session.execute(text("SELECT kind, ref, parked_at IS NULL FROM outbox"))] == [
            ("fetch", f"orders/{bad}", False)
        ]


def test_a_long_import_tells_the_planner_how_big_the_tables_have_become(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.jobs.pull.STATISTICS_AT", (5,))
    with a_store(recorded_store) as store:
        shop = connected(runtime, store.url)
        run_until_quiet(runtime, shop, "pull")
    with runtime.db.house() as session:
        assert session.scalar(text("SELECT reltuples FROM pg_class WHERE relname = 'orders'")) == len(everything())
