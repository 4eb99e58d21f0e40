"""Business time: real, fast, or standing still."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from app.kernel.clock import Clock, FastClock, Heard, SetClock, SharedClock, SystemClock


def test_the_system_clock_is_aware_and_in_utc() -> None:
    assert abs(SystemClock().now() - datetime.now(UTC)) < timedelta(seconds=5)
    assert SystemClock().now().tzinfo is UTC


def test_a_fast_clock_counts_from_its_origin() -> None:
    clock = FastClock(origin=datetime.now(UTC) - timedelta(seconds=100), rate=600)
    assert timedelta(seconds=100 * 599) <= clock.now() - datetime.now(UTC) < timedelta(seconds=110 * 600)


def test_a_fast_clock_is_the_same_in_every_process() -> None:
    origin = datetime.now(UTC) - timedelta(hours=1)
    one, other = FastClock(origin, 50).now(), FastClock(origin, 50).now()
    assert timedelta() <= other - one < timedelta(minutes=1)


def test_a_fast_clock_waits_for_an_origin_in_the_future() -> None:
    clock = FastClock(origin=datetime.now(UTC) + timedelta(hours=1), rate=600)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_set_clock_stands_where_it_is_put() -> None:
    clock = SetClock(datetime(2026, 11, 24, 10, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.at += timedelta(days=3)
    anybody: Clock = clock
    assert anybody.now() == datetime(2026, 11, 27, 10, tzinfo=UTC)


def test_a_shared_clock_carries_on_what_it_heard_whatever_this_machine_believes() -> None:
    told = datetime(2030, 1, 1, tzinfo=UTC)
    clock = SharedClock(lambda: Heard(told, time.monotonic() - 5))
    assert timedelta(seconds=5) <= clock.now() - told < timedelta(seconds=6)


def test_a_shared_clock_that_has_heard_nothing_is_the_machines_own() -> None:
    assert abs(SharedClock(lambda: None).now() - datetime.now(UTC)) < timedelta(seconds=5)
