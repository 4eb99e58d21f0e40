"""A store is read anew on command, watched while it is, and left alone when nobody watches any more."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from app.domain.outbox import service as outbox
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.queue import work_off
from app.jobs.works import WORKS
from app.kernel.clock import SystemClock
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.runtime import Runtime
from sandbox.serving import Server
from sandbox.woocommerce.application import application
from sandbox.woocommerce.auth import ApiKey
from tests.builders import a_shop
from tests.cli.at_the_terminal import KEY, SECRET_KEYS, terminal_of
from tests.conftest import Servers
from tests.faults.stage import ROOT
from tests.sandbox.shops import Fair

KEYS = Keyring([("k1", KEY)])


@pytest.fixture
def store() -> Iterator[tuple[str, ApiKey]]:
    fair, server, key = Fair(), Server(), ApiKey.made_from("sync")
    for _ in range(3):
        fair.buy(fair.coffee)
    fair.later(hours=2)
    platform = application(fair.stage, fair.coffee, (key,), server.url, lambda *_: fair.buy(fair.coffee))
    server.start(platform.app)
    yield server.url, key
    server.stop()


@pytest.fixture
def shop(runtime: Runtime, store: tuple[str, ApiKey]) -> ShopFacts:
    url, key = store
    shop = a_shop(runtime.db, base_url=url)
    with runtime.db.transaction(shop.id) as session:
        for name, value in {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret}.items():
            shops.store_secret(session, KEYS, shop.id, name, value)
    return shop


def read_everything(runtime: Runtime, shop: ShopFacts) -> None:
    """What a worker does."""
    working = replace(runtime, keys=KEYS, clock=SystemClock())
    while work_off(working, WORKS["pull"], shop.id):
        pass


def test_a_back_fill_reads_from_the_beginning_and_says_how_much(runtime: Runtime, shop: ShopFacts) -> None:
    worker = threading.Timer(1.0, read_everything, [runtime, shop])
    worker.start()
    result = terminal_of(runtime.db).run("back-fill", "shop.example", "orders", "--watch")
    worker.join()
    assert result.exit_code == 0, result.output
    with runtime.db.transaction(shop.id) as session:
        orders = session.scalar(text("SELECT count(*) FROM orders")) or 0
    assert orders >= 3
    assert result.output == f"orders: all {orders:,} read.\n"


def test_a_reconcile_says_what_had_been_missed(runtime: Runtime, shop: ShopFacts) -> None:
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "pull", ["orders"])
    read_everything(runtime, shop)
    with runtime.db.transaction(shop.id) as session:
        session.execute(
            text(
                "UPDATE orders SET content = '', updated_at = updated_at - interval '1 h' WHERE id = (SELECT min(id) FROM orders)"
            )
        )
        total = session.scalar(text("SELECT count(*) FROM orders")) or 0
    worker = threading.Timer(1.0, read_everything, [runtime, shop])
    worker.start()
    result = terminal_of(runtime.db).run("reconcile", "shop.example", "orders", "--since", "2020-01-01", "--watch")
    worker.join()
    assert result.output == f"orders: {total:,} looked at. 1 of {total:,} things had been missed and were mended.\n"


def test_without_a_watcher_the_work_is_owed_and_that_is_all(runtime: Runtime, shop: ShopFacts) -> None:
    result = terminal_of(runtime.db).run("reconcile", "shop.example")
    assert result.exit_code == 0, result.output
    assert f"python -m app.cli watch {shop.public_id}" in result.output
    with runtime.db.transaction(shop.id) as session:
        owed = session.scalars(text("SELECT ref FROM outbox WHERE kind = 'pull' ORDER BY ref")).all()
        watermark = shops.sync_state(session, shop.id, "orders").watermark
    assert "orders" in owed
    assert "products" in owed
    assert watermark
    assert timedelta(days=6, hours=23) < datetime.now(UTC) - watermark < timedelta(days=7, hours=1)


def test_who_is_in_the_middle_of_the_old_sweep_loses_it(runtime: Runtime, shop: ShopFacts) -> None:
    with runtime.db.transaction(shop.id) as session:
        outbox.owe(session, shop.id, "pull", ["orders"])
        claims = outbox.claim(session, shop.id, "pull", datetime.now(UTC), 1)
    assert terminal_of(runtime.db).run("back-fill", "shop.example", "orders").exit_code == 0
    with pytest.raises(outbox.Fenced), runtime.db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, claims)


def test_a_store_that_shuts_us_out_ends_the_watch_with_the_reason(runtime: Runtime, shop: ShopFacts) -> None:
    with runtime.db.transaction(shop.id) as session:
        shops.store_secret(session, KEYS, shop.id, "consumer_secret", "cs_wrong")
    worker = threading.Timer(1.0, read_everything, [runtime, shop])
    worker.start()
    result = terminal_of(runtime.db).run("back-fill", "shop.example", "orders", "--watch")
    worker.join()
    assert result.exit_code == 1
    assert "Reading orders has stopped: The store does not accept the keys any more." in result.output
    assert f"python -m app.cli resume {shop.public_id} pull" in result.output


@pytest.mark.parametrize(("since", "code"), [("2999-01-01", 2), ("yesterday", 2)])
def test_a_day_that_is_none_or_not_yet_is_refused(runtime: Runtime, shop: ShopFacts, since: str, code: int) -> None:
    assert terminal_of(runtime.db).run("reconcile", "shop.example", "--since", since).exit_code == code


def test_who_leaves_does_not_take_the_work_along(runtime: Runtime, servers: Servers, shop: ShopFacts) -> None:
    environ = {
        "PATH": os.environ["PATH"],
        "DATABASE_URL": runtime.db.engine.url.render_as_string(hide_password=False),
        "REDIS_URL": servers.valkey_url,
        "PUBLIC_URL": "https://encore.example",
        "SECRET_KEYS": SECRET_KEYS,
    }
    command = [sys.executable, "-m", "app.cli", "back-fill", "shop.example", "orders", "--watch"]
    with (
        closing(Database(environ["DATABASE_URL"])) as db,
        subprocess.Popen(
            command, env=environ, cwd=ROOT, stderr=subprocess.PIPE, text=True, preexec_fn=hear_interrupts
        ) as watching,
    ):
        until = time.monotonic() + 30
        while time.monotonic() < until and not owed(db, shop):
            time.sleep(0.1)
        time.sleep(0.5)
        watching.send_signal(signal.SIGINT)
        said = watching.communicate(timeout=20)[1]
        assert watching.returncode == 130
        assert f"It goes on without this window; to watch again: python -m app.cli watch {shop.public_id}" in said
        assert owed(db, shop)


def hear_interrupts() -> None:
    """As at a terminal: what a shell runs in the background is deaf to Ctrl-C, and so is all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def owed(db: Database, shop: ShopFacts) -> bool:
    with db.transaction(shop.id) as session:
        return outbox.find(session, shop.id, "pull", "orders") is not None
