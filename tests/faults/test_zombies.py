"""A worker sleeps beyond its lease and wakes when somebody else has done its work: nothing that it writes then counts."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.domain.outbox.service import LEASE_SECONDS
from tests.conftest import Servers
from tests.faults.numbers import record
from tests.faults.stage import Stage, wait_until
from tests.faults.store import Shopkeeper, opened
from tests.trials import LONG, SLEEPS

REFUSED = (
    "claim.after_commit",
    "ingest.parsed",
    "ingest.before_commit",
    "plan.before_commit",
    "deliver.prepared",
    "pull.after_call",
    "pull.before_commit",
    "fetch.after_call",
    "fetch.before_commit",
    "track.after_call",
    "track.before_commit",
)
"""Whoever sleeps here has nothing to say any more."""
HANDED_OVER = ("deliver.after_sending", "email.after_dot", "email.after_reply", "deliver.before_outcome")
"""Whoever sleeps here is the only one who knows what became of the letter, and may say so late."""
SHORT = (
    "claim.after_commit",
    "ingest.before_commit",
    "deliver.after_sending",
    "deliver.before_outcome",
    "pull.after_call",
)
"""Where the short column tries it."""
ASLEEP_SECONDS = 1.1
"""How long a session must have slept to be ended."""


@pytest.mark.timeout(1500)
def test_f25_a_worker_that_slept_too_long_changes_nothing(
    servers: Servers, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    chosen = (*REFUSED, *HANDED_OVER) if LONG else SHORT
    trials = [(point, point in REFUSED) for point in chosen] * SLEEPS
    with opened(servers, tmp_path) as (stage, shopkeeper):
        for _ in range(2):
            stage.start_worker()
        seconds = [sleep_at(point, stage, shopkeeper, is_refused=is_refused) for point, is_refused in trials]
        numbers = shopkeeper.truth.compare(stage, "F25", len(trials), "sleeps", max(seconds))
    record(numbers, record_property)
    assert numbers.wrong == {}, stage.left()
    assert numbers.msgs_uncertain == 0


def sleep_at(point: str, stage: Stage, shopkeeper: Shopkeeper, *, is_refused: bool) -> float:
    stage.trap.set(f"{point} stop")
    order = shopkeeper.sell()
    shopkeeper.tell()
    shopkeeper.send(order)
    shopkeeper.hide_and_show(order)
    stage.begin_new_period()
    sleeper = stage.trap.victim()
    assert sleeper, f"nobody passed {point}"
    time.sleep(ASLEEP_SECONDS)
    seconds = stage.seconds_until_swept()
    refusals = stage.said().count("lease lost")
    os.kill(sleeper, signal.SIGCONT)
    if is_refused:
        assert wait_until(lambda: stage.said().count("lease lost") > refusals, 20), f"{point}: nothing was refused"
    wait_until(lambda: not stage.count("SELECT count(*) FROM message WHERE state = 'uncertain'"), 5)
    numbers = shopkeeper.truth.compare(stage, "F25", 1, point, seconds)
    assert (numbers.wrong, numbers.msgs_uncertain) == ({}, 0), f"after sleeping at {point}"
    return seconds


@pytest.mark.skipif(not LONG, reason="waits for a real lease to end")
def test_f25_a_lease_ends_by_itself(servers: Servers, tmp_path: Path) -> None:
    with opened(servers, tmp_path) as (stage, shopkeeper):
        for _ in range(2):
            stage.start_worker()
        stage.trap.set("ingest.parsed stop")
        shopkeeper.sell()
        shopkeeper.tell()
        sleeper = stage.trap.victim()
        assert sleeper
        seconds = stage.seconds_until_quiet()
        os.kill(sleeper, signal.SIGCONT)
        assert wait_until(lambda: "lease lost" in stage.said() or not is_alive(sleeper), 20)
        assert shopkeeper.truth.compare(stage, "F25", 1, "sleep", seconds).wrong == {}
    assert LEASE_SECONDS - 5 < seconds < LEASE_SECONDS + 15


def is_alive(pid: int) -> bool:
    """It may have been ended on waking, as one that takes longer than its work may."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
