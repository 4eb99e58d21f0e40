"""When an order should be there, and when to say nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

SATURDAY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """The days that we name, both in the shop's zone."""

    earliest: date
    latest: date


def add_working_days(day: date, count: int) -> date:
    """The `count`-th working day (Monday to Friday) after `day`."""
    while count > 0:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY:
            count -= 1
    return day


def promise_for(
    placed_on: date, earliest_days: int, latest_days: int, expected_from: date | None, expected_until: date | None
) -> Promise | None:
    """What a carrier or platform expects wins over the merchant's usual working days; without either, no promise."""
    if expected_until:
        return Promise(earliest=min(expected_from or expected_until, expected_until), latest=expected_until)
    if 0 < earliest_days <= latest_days:
        return Promise(
            earliest=add_working_days(placed_on, earliest_days), latest=add_working_days(placed_on, latest_days)
        )
    return None
