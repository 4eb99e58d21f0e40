"""What tests stand on: one Postgres and one Valkey a run, a fresh copy of the migrated schema for each worker."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, sync_playwright
from redis import Redis
from sqlalchemy import text

from app.domain.schema import METADATA
from app.kernel import migrate
from app.kernel.clock import SetClock
from app.kernel.config import Settings
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from app.kernel.http import Http
from app.kernel.runtime import Runtime, hold
from sandbox.servers import Unavailable, postgres, valkey
from tests.faults import numbers

TEMPLATE = f"encore_test_{os.getpid()}_{secrets.token_hex(3)}"
"""The run's migrated database; its copies carry the worker's name behind it."""

NOON = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)

BROWSER_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


@dataclass(slots=True)
class Servers:
    """The run's servers as one worker sees them."""

    postgres: postgres.Postgres
    valkey_url: str
    template: str

    def new_database(self, suffix: str) -> str:
        """The URL of a fresh copy of the migrated schema."""
        name = f"{self.template}_{suffix}"
        self.postgres.create_database(name, template=self.template)
        return self.postgres.url(name)


# --- one Postgres and one Valkey a run --------------------------------------------------------------------------------
# Without xdist they start when the first test asks. With it the controller starts them before its workers, because only the
# controller outlives them all, and tells each where they are.


def pytest_configure_node(node: Any) -> None:
    """xdist: a worker is about to start."""
    run = _run(node.config)
    number = int(node.gateway.id.removeprefix("gw"))
    node.workerinput["servers"] = {
        "admin_url": run.postgres.admin_url,
        "role_url": run.postgres.role_url,
        "valkey_url": run.valkey.url(1 + number % (valkey.DATABASES - 1)),
        "template": TEMPLATE,
    }


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(RUN, None)
    if run:
        run.end()


TRIALS = "trials"
"""What a test records under this name (`record_property`) is a row of the table at the end: counts, with the trials beside them."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--table", type=Path, help="also write the table of the eight numbers to this file, as Markdown")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.stats.get(outcome, ())]
    recorded = [(report.nodeid.split("::")[-1], *said) for report in reports for said in report.user_properties]
    told = [f"{test}: {value}" for test, name, value in recorded if name == TRIALS]
    if told:
        terminalreporter.section("trials")
        for line in told:
            terminalreporter.write_line(line)
    counted = [value for _, name, value in recorded if name == numbers.NUMBERS]
    if counted:
        lines = numbers.rows(counted)
        terminalreporter.section("the eight numbers, each with the trials beside it")
        for line in numbers.as_text(lines):
            terminalreporter.write_line(line)
        if path := config.getoption("--table"):
            path.write_text(numbers.as_markdown(lines), encoding="utf-8")


@dataclass(slots=True)
class Run:
    folder: Path
    postgres: postgres.Postgres
    valkey: valkey.Valkey

    @classmethod
    def begin(cls) -> Run:
        folder = Path(tempfile.mkdtemp(prefix="encore-tests-"))
        folder.chmod(0o711)  # as root, Postgres runs as somebody who must reach its data
        try:
            run = cls(folder, postgres.find(folder, os.environ, durable=False), valkey.find(folder, os.environ))
        except Unavailable as error:
            pytest.exit(f"the tests need Postgres and Valkey: {error}", returncode=2)
        run.postgres.create_database(TEMPLATE)
        with contextlib.closing(Database(run.postgres.url(TEMPLATE))) as db:
            migrate.upgrade(db)
        return run

    def end(self) -> None:
        if self.postgres.process is None:
            self.postgres.drop_database(TEMPLATE)
        self.postgres.stop()
        self.valkey.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


RUN = pytest.StashKey[Run]()


def _run(config: pytest.Config) -> Run:
    if RUN not in config.stash:
        config.stash[RUN] = Run.begin()
    return config.stash[RUN]


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """Where the run's servers are. `new_database(suffix)` gives a further database, `postgres` and `valkey_url` the rest."""
    told = getattr(request.config, "workerinput", {}).get("servers")
    if told:
        server = postgres.Postgres(admin_url=told["admin_url"], role_url=told["role_url"])
        return Servers(server, told["valkey_url"], told["template"])
    run = _run(request.config)
    return Servers(run.postgres, run.valkey.url(1), TEMPLATE)


# --- what a test asks for ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def database_url(servers: Servers) -> Iterator[str]:
    """The worker's own database, migrated. Tests that only need rows ask for `db`, which also empties it."""
    suffix = os.environ.get("PYTEST_XDIST_WORKER", "main")
    yield servers.new_database(suffix)
    servers.postgres.drop_database(f"{servers.template}_{suffix}")


@pytest.fixture(scope="session")
def open_database(database_url: str) -> Iterator[Database]:
    with contextlib.closing(Database(database_url)) as db:
        yield db


@pytest.fixture
def db(open_database: Database) -> Iterator[Database]:
    """The worker's database, every table empty and every counter at one."""
    yield open_database
    _empty(open_database)


def _empty(db: Database) -> None:
    """Truncation reads no rows, so no policy hides any from it."""
    names = ", ".join(table.name for table in METADATA.sorted_tables)
    with db.house() as session:
        session.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture
def valkey_url(servers: Servers) -> str:
    return servers.valkey_url


@pytest.fixture(name="valkey")
def empty_valkey(servers: Servers) -> Iterator[Redis]:
    """A client of the worker's own Valkey database, which is flushed."""
    with Redis.from_url(servers.valkey_url) as client:
        client.flushdb()
        yield client


@pytest.fixture
def clock() -> SetClock:
    """Stands at ten on the morning of 24 November 2026, UTC. A test moves it by setting `clock.at`."""
    return SetClock(NOON)


@pytest.fixture
def keys() -> Keyring:
    return Keyring([("t1", b"\x07" * 32)])


@pytest.fixture
def http() -> Http:
    """The real way out, allowed to reach this machine."""
    return Http(allow_private_addresses=True)


@pytest.fixture
def runtime(db: Database, clock: SetClock, http: Http, keys: Keyring, valkey: Redis) -> Runtime:
    settings = Settings(
        database_url=str(db.engine.url),
        valkey_url="redis://unused",
        valkey_checks_certificate=True,
        public_url="https://encore.example",
        secret_keys=(("k1", bytes(32)),),
        allow_private_addresses=True,
    )
    held = Runtime(settings=settings, db=db, clock=clock, http=http, keys=keys, valkey=valkey)
    hold(held)
    return held


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless Chromium of the machine; PLAYWRIGHT_CHROMIUM names another one."""
    found = (shutil.which(name) for name in (os.environ.get("PLAYWRIGHT_CHROMIUM", ""), *BROWSERS) if name)
    executable = next((path for path in found if path), None)
    if executable is None:
        pytest.skip("no Chromium on this machine: install one or set PLAYWRIGHT_CHROMIUM")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=executable, args=list(BROWSER_FLAGS))
        yield browser
        browser.close()
