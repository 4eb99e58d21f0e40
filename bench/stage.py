"""What benches stand on: a Postgres that really writes to disk, a Valkey, the house's own runtime and one connected shop."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Generator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from sqlalchemy import text

from app import wiring
from app.domain.schema import METADATA
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.kernel import migrate
from app.kernel.db import Database
from app.kernel.runtime import Runtime
from sandbox.servers import postgres, valkey

ROOT = Path(__file__).parent.parent
STATE = ROOT / ".state/bench"
SECRET = "a-secret-of-the-bench"  # noqa: S105 (of an invented shop)
CONNECTED_AT = datetime(2026, 11, 1, tzinfo=UTC)
NOBODY = "redis://127.0.0.1:1"
KEPT = ("shop", "shop_settings", "credential", "alembic_version")


@dataclass(frozen=True, slots=True)
class Stage:
    """Servers that are up, and one WooCommerce shop whose deliveries are signed with SECRET."""

    folder: Path
    postgres: postgres.Postgres
    valkey: valkey.Valkey | None
    runtime: Runtime
    shop: ShopFacts

    @property
    def database_pid(self) -> int:
        assert self.postgres.process
        return self.postgres.process.pid

    @property
    def environ(self) -> dict[str, str]:
        return environ_for(self.postgres, self.valkey)

    def empty(self) -> None:
        """No orders, deliveries, history or work: only the shop. Then a checkpoint, so that no run pays for the one before."""
        names = ", ".join(table.name for table in METADATA.sorted_tables if table.name not in KEPT)
        with self.runtime.db.house() as session:
            session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        with self.admin() as connection:
            connection.execute("CHECKPOINT")

    def forget_statistics(self) -> None:
        """As in a database that autovacuum has not come by yet: emptying a table keeps what the planner knows of its columns."""
        with self.admin() as connection:
            connection.execute("DELETE FROM pg_statistic")

    def learn_statistics(self) -> None:
        """As in a house that has seen orders: the planner knows its tables."""
        with self.admin() as connection:
            connection.execute("ANALYZE")

    @property
    def admin_url(self) -> str:
        return self.postgres.admin_url.rpartition("/")[0] + "/" + postgres.ROLE

    def valkey_flush(self) -> None:
        """Valkey may forget everything at any time, and so may a bench between two runs."""
        self.runtime.valkey.flushdb()  # pyright: ignore[reportUnknownMemberType]

    def admin(self) -> psycopg.Connection:
        """The superuser in the house's database: COPY is not allowed where row-level security binds."""
        return psycopg.connect(self.admin_url, autocommit=True)

    def version(self) -> str:
        with self.admin() as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}.{connection.info.server_version % 10000}"


@contextlib.contextmanager
def stage(*, with_valkey: bool = False) -> Generator[Stage]:
    """Start everything, and leave nothing behind."""
    STATE.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=STATE))
    folder.chmod(0o711)  # as root, Postgres runs as somebody who must reach its data
    with contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        database = postgres.start(folder, durable=True)
        stack.callback(database.stop)
        queue = valkey.start(folder) if with_valkey else None
        if queue:
            stack.callback(queue.stop)
        runtime = wiring.start(environ_for(database, queue), connections=2, statement_timeout=60_000)
        stack.callback(runtime.db.close)
        migrate.upgrade(runtime.db)
        yield Stage(folder, database, queue, runtime, _connect_shop(runtime))


def environ_for(database: postgres.Postgres, queue: valkey.Valkey | None) -> dict[str, str]:
    return {
        "DATABASE_URL": database.url(),
        "REDIS_URL": queue.url() if queue else NOBODY,
        "PUBLIC_URL": "http://encore.example",
        "SECRET_KEYS": "b1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc",
    }


def enter(db: Database, shop_id: int) -> ShopFacts:
    """The shop as another process of the same bench finds it."""
    with db.transaction(shop_id) as session:
        return shops.present(session, shop_id, datetime.now(UTC))


def _connect_shop(runtime: Runtime) -> ShopFacts:
    store = shops.Store(
        platform="woocommerce",
        domain="shop.example",
        base_url="https://shop.example",
        name="Beans & Co",
        timezone="Europe/Berlin",
        currency="EUR",
        language="de",
        country="DE",
    )
    with runtime.db.house() as session:
        shop_id, _ = shops.register(session, store, CONNECTED_AT)
    with runtime.db.transaction(shop_id) as session:
        shops.store_secret(session, runtime.keys, shop_id, "webhook_secret", SECRET)
        shops.choose(session, shop_id, {}, CONNECTED_AT - timedelta(days=1))
    return enter(runtime.db, shop_id)
