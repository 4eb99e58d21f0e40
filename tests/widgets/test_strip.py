"""The strip's geometry: which days have a column, and where line and band lie."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.tracking.strip import MOST_COLUMNS, Lane, draw

FRIDAY = date(2026, 11, 20)


def day(number: int) -> date:
    return FRIDAY + timedelta(days=number)


def lane(started: int, reached: int, earliest: int | None = None, latest: int | None = None) -> Lane:
    promised = (day(earliest), day(latest)) if earliest is not None and latest is not None else (None, None)
    return Lane(started=day(started), reached=day(reached), earliest=promised[0], latest=promised[1])


def test_a_short_wait_shows_every_day_from_sending_to_the_day_after_the_range() -> None:
    strip = draw([lane(0, 3, 4, 6)])
    assert strip
    assert strip.columns == tuple(day(number) for number in range(8))
    assert strip.promised == {day(4), day(5), day(6)}
    (track,) = strip.tracks
    assert (track.start, track.end) == (6.25, 43.75)
    assert (track.band, track.width) == (50.75, 36.0)


def test_a_long_wait_leaves_out_the_days_between() -> None:
    strip = draw([lane(0, 6, 14, 16)])
    assert strip
    assert strip.columns == (day(0), None, day(6), None, day(14), day(15), day(16))


def test_a_wide_range_keeps_its_ends() -> None:
    strip = draw([lane(0, 3, 5, 20)])
    assert strip
    assert strip.columns == (day(0), None, day(3), None, day(5), None, day(20))


def test_several_parcels_stand_under_the_same_days() -> None:
    strip = draw([lane(0, 4), lane(1, 5, 5, 5), lane(4, 5, 7, 8)])
    assert strip
    assert len(strip.columns) <= MOST_COLUMNS
    assert strip.tracks[0].band is None
    assert strip.tracks[1].end == strip.tracks[2].end


def test_without_a_promise_there_is_no_strip() -> None:
    assert draw([lane(0, 3)]) is None


def test_a_line_that_would_run_backwards_is_a_point() -> None:
    strip = draw([lane(3, 1, 4, 5)])
    assert strip
    assert strip.tracks[0].start == strip.tracks[0].end


def lanes() -> st.SearchStrategy[Lane]:
    def build(started: int, walked: int, wait: int, width: int, promised: bool) -> Lane:
        return lane(
            started, started + walked, *((started + wait, started + wait + width) if promised else (None, None))
        )

    small = st.integers(0, 30)
    return st.builds(build, small, small, st.integers(-5, 40), small, st.booleans())


@given(st.lists(lanes(), min_size=1, max_size=5))
def test_whatever_is_drawn_fits_a_phone_and_stays_within_it(drawn: list[Lane]) -> None:
    strip = draw(drawn)
    if strip is None:
        return
    assert 2 <= len(strip.columns) <= MOST_COLUMNS
    shown = [column for column in strip.columns if column]
    assert shown == sorted(set(shown))
    for track in strip.tracks:
        assert 0 <= track.start <= track.end <= 100
        if track.band is not None:
            assert track.band >= 0
            assert track.width > 0
            assert track.band + track.width <= 100
