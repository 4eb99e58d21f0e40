"""The strip: a line that walks from the day of sending towards the band of days that was promised. Geometry only."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

MOST_COLUMNS = 9
"""As many as a phone can show."""
GAP = 0.06
"""Of a column, on both sides of a band, so that two bands on neighbouring days stay two."""
A_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A parcel's days: sent, arrived or today, and what was promised, if anything was."""

    started: date
    reached: date
    earliest: date | None = None
    latest: date | None = None

    @property
    def promised(self) -> frozenset[date]:
        if not self.earliest or not self.latest:
            return frozenset()
        days = (self.latest - self.earliest).days
        return frozenset(self.earliest + A_DAY * number for number in range(days + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """A lane in per cent of the strip's width: the line from `start` to `end`, the band from `band` on, `width` wide."""

    start: float
    end: float
    band: float | None = None
    width: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Strip:
    """Columns are days, or None where days are left out; promised days are those of any lane."""

    columns: tuple[date | None, ...]
    promised: frozenset[date]
    tracks: tuple[Track, ...]


def draw(lanes: Sequence[Lane]) -> Strip | None:
    """One column a day from the first sending to a day after everything; long waits leave days out. None for lanes that promise
    nothing, and for those that no phone could show."""
    promised = frozenset[date]().union(*(lane.promised for lane in lanes))
    columns = _columns(lanes, promised) if promised else None
    if columns is None:
        return None
    return Strip(columns=columns, promised=promised, tracks=tuple(_track(lane, columns) for lane in lanes))


def _columns(lanes: Sequence[Lane], promised: frozenset[date]) -> tuple[date | None, ...] | None:
    ends = {day for lane in lanes for day in (lane.started, lane.reached)}
    edges = {day for lane in lanes for day in (lane.earliest, lane.latest) if day}
    first, last = min(ends | promised), max(ends | promised) + A_DAY
    if (last - first).days < MOST_COLUMNS:
        return tuple(first + A_DAY * number for number in range((last - first).days + 1))
    for kept in (ends | promised, ends | edges, {first, *(lane.reached for lane in lanes)} | edges):
        columns = _with_gaps(sorted(kept))
        if len(columns) <= MOST_COLUMNS:
            return columns
    return None


def _with_gaps(days: Sequence[date]) -> tuple[date | None, ...]:
    columns: list[date | None] = [days[0]]
    for before, day in pairwise(days):
        columns += [day] if day - before == A_DAY else [None, day]
    return tuple(columns)


def _track(lane: Lane, columns: Sequence[date | None]) -> Track:
    share = 100 / len(columns)
    start, end = (_place(day, columns) for day in (lane.started, max(lane.started, lane.reached)))
    track = Track(start=round((start + 0.5) * share, 2), end=round((end + 0.5) * share, 2))
    if not lane.earliest or not lane.latest:
        return track
    first, last = _place(lane.earliest, columns), _place(lane.latest, columns)
    band, width = (first + GAP) * share, (last - first + 1 - 2 * GAP) * share
    return Track(start=track.start, end=track.end, band=round(band, 2), width=round(width, 2))


def _place(day: date, columns: Sequence[date | None]) -> int:
    """The column of a day; of one that is left out, the last column before it."""
    places = [(shown, place) for place, shown in enumerate(columns) if shown]
    found = bisect_right(places, day, key=lambda entry: entry[0]) - 1
    return places[max(found, 0)][1]
