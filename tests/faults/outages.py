"""Servers of a test's own that go away and come back at the same address, and senders who note what they were answered."""

from __future__ import annotations

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import requests
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from app.kernel import migrate
from app.kernel.db import Database
from sandbox.servers import postgres, valkey
from sandbox.servers.postgres_binaries import account_to_run_as
from sandbox.servers.process import launch
from tests.conftest import Servers
from tests.faults.stage import QUIET_SECONDS, Stage, wait_until
from tests.faults.truth import Delivery, Truth
from tests.trials import LONG

SENDERS = 8
"""Webhooks on their way at once."""


# --- Valkey -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class OwnValkey:
    server: valkey.Valkey
    folder: Path

    @property
    def url(self) -> str:
        return self.server.url()

    def kill(self) -> None:
        assert self.server.process
        self.server.process.kill()
        self.server.process.wait()

    def restart(self) -> None:
        """Empty, because nothing of it is kept, and where it was."""
        assert self.server.process
        with (self.folder / "valkey.out").open("ab") as log:
            self.server.process = launch(list(self.server.process.args), log=log, folder=self.folder)  # type: ignore[arg-type]
        assert wait_until(self._answers, 10)

    def _answers(self) -> bool:
        with suppress(RedisError), self.client() as client:
            return bool(client.ping())
        return False

    def client(self) -> Redis:
        return Redis.from_url(self.url)


@contextmanager
def own_valkey(folder: Path) -> Iterator[OwnValkey]:
    own = OwnValkey(valkey.start(folder / "valkey"), folder / "valkey")
    try:
        yield own
    finally:
        own.server.stop()


# --- Postgres ---------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class OwnPostgres:
    """Durable: what it has acknowledged is there after a crash."""

    server: postgres.Postgres
    folder: Path

    def servers(self, beside: Servers) -> Servers:
        return replace(beside, postgres=self.server, template=TEMPLATE)

    def crash(self) -> None:
        """`pg_ctl stop -m immediate`: every backend leaves at once, the next start recovers."""
        assert self.server.process
        self.server.process.send_signal(signal.SIGQUIT)
        self.server.process.wait()

    def restart(self) -> float:
        """The moment (monotonic) from which on it took connections, at the same address."""
        assert self.server.process
        words = [str(word) for word in self.server.process.args]  # type: ignore[union-attr]
        with (self.folder / "postgres.log").open("ab") as log:
            self.server.process = launch(words, log=log, account=account_to_run_as(), farewell=signal.SIGINT)
        assert wait_until(self._answers, 60)
        return time.monotonic()

    def _answers(self) -> bool:
        with suppress(psycopg.OperationalError), psycopg.connect(self.server.admin_url, connect_timeout=2):
            return True
        return False

    def say(self, *statements: str) -> None:
        """As the superuser, each on its own."""
        with psycopg.connect(self.server.admin_url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def forbid_writing(self) -> None:
        """To everybody, at once: transactions that have begun may end."""
        self.say("ALTER SYSTEM SET default_transaction_read_only = on", "SELECT pg_reload_conf()")
        assert wait_until(lambda: self._shown("default_transaction_read_only") == "on", 5)

    def allow_writing(self) -> None:
        self.say("ALTER SYSTEM RESET default_transaction_read_only", "SELECT pg_reload_conf()")
        assert wait_until(lambda: self._shown("default_transaction_read_only") == "off", 5)

    def busy(self) -> bool:
        """Whether any client is in the middle of something."""
        question = (
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND state <> 'idle' AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self.server.admin_url, autocommit=True) as connection:
            return connection.execute(question).fetchone() != (0,)

    def _shown(self, setting: str) -> str:
        with psycopg.connect(self.server.admin_url, autocommit=True) as connection:
            row = connection.execute(f"SHOW {setting}".encode()).fetchone()
        return str(row[0]) if row else ""

    def end_sessions(self) -> int:
        """`pg_terminate_backend` for every client but this one; how many there were."""
        question = (
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
            " WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self.server.admin_url, autocommit=True) as connection:
            row = connection.execute(question).fetchone()
        return int(row[0]) if row else 0


TEMPLATE = "outages"


@contextmanager
def own_postgres(folder: Path) -> Iterator[OwnPostgres]:
    """With the migrated template that a stage copies."""
    folder.chmod(0o711)  # as root, Postgres runs as somebody who must reach its data
    own = OwnPostgres(postgres.start(folder, durable=True), folder)
    try:
        own.server.create_database(TEMPLATE)
        with closing(Database(own.server.url(TEMPLATE))) as db:
            migrate.upgrade(db)
        yield own
    finally:
        own.server.stop()


# --- senders ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Sent:
    """A post: when it began and ended (monotonic), and its status, 0 where nobody answered."""

    began: float
    ended: float
    status: int


def post(url: str, delivery: Delivery) -> Sent:
    began, status = time.monotonic(), 0
    with suppress(requests.RequestException):
        status = requests.post(url, data=delivery.body, headers=delivery.headers, timeout=20).status_code
    return Sent(began, time.monotonic(), status)


@dataclass(slots=True)
class Sender:
    """Sends deliveries once each, several at a time, and tells `truth` of those that were acknowledged."""

    stage: Stage
    truth: Truth
    pause: float = 0.0
    log: list[Sent] = field(default_factory=list[Sent])

    def send(self, told: Sequence[Delivery], over: threading.Event | None = None) -> Counter[int]:
        """All of it, or as much as there is time for until `over` is set; how often each status was the answer."""
        with ThreadPoolExecutor(SENDERS) as pool:
            sent = list(pool.map(lambda delivery: self._send(delivery, over), told))
        return Counter(one.status for one in sent if one)

    def send_until_kept(self, told: Iterable[Delivery]) -> None:
        """As a sender that tries again."""
        with ThreadPoolExecutor(SENDERS) as pool:
            for _ in pool.map(self._insist, told):
                pass

    def _insist(self, delivery: Delivery) -> None:
        while (sent := self._send(delivery, None)) and sent.status != 200:
            time.sleep(0.1)

    def _send(self, delivery: Delivery, over: threading.Event | None) -> Sent | None:
        if over and over.is_set():
            return None
        time.sleep(self.pause)
        sent = post(self.stage.hook(), delivery)
        self.log.append(sent)
        if sent.status == 200:
            self.truth.told(delivery.ref, delivery.total, "thank_you")
        return sent


@contextmanager
def meanwhile(sender: Sender, told: Sequence[Delivery]) -> Iterator[Counter[int]]:
    """Send while the block does what it does, until it ends; the answers are in the counter by then."""
    over, answers = threading.Event(), Counter[int]()
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(sender.send, told, over)
        try:
            yield answers
        finally:
            over.set()
            answers.update(sending.result())


# --- afterwards -------------------------------------------------------------------------------------------------------


def seconds_until_quiet(stage: Stage) -> float:
    """Until nothing is owed. The short run waits neither for the leases of the dead nor for the pauses before another try."""
    if LONG:
        return stage.seconds_until_quiet()
    began = time.monotonic()
    stage.let_time_pass()
    wait_until(lambda: end_pauses(stage) or not stage.owes(), QUIET_SECONDS)
    return time.monotonic() - began


def end_pauses(stage: Stage) -> None:
    """Work that failed and is nobody's is tried again now."""
    with stage.db.house() as session:
        session.execute(text("UPDATE outbox SET lease_until = NULL WHERE attempts = 0"))
