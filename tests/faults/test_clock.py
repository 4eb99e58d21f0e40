"""A machine whose clock is two hours wrong: no letter leaves early, none is held back, none twice, and links live as long as they
should; and the nights on which a shop's own clocks are changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
import requests
from sqlalchemy import func, select, text

from app.domain.apply import apply
from app.domain.shops.rules import Settings
from app.events import Source
from app.jobs import facts as gathered
from app.kernel.crypto import Link
from app.kernel.db import Database
from tests.builders import a_parcel, a_shop, an_order
from tests.conftest import Servers
from tests.faults.numbers import record
from tests.faults.stage import KEYS, Stage, raised, wait_until
from tests.faults.truth import Truth
from tests.trials import WRONG_CLOCK_ORDERS

Record = Callable[[str, object], None]

SOURCE = Path(__file__).with_name("wrong_clock.c")

EARLY = timedelta(minutes=90)
"""How long before its moment a letter must not leave; less than the clock is wrong by."""


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library that makes the clock of a process wrong."""
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("needs Linux and a C compiler")
    library = tmp_path_factory.mktemp("clock") / "wrong_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, SOURCE], check=True)
    return library


@pytest.mark.timeout(600)
def test_f19_a_web_process_and_two_workers_have_wrong_clocks(
    servers: Servers, tmp_path: Path, shim: Path, record_property: Record
) -> None:
    ahead, behind = ({"LD_PRELOAD": str(shim), "WRONG_BY": str(hours * 3600)} for hours in (2, -2))
    assert [round((time_there(wrong) - time.time()) / 3600) for wrong in (ahead, behind)] == [2, -2]
    with raised(servers, tmp_path) as stage:
        stage.start_web(**ahead)
        stage.start_worker(**behind)
        truth = orders_with_a_letter_due_later(stage)
        assert wait_until(lambda: len(stage.mailbox.accepted) >= WRONG_CLOCK_ORDERS, 60), "letters are held back"
        stage.start_worker(**ahead)
        assert wait_until(lambda: len(stage.workers[1].children()) > 1, 20)
        time.sleep(3)
        early = sum(stage.mailbox.accepted.values()) - WRONG_CLOCK_ORDERS
        assert [opens_a_page(stage, seconds) for seconds in (60, -60)] == [True, False]
        let_them_be_due(stage)
        seconds = stage.seconds_until_quiet()
        numbers = truth.compare(stage, "F19", 2 * WRONG_CLOCK_ORDERS, "letters", seconds)
    record(numbers, record_property)
    assert early == 0
    assert numbers.wrong == {}
    assert numbers.msgs_uncertain == 0


def time_there(environ: dict[str, str]) -> float:
    asked = [sys.executable, "-c", "import time; print(time.time())"]
    return float(subprocess.run(asked, env=environ, capture_output=True, check=True).stdout)


def orders_with_a_letter_due_later(stage: Stage) -> Truth:
    """Each is thanked for at once, and its parcel, which left without a number, is announced when none comes for a while."""
    now, truth = datetime.now(UTC), Truth()
    facts = []
    for number in range(WRONG_CLOCK_ORDERS):
        order = an_order(str(number), now, placed_at=now, email=f"shopper{number}@example.com")
        facts += [order, a_parcel(order.ref, updated_at=now, shipped_at=now - timedelta(minutes=120) + EARLY)]
        truth.told(order.ref, order.total, "thank_you", "shipped")
    with stage.db.transaction(stage.shop.id) as session:
        apply(session, stage.shop, facts, Source.WEBHOOK)
    return truth


def let_them_be_due(stage: Stage) -> None:
    with stage.db.transaction(stage.shop.id) as session:
        session.execute(text("UPDATE message SET due_at = now() WHERE state = 'planned'"))
        session.execute(text("UPDATE outbox SET due_at = now() WHERE kind = 'deliver'"))


def opens_a_page(stage: Stage, seconds: int) -> bool:
    """Whether a link opens that ends in so many seconds by the database's clock."""
    with stage.db.transaction(stage.shop.id) as session:
        subject = session.scalar(text("SELECT public_id::text FROM orders LIMIT 1")) or ""
        ends = session.scalars(select(func.now())).one() + timedelta(seconds=seconds)
    link = Link(purpose="track", shop=stage.shop.public_id, subject=subject, expires=int(ends.timestamp()))
    return requests.get(f"{stage.urls[0]}/t/{quote(KEYS.sign(link))}", timeout=10).status_code == 200


DAYS = Settings(earliest_days=1, latest_days=2)
NIGHTS = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),  # half an hour
    ("America/Santiago", date(2026, 9, 6)),  # its day begins at one
    ("Asia/Taipei", date(2026, 3, 29)),  # changes nothing
]


@pytest.mark.parametrize(("zone", "day"), NIGHTS, ids=[f"{zone} {day}" for zone, day in NIGHTS])
def test_f19_a_promise_counts_from_the_shops_own_day_when_its_clocks_change(db: Database, zone: str, day: date) -> None:
    """Every half hour around the change: an order of the Sunday itself counts from it, whatever the hour in UTC."""
    shop = a_shop(db, timezone=zone)
    begins = datetime.combine(day, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)
    moments = [begins + timedelta(minutes=30) * number for number in range(-4, 56)]
    with db.transaction(shop.id) as session:
        apply(session, shop, [an_order(str(n), placed_at=at) for n, at in enumerate(moments)], Source.WEBHOOK)
        ids = session.scalars(text("SELECT id FROM orders")).all()
        found = gathered.facts_for(session, replace(shop, settings=DAYS), ids)
    for facts in found.values():
        placed_on = facts.order.placed_at.astimezone(ZoneInfo(zone)).date()
        monday = day + timedelta(days=1)
        first = monday if placed_on <= day else day + timedelta(days=2)
        assert facts.promise is not None
        assert (facts.promise.earliest, facts.promise.latest) == (first, first + timedelta(days=1)), placed_on
