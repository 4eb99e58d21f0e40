"""The real processes on a stage: web and workers as production starts them, killed and started again, a mail server, and the trap
that kills one of them at a named point."""

from __future__ import annotations

import base64
import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from aiosmtpd.controller import Controller
from redis import Redis
from sqlalchemy import text

from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.works import hint_key
from app.kernel.crypto import Keyring
from app.kernel.db import Database
from tests.builders import a_shop
from tests.conftest import Servers

ROOT = Path(__file__).parents[2]
KEY = bytes(range(32))
KEYS = Keyring([("k1", KEY)])
SECRET = "a-webhook-secret-of-thirty-two-bytes"
LONG_AGO = 100
"""Seconds: longer than any lease."""
QUIET_SECONDS = 120.0
STANDSTILL_SECONDS = 60.0
"""Twice a lease: a backlog that has not become less for so long will not become less."""
PATIENCE = 4.0
"""Seconds until the next hundred are let pass."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Mailbox:
    """Takes every letter and counts it by its Message-ID at the moment it is accepted."""

    def __init__(self) -> None:
        self.accepted: Counter[str] = Counter()
        self.controller = Controller(self, hostname="127.0.0.1", port=free_port())

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd's name)
        self.accepted[str(message_from_bytes(envelope.content)["Message-ID"])] += 1
        return "250 taken"


# --- processes --------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Process:
    """One process group that may be killed at any moment."""

    command: list[str]
    environ: dict[str, str]
    log: Path
    running: subprocess.Popen[bytes] | None = field(default=None)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command, env=self.environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """All of the group at once, with nothing left to say."""
        if self.running:
            with suppress(ProcessLookupError):  # it had ended by itself, and nobody is left of its group
                os.killpg(self.running.pid, signal.SIGKILL)
            self.running.wait()

    def kill_parent(self) -> None:
        """The first of the group alone; the others must notice."""
        if self.running:
            self.running.kill()
            self.running.wait()

    def stop(self) -> int:
        """As a platform stops a process; its exit code."""
        if self.running is None:
            return 0
        os.killpg(self.running.pid, signal.SIGTERM)
        return self.running.wait(30)

    def children(self) -> list[int]:
        """Who lives of those that it has started."""
        parent = str(self.running.pid) if self.running else ""
        listed = subprocess.run(["ps", "-A", "-o", "ppid=,pid=,stat="], capture_output=True, text=True, check=True)
        rows = (line.split() for line in listed.stdout.splitlines())
        return [int(pid) for ppid, pid, state, *_ in rows if ppid == parent and not state.startswith("Z")]


def web_process(environ: dict[str, str], port: int, log: Path) -> Process:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "app.main:create_application"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--blocking-threads", "16"]
    return Process(command, environ, log)


def worker_process(environ: dict[str, str], log: Path) -> Process:
    return Process([sys.executable, "-m", "app.worker"], environ, log)


def wait_for(url: str, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if requests.get(url, timeout=2).ok:
                return
        except requests.RequestException:
            pass
        time.sleep(0.05)
    raise TimeoutError(url)


def wait_until(is_so: Callable[[], object], seconds: float) -> bool:
    """Whether it came to be so in time."""
    until = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


@dataclass(frozen=True, slots=True)
class Trap:
    """The file that `FAULT_AT` names (app/kernel/faults.py)."""

    path: Path

    def set(self, order: str) -> None:
        """`point`, `point:3` or `point stop`. What was set before and has caught nobody is taken away."""
        self.clear()
        beside = self.path.with_suffix(".new")
        beside.write_text(order, encoding="utf-8")
        beside.rename(self.path)

    def clear(self) -> None:
        for left in (self.path, *self._sprung()):
            left.unlink(missing_ok=True)

    def victim(self, seconds: float = 20) -> int | None:
        """The process that was caught, once one is; None when none came by in time."""
        wait_until(self._sprung, seconds)
        return next((int(path.suffix[1:]) for path in self._sprung()), None)

    def _sprung(self) -> list[Path]:
        return [path for path in self.path.parent.glob(f"{self.path.name}.*") if path.suffix[1:].isdecimal()]


# --- the stage --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Stage:
    """One shop in a database of its own. Processes are started by whoever needs them, and all end with the stage."""

    db: Database
    valkey: Redis
    mailbox: Mailbox
    shop: ShopFacts
    environ: dict[str, str]
    folder: Path
    trap: Trap
    stack: ExitStack
    webs: list[Process] = field(default_factory=list[Process])
    workers: list[Process] = field(default_factory=list[Process])
    urls: list[str] = field(default_factory=list[str])

    def start_web(self, **environ: str) -> Process:
        """The first one stands where `PUBLIC_URL` says, the others beside it."""
        port = free_port() if self.webs else urlsplit(self.environ["PUBLIC_URL"]).port or 0
        process = web_process({**self.environ, **environ}, port, self.folder / f"web-{len(self.webs)}.log")
        self.webs.append(process)
        self.urls.append(f"http://127.0.0.1:{port}")
        self._begin(process)
        wait_for(f"{self.urls[-1]}/healthz")
        return process

    def start_worker(self, **environ: str) -> Process:
        log = self.folder / f"worker-{len(self.workers)}.log"
        process = worker_process({**self.environ, **environ}, log)
        self.workers.append(process)
        self._begin(process)
        return process

    def _begin(self, process: Process) -> None:
        process.start()
        self.stack.callback(process.kill)

    def hook(self, web: int = 0) -> str:
        """Where the shop's webhooks are posted."""
        return f"{self.urls[web]}/hooks/{self.shop.platform}/{self.shop.public_id}"

    def said(self) -> str:
        """What all processes have logged."""
        return "".join(path.read_text(encoding="utf-8", errors="replace") for path in self.folder.glob("*.log"))

    def count(self, question: str) -> int:
        """The answer to an SQL question that is one number, asked as the shop."""
        with self.db.transaction(self.shop.id) as session:
            return session.scalar(text(question)) or 0

    def owes(self) -> bool:
        """Whether anything is left to do, or stands parked."""
        return self.count("SELECT count(*) FROM outbox") > 0

    def left(self) -> list[str]:
        """What is still owed, in words for whoever reads a failure: kinds with their tries, their last error and whether they wait
        or are parked."""
        with self.db.house() as session:
            rows = session.execute(
                text(
                    "SELECT count(*) AS times, kind, attempts, failures, last_error, parked_at IS NOT NULL AS is_parked,"
                    " lease_until > now() AS is_leased FROM outbox GROUP BY 2, 3, 4, 5, 6, 7 ORDER BY 2, 3"
                )
            )
            return [str(dict(row._mapping)) for row in rows]

    def is_at_rest(self) -> bool:
        """Whether nothing is left to do but what waits for its second chance."""
        return not self.count("SELECT count(*) FROM outbox WHERE parked_at IS NULL")

    def let_a_day_pass(self) -> int:
        """For what was parked because its workers died (`outbox.try_again`); how much that was."""
        with self.db.house() as session:
            waited = session.execute(
                text(
                    "UPDATE outbox SET parked_at = parked_at - interval '1 day' WHERE last_error = 'no_outcome' RETURNING id"
                )
            )
            return len(waited.all())

    def seconds_until_quiet(self, patience: float = QUIET_SECONDS) -> float:
        """Until nothing is owed any more."""
        return self._seconds_until(lambda: not self.owes(), patience)

    def seconds_until_drained(self) -> float:
        """The same for a backlog of any size: as long as it shrinks it is waited for, and given up when it stands still."""
        started = time.monotonic()
        fewest, is_less = self.steps_left(), True
        while fewest and is_less:
            is_less = wait_until(lambda fewest=fewest: self.steps_left() < fewest, STANDSTILL_SECONDS)
            fewest = self.steps_left()
        return time.monotonic() - started

    def steps_left(self) -> int:
        """Of what is told of orders each is read, planned for and written to: the steps that are owed or stand parked."""
        return self.count("SELECT sum(CASE kind WHEN 'ingest' THEN 3 WHEN 'plan' THEN 2 ELSE 1 END) FROM outbox")

    def seconds_until_at_rest(self, patience: float = QUIET_SECONDS) -> float:
        return self._seconds_until(self.is_at_rest, patience)

    def _seconds_until(self, is_so: Callable[[], bool], patience: float) -> float:
        started = time.monotonic()
        wait_until(is_so, patience)
        return time.monotonic() - started

    def seconds_until_swept(self) -> float:
        """Until one reconciling sweep has been struck and is done, with waits cut short. Parcels that it brought and nobody has
        asked a carrier about are asked about in the period after it."""
        started = time.monotonic()
        self.let_time_pass()
        self._do_all_of("%")
        if self.count("SELECT count(*) FROM shipment WHERE status = 'unknown'"):
            self._do_all_of("track%")
        return time.monotonic() - started

    def _do_all_of(self, name: str) -> None:
        until = time.monotonic() + QUIET_SECONDS
        self.begin_new_period(name)
        wait_until(lambda: self.count("SELECT count(*) FROM tick WHERE name LIKE 'track%'"), QUIET_SECONDS)
        while not wait_until(lambda: not self.owes(), PATIENCE) and time.monotonic() < until:
            self.let_time_pass()

    def let_time_pass(self) -> None:
        """A hundred seconds, as far as leases, waits and hints can tell; a session that sleeps in a transaction is ended, as
        Postgres does after sixty."""
        with self.db.house() as session:
            session.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
                    " AND state LIKE 'idle in transaction%' AND pid <> pg_backend_pid() AND state_change < now() - interval '1 s'"
                )
            )
            session.execute(
                text("UPDATE outbox SET lease_until = lease_until - make_interval(secs => :seconds)"),
                {"seconds": LONG_AGO},
            )
        self.forget_hints()

    def forget_hints(self) -> None:
        """As if the time were over in which a hint is not repeated."""
        for key in self.valkey.keys(hint_key("*", 0).replace("0", "*")):
            self.valkey.delete(key)

    def begin_new_period(self, name: str = "%") -> None:
        """Periodic work of names like this is due again, or all of it, the reconciling sweep among it."""
        with self.db.house() as session:
            session.execute(text("DELETE FROM tick WHERE name LIKE :name"), {"name": name})


@contextmanager
def raised(servers: Servers, folder: Path, name: str = "stage", *, base_url: str = "") -> Iterator[Stage]:
    """A stage with a shop. Without `base_url` nothing answers as its store: what is told is all there is."""
    name = f"{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with ExitStack() as stack:
        database_url = servers.new_database(name)
        stack.callback(servers.postgres.drop_database, f"{servers.template}_{name}")
        mailbox = Mailbox()
        mailbox.controller.start()
        stack.callback(mailbox.controller.stop)
        valkey = stack.enter_context(Redis.from_url(servers.valkey_url))
        valkey.flushdb()
        trap = Trap(folder / "fault")
        db = stack.enter_context(closing(Database(database_url)))
        yield Stage(
            db=db,
            valkey=valkey,
            mailbox=mailbox,
            shop=_open_shop(db, base_url),
            environ={
                "PATH": "/usr/bin:/bin",
                "DATABASE_URL": database_url,
                "REDIS_URL": servers.valkey_url,
                "PUBLIC_URL": f"http://127.0.0.1:{free_port()}",
                "SECRET_KEYS": f"k1:{base64.urlsafe_b64encode(KEY).decode()}",
                "SMTP_URL": f"smtp://127.0.0.1:{mailbox.controller.port}",
                "ALLOW_PRIVATE_ADDRESSES": "true",
                "POLL_SECONDS": "86400",
                "FAULT_AT": str(trap.path),
            },
            folder=folder,
            trap=trap,
            stack=stack,
        )


def _open_shop(db: Database, base_url: str) -> ShopFacts:
    shop = a_shop(db, base_url=base_url or "http://127.0.0.1:9")
    with db.transaction(shop.id) as session:
        shops.store_secret(session, KEYS, shop.id, "webhook_secret", SECRET)
        session.execute(text("UPDATE shop SET is_connected = :is_there"), {"is_there": bool(base_url)})
    return shop
