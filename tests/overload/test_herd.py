"""F23: two hours of deliveries and letters come at once, after something was away. Shoppers notice little, and it is worked off."""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from tests.conftest import TRIALS
from tests.faults.stage import Stage
from tests.overload import crowd
from tests.overload.masses import deliver_many, page_of_an_order
from tests.trials import HERD, LONG

VISITORS = 2
PAUSE = 0.05
PATIENCE = 3_600 if LONG else 300
"""Seconds."""
NORMAL = 20_000 / 7_200
"""Deliveries a second of the shop whose two hours these are."""


@pytest.mark.timeout(PATIENCE + 120)
def test_a_herd_is_worked_off_and_shoppers_notice_little(
    stage: Stage, record_property: Callable[[str, object], None]
) -> None:
    stage.start_web()
    port = urlsplit(stage.urls[0]).port or 0
    page = page_of_an_order(stage)
    idle = crowd.ask(port, page, visitors=VISITORS, seconds=2, pause=PAUSE)
    deliver_many(stage.db, stage.shop.id, range(100_000, 100_000 + HERD))
    stage.start_worker()
    began = time.monotonic()
    busy = crowd.ask(port, page, visitors=VISITORS, seconds=4, pause=PAUSE)
    is_busy = stage.owes()
    stage.seconds_until_quiet(PATIENCE)
    seconds = time.monotonic() - began
    sent = sum(stage.mailbox.accepted.values())
    record_property(
        TRIALS,
        f"{HERD} deliveries at once, read and {sent} letters sent in {seconds:.0f} s ({HERD / seconds / NORMAL:.0f} x normal);"
        f" pages p95 {idle.p95 * 1e3:.0f} ms before, {busy.p95 * 1e3:.0f} ms meanwhile",
    )
    assert not stage.owes(), stage.said()[-2_000:]
    assert HERD / seconds >= (3 * NORMAL if LONG else 0)
    assert is_busy
    assert set(busy.statuses) == {"200"}
    assert busy.p95 <= 2 * idle.p95 + 0.1
    assert stage.count("SELECT count(*) FROM orders") == HERD + 1
