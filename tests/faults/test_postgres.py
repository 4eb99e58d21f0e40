"""Postgres takes no writes, has no room, crashes and ends every session: nothing acknowledged is lost, nothing happens that is not
written down, and the house heals by itself."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sqlalchemy import text

from app.domain.effects import service as effects
from app.domain.effects.service import Draft
from app.domain.shops.rules import ShopFacts
from sandbox.servers.postgres_binaries import account_to_run_as
from tests.conftest import Servers
from tests.faults.market import let_minutes_pass, market
from tests.faults.numbers import record
from tests.faults.outages import OwnPostgres, Sender, Sent, meanwhile, own_postgres, seconds_until_quiet
from tests.faults.stage import Stage, raised, wait_until
from tests.faults.truth import Truth, deliveries
from tests.trials import POSTGRES_CRASHES, POSTGRES_ORDERS, SESSIONS_ENDED, UNWRITABLE_POSTS

Record = Callable[[str, object], None]

REFUNDS = 10
PAUSE = 0.4
"""Seconds between two webhooks of one sender."""
HEALED_WITHIN = 5.0
"""Seconds from the first connection that Postgres takes to the first webhook that is kept, and to the last that is refused."""


@pytest.fixture(scope="module")
def own() -> Iterator[OwnPostgres]:
    """Not below pytest's folder, which is closed to the user that Postgres runs as when we are root."""
    with TemporaryDirectory(prefix="encore-outages-") as folder, own_postgres(Path(folder)) as own:
        yield own


@pytest.fixture
def stage(servers: Servers, tmp_path: Path, own: OwnPostgres) -> Iterator[Stage]:
    with raised(own.servers(servers), tmp_path) as stage:
        stage.start_web()
        stage.start_worker()
        yield stage


# --- F08: it takes no writes ------------------------------------------------------------------------------------------


@pytest.mark.timeout(600)
def test_f08_read_only_means_later_and_nothing_leaves(
    servers: Servers, tmp_path: Path, own: OwnPostgres, record_property: Record
) -> None:
    with market() as stores, raised(own.servers(servers), tmp_path, base_url=stores.woocommerce_url) as stage:
        shop = stores.ready(stage, "woocommerce", REFUNDS)
        stage.start_web()
        stage.start_worker()
        sender, told = Sender(stage, Truth()), deliveries(UNWRITABLE_POSTS)
        half = len(told) // 2
        assert sender.send(told[:half]) == {200: half}
        intended = intend_refunds(stage, shop)
        own.forbid_writing()
        time.sleep(1)  # whoever was in the middle of it may end
        left, paid = sum(stage.mailbox.accepted.values()), stores.refunds(shop.platform).total()
        answers = sender.send(told[half:])
        time.sleep(2)
        left_meanwhile = sum(stage.mailbox.accepted.values()) - left
        paid_meanwhile = stores.refunds(shop.platform).total() - paid
        own.allow_writing()
        sender.send_until_kept(told[half:])
        let_minutes_pass(stage, shop)
        seconds = seconds_until_quiet(stage)
        numbers = sender.truth.compare(stage, "F08 read-only", len(told) - half, "posts refused", seconds)
        done = stores.refunds(shop.platform)
    numbers = replace(numbers, refunds_double=done.total() - len(done), refunds_missing=len(intended - done.keys()))
    record(numbers, record_property)
    assert answers == {503: len(told) - half}
    assert (left_meanwhile, paid_meanwhile) == (0, 0)
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain <= 1  # the one that was just being handed over


def intend_refunds(stage: Stage, shop: ShopFacts) -> set[str]:
    """Of every order the store had before; their keys."""
    with stage.db.transaction(shop.id) as session:
        for order_id in session.scalars(text("SELECT order_id FROM order_line WHERE requires_shipping")).all():
            effects.intend(
                session, shop.id, Draft(about_kind="return", about_id=order_id, order_id=order_id, amount=100)
            )
        return {str(key) for key in session.scalars(text("SELECT key FROM effect"))}


@pytest.mark.timeout(600)
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_f08_a_full_disk_means_later_and_nothing_is_lost(
    servers: Servers, tmp_path: Path, own: OwnPostgres, record_property: Record
) -> None:
    with a_small_disk(own) as disk, raised(own.servers(servers), tmp_path) as stage:
        disk.hold(str(stage.db.engine.url.database))
        stage.start_web()
        stage.start_worker()
        sender, told = Sender(stage, Truth()), deliveries(UNWRITABLE_POSTS)
        half = len(told) // 2
        assert sender.send(told[:half]) == {200: half}
        stage.seconds_until_quiet()
        disk.fill()
        answers = sender.send(told[half:])
        kept = stage.count("SELECT count(*) FROM inbox")
        acknowledged = answers[200] + half
        disk.empty()
        sender.send_until_kept(told[half:])
        numbers = sender.truth.compare(stage, "F08 disk full", len(told), "posts", seconds_until_quiet(stage))
    record(numbers, record_property)
    assert answers.keys() <= {200, 503}
    assert answers[503], "the disk was not full"
    assert acknowledged <= kept + len(told) - UNWRITABLE_POSTS
    assert numbers.wrong == {}


@dataclass
class SmallDisk:
    """A tablespace of a few megabytes, so that Postgres itself (its log of changes above all) has room while the rows have none."""

    own: OwnPostgres
    folder: Path

    def hold(self, database: str) -> None:
        self.own.end_sessions()
        self.own.say(f"ALTER DATABASE {database} SET TABLESPACE small")

    def fill(self) -> None:
        with (self.folder / "ballast").open("wb", buffering=0) as ballast, suppress(OSError):
            while True:
                ballast.write(bytes(8192))

    def empty(self) -> None:
        (self.folder / "ballast").unlink()


@contextmanager
def a_small_disk(own: OwnPostgres) -> Iterator[SmallDisk]:
    folder = own.folder / "small"
    folder.mkdir()
    account = account_to_run_as()
    owner = f",uid={account.uid},gid={account.gid}" if account else ""
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size=48m,mode=0700{owner}", "tmpfs", folder], check=True)
    try:
        own.say(f"CREATE TABLESPACE small LOCATION '{folder}'")
        yield SmallDisk(own, folder)
        own.say("DROP TABLESPACE small")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


# --- F09: it crashes, and sessions end ----------------------------------------------------------------------------------


@dataclass
class Outages:
    """When the database was away: pairs of moments (monotonic)."""

    windows: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def excuse(self, sent: Sent) -> bool:
        return any(sent.began <= up + HEALED_WITHIN and sent.ended >= down for down, up in self.windows)

    def slowest(self, log: list[Sent]) -> float:
        """Seconds from the end of an outage to the first webhook that was kept after it, at worst."""
        kept = sorted(sent.ended for sent in log if sent.status == 200)
        return max(next(moment for moment in kept if moment >= up) - up for _, up in self.windows)


@pytest.mark.timeout(1500)
def test_f09_postgres_crashes_under_load(stage: Stage, own: OwnPostgres, record_property: Record) -> None:
    sender, dice, outages = Sender(stage, Truth(), pause=PAUSE), random.Random(9), Outages()
    with meanwhile(sender, deliveries(POSTGRES_ORDERS)) as answers:
        for _ in range(POSTGRES_CRASHES):
            time.sleep(dice.uniform(1.0, 2.0))
            down = time.monotonic()
            own.crash()
            outages.windows.append((down, own.restart()))
        wait_until(
            lambda: any(sent.ended > outages.windows[-1][1] and sent.status == 200 for sent in sender.log),
            HEALED_WITHIN,
        )
    numbers = sender.truth.compare(stage, "F09 crash", POSTGRES_CRASHES, "crashes", seconds_until_quiet(stage))
    record(numbers, record_property)
    assert answers.keys() <= {200, 503}
    assert [sent for sent in sender.log if sent.status != 200 and not outages.excuse(sent)] == []
    assert outages.slowest(sender.log) <= HEALED_WITHIN
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain <= POSTGRES_CRASHES


@pytest.mark.timeout(900)
def test_f09_every_session_is_ended_under_load(stage: Stage, own: OwnPostgres, record_property: Record) -> None:
    sender, dice, ended = Sender(stage, Truth(), pause=PAUSE), random.Random(10), 0
    with meanwhile(sender, deliveries(POSTGRES_ORDERS)) as answers:
        for _ in range(SESSIONS_ENDED):
            time.sleep(dice.uniform(0.3, 0.8))
            ended += own.end_sessions()
    numbers = sender.truth.compare(stage, "F09 sessions", ended, "sessions ended", seconds_until_quiet(stage))
    record(numbers, record_property)
    assert answers.keys() <= {200, 503}
    assert answers[503] <= SESSIONS_ENDED
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain <= SESSIONS_ENDED
