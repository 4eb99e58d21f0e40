"""An estimate is given when there is something to estimate from, and not before."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.insight.rules import time_left

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("seen", "total", "elapsed", "left"),
    [
        (500, 1500, MINUTE, 2 * MINUTE),
        (1500, 1500, MINUTE, timedelta()),
        (1600, 1500, MINUTE, timedelta()),  # new ones came in meanwhile
        (500, None, MINUTE, None),
        (50, 1500, MINUTE, None),
        (500, 1500, timedelta(seconds=5), None),
        (30, 60, MINUTE, None),
        (60, 60, MINUTE, timedelta()),
        (0, 0, MINUTE, None),
    ],
)
def test_the_rest_takes_as_long_as_the_rate_says(
    seen: int, total: int | None, elapsed: timedelta, left: timedelta | None
) -> None:
    assert time_left(seen, total, elapsed) == left
