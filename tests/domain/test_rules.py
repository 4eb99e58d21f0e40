"""The pure rules: ladder, promise, settings."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.domain.promises.rules import Promise, promise_for
from app.domain.shipments.rules import RUNGS, Standing, highest
from app.domain.shops.rules import Settings, settings_from
from app.events import ShipmentStatus
from tests.builders import NOON

standings = st.builds(
    Standing,
    status=st.sampled_from(ShipmentStatus),
    at=st.integers(0, 500).map(lambda hours: NOON + timedelta(hours=hours)),
)


def test_every_status_has_its_rung() -> None:
    assert set(RUNGS) == set(ShipmentStatus)


@given(st.lists(standings, min_size=1), st.randoms())
def test_where_a_parcel_stands_does_not_depend_on_the_order_of_its_news(news: list[Standing], dice: object) -> None:
    shuffled = sorted(news, key=lambda _: dice.random())  # type: ignore[attr-defined]
    assert highest(shuffled + shuffled) == highest(news)


@given(st.lists(standings, min_size=1), standings)
def test_more_news_never_takes_a_parcel_down(news: list[Standing], more: Standing) -> None:
    before, after = highest(news), highest([*news, more])
    assert (RUNGS[after.status], after.at) >= (RUNGS[before.status], before.at)


def test_a_carriers_day_wins_over_the_shops_usual_days() -> None:
    monday = date(2026, 11, 23)
    assert promise_for(monday, 2, 3, None, date(2026, 12, 1)) == Promise(
        earliest=date(2026, 12, 1), latest=date(2026, 12, 1)
    )
    assert promise_for(monday, 2, 3, None, None) == Promise(earliest=date(2026, 11, 25), latest=date(2026, 11, 26))


def test_working_days_leave_out_the_weekend() -> None:
    assert promise_for(date(2026, 11, 26), 1, 2, None, None) == Promise(
        earliest=date(2026, 11, 27), latest=date(2026, 11, 30)
    )


def test_no_days_no_promise() -> None:
    assert promise_for(date(2026, 11, 23), 0, 0, None, None) is None


def test_unknown_settings_and_wrong_types_are_left_at_their_defaults() -> None:
    assert settings_from({"phone": "+49 30 1", "latest_days": "soon", "colour_of_the_moon": 1}) == Settings(
        phone="+49 30 1"
    )
