"""The promise drawn as a row of days: the band is what we said, the ink is what happened. A letter has no "today"."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from app.domain.promises.rules import Promise
from app.kernel.copy import Speaker
from app.kernel.language import day_and_month, weekday

MOST_DAYS = 9
"""Columns that a narrow phone can show."""
A_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One column. `kind`: start (the order or the sending: a fact), wait, gap (days left out), promised, after."""

    kind: str
    weekday: str = "…"
    number: str = ""


def strip(start: date, promise: Promise, speaker: Speaker) -> tuple[Day, ...]:
    """From the day of the letter to a day after the promise; () where no phone could show it."""
    promised = _days(promise.earliest, promise.latest)
    before = [day for day in _days(start, promise.earliest) if day < promise.earliest]
    room = MOST_DAYS - len(promised) - 1
    if room < (2 if len(before) > 1 else len(before)):
        return ()
    shortened = before if len(before) <= room else before[:1]
    columns = [_day("start" if day == start else "wait", day, speaker) for day in shortened]
    if len(shortened) < len(before):
        columns.append(Day(kind="gap"))
    columns += [_day("promised", day, speaker) for day in promised]
    return (*columns, _day("after", promise.latest + timedelta(days=1), speaker))


def in_words(start: date, promise: Promise, speaker: Speaker) -> str:
    """The weekdays, for a headline: "Thursday – Saturday"; the dates, where a weekday could be taken for one of this week. Empty
    for a range so wide that it is no headline."""
    if (promise.latest - promise.earliest).days >= A_WEEK:
        return ""
    is_near = (promise.latest - start).days < A_WEEK
    first, last = (
        weekday(day, speaker.locale) if is_near else day_and_month(day, speaker.locale, start)
        for day in (promise.earliest, promise.latest)
    )
    words = first if first == last else speaker.text("phrases.weekdays", {"earliest": first, "latest": last})
    return words[0].upper() + words[1:]


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=count) for count in range((last - first).days + 1)]


def _day(kind: str, day: date, speaker: Speaker) -> Day:
    return Day(kind=kind, weekday=weekday(day, speaker.locale, short=True), number=str(day.day))
