"""The promise as a row of days."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.promises.rules import Promise
from app.jobs.letters.strip import MOST_DAYS, in_words, strip
from app.kernel.copy import catalogue

START = date(2026, 12, 1)  # a Tuesday
ENGLISH = catalogue().speaker("en", "en", "formal")


def promise(first: int, last: int) -> Promise:
    return Promise(earliest=START + timedelta(days=first), latest=START + timedelta(days=last))


@pytest.mark.parametrize(
    ("first", "last", "drawn"),
    [
        (0, 0, "promised after"),
        (1, 1, "start promised after"),
        (2, 4, "start wait promised promised promised after"),
        (5, 7, "start wait wait wait wait promised promised promised after"),
        (9, 11, "start gap promised promised promised after"),
        (1, 7, "start promised promised promised promised promised promised promised after"),
        (2, 8, ""),
        (1, 9, ""),
    ],
)
def test_it_runs_from_the_letter_to_a_day_after_the_promise(first: int, last: int, drawn: str) -> None:
    days = strip(START, promise(first, last), ENGLISH)
    assert " ".join(day.kind for day in days) == drawn
    assert len(days) <= MOST_DAYS


def test_days_carry_their_names() -> None:
    start, promised, after = strip(START, promise(1, 1), ENGLISH)
    assert [(day.weekday, day.number) for day in (start, promised, after)] == [("Tue", "1"), ("Wed", "2"), ("Thu", "3")]


@pytest.mark.parametrize(
    ("language", "first", "last", "words"),
    [
        ("en", 2, 4, "Thursday – Saturday"),
        ("en", 2, 2, "Thursday"),
        ("de", 2, 4, "Donnerstag – Samstag"),
        ("sv", 2, 4, "Torsdag – lördag"),
        ("cs", 2, 4, "Čtvrtek – sobota"),
        ("zh-TW", 2, 4, "星期四至星期六"),
        ("en", 5, 6, "Sunday – Monday"),
        ("en", 6, 7, "7 December – 8 December"),
        ("de", 13, 13, "14. Dezember"),
        ("zh-TW", 13, 15, "12月14日至12月16日"),
        ("en", 34, 34, "4 January 2027"),
        ("en", 2, 9, ""),
    ],
)
def test_in_words_it_is_weekdays_while_they_are_enough(language: str, first: int, last: int, words: str) -> None:
    assert in_words(START, promise(first, last), catalogue().speaker(language, "en", "formal")) == words
