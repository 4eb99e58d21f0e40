"""What the demo keeps between its starts, and that its clock never goes back."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel.config import Settings
from sandbox.demo.kept import NOTED_EVERY, Kept, check_ports, origin_of, take_lock
from sandbox.demo.telling import Trouble

NOW = datetime(2026, 11, 24, 10, 0, tzinfo=UTC)


def business_time(now: datetime, origin: datetime, rate: float) -> datetime:
    """As app/kernel/clock.py's FastClock tells it."""
    return origin + (now - origin) * rate


def test_the_first_start_begins_now() -> None:
    assert origin_of(NOW, 1440, None) == NOW


@given(
    rested=st.timedeltas(timedelta(), timedelta(days=3000)),
    lived=st.timedeltas(timedelta(), timedelta(days=3000)),
    unnoted=st.floats(0, NOTED_EVERY),
    rate=st.sampled_from([60.0, 1440.0, 7200.0]),
)
def test_business_time_rests_while_the_demo_does_and_never_goes_back(
    rested: timedelta, lived: timedelta, unnoted: float, rate: float
) -> None:
    noted = NOW + lived
    reached = noted + timedelta(seconds=unnoted * rate)
    later = NOW + lived / rate + timedelta(seconds=unnoted) + rested
    resumed = business_time(later, origin_of(later, rate, noted), rate)
    assert resumed >= min(reached, later) - timedelta(milliseconds=50)
    assert resumed >= reached - timedelta(seconds=1) or resumed >= later
    assert resumed <= max(later, noted + timedelta(seconds=NOTED_EVERY * rate)) + timedelta(seconds=1)


def test_what_was_kept_is_there_again(tmp_path: Path) -> None:
    first = Kept.load(tmp_path / "kept.json")
    first.business_time = NOW
    first.save()
    second = Kept.load(tmp_path / "kept.json")
    assert (second.secret_keys, second.ports, second.business_time) == (first.secret_keys, first.ports, NOW)
    assert (tmp_path / "kept.json").stat().st_mode & 0o077 == 0
    assert len(set(second.ports.values())) == len(second.ports)


def test_the_key_that_it_makes_is_one_that_the_house_takes(tmp_path: Path) -> None:
    kept = Kept.load(tmp_path / "kept.json")
    needed = {"DATABASE_URL": "postgres://a@b/c", "REDIS_URL": "redis://a", "PUBLIC_URL": "http://127.0.0.1:1"}
    assert Settings.from_env({**needed, "SECRET_KEYS": kept.secret_keys}).secret_keys[0][0] == "k1"


def test_a_port_that_was_taken_meanwhile_is_named(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(Trouble, match=f"port {port}, which was the demo's \\(web\\)"):
            check_ports({"web": port})
    check_ports({"web": port})


def test_two_demos_do_not_share_a_folder(tmp_path: Path) -> None:
    with take_lock(tmp_path / "demo"), pytest.raises(Trouble, match="runs already"):
        take_lock(tmp_path / "demo")
    take_lock(tmp_path / "demo").close()
