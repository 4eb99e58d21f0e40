"""Every letter in every language and voice, with everything known and with as little as may be known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import lru_cache
from itertools import product

import pytest
import regex

from app.channels.base import Letter
from app.domain.promises.rules import Promise
from app.jobs.followups.base import Facts
from app.jobs.letters import compose
from app.kernel.copy import catalogue
from tests.sample_facts import ADDRESS, HOUSE, KEY, LINKS, facts, order, parcel, shop

WANTED = {
    "en": "en-GB", "en-US": "en-US", "de-DE": "de-DE", "de-AT": "de-AT", "sv": "sv", "cs-CZ": "cs-CZ", "zh-TW": "zh-Hant-TW",
}  # fmt: skip
"""Language of the order, and the tag of what must be written."""
VOICES = ("formal", "informal")
TEMPLATES = ("thank_you", "thank_you_late", "shipped", "shipped_untracked")
PROMISES = {
    "none": None,
    "one day": Promise(earliest=date(2026, 12, 3), latest=date(2026, 12, 3)),
    "one month": Promise(earliest=date(2026, 12, 3), latest=date(2026, 12, 5)),
    "two years": Promise(earliest=date(2026, 12, 30), latest=date(2027, 1, 2)),
}
LITERAL = re.compile(r"\{%.*?%\}|\{\{.*?\}\}")
MOST_HTML = 100_000
MOST_SUBJECT = 30
"""Graphemes, with a first name of eight letters and an order number of five signs."""
GRAPHEME = regex.compile(r"\X")


def everything(language: str, voice: str, template: str) -> Iterator[tuple[str, Facts]]:
    """The facts of one template, each thing that may be missing there and not there, by a description."""
    flags = product((True, False), repeat=4)
    for promise, (has_name, has_carrier, has_contact, has_address) in product(PROMISES, flags):
        settings = replace(
            shop().settings,
            voice=voice,
            phone="030 000 000" if has_contact else "",
            hours="9–17" if has_contact and has_name else "",
            sender_name="Lena" if has_name else "",
            returns_url="https://nebelkamp.example/r" if has_address else "",
        )
        bought = order(
            language=language,
            first_name="Johannes" if has_name else None,
            last_name="Wendt" if has_name else "",
            address=ADDRESS if has_address else None,
            tax=233 if has_contact else 0,
        )
        number = "" if template == "shipped_untracked" else "00340434161094015902"
        sent = parcel(tracking_number=number, carrier="DHL" if has_carrier else "")
        found = facts(shop=shop(settings=settings), order=bought, promise=PROMISES[promise])
        if template == "thank_you_late":
            found = replace(found, shipments=(sent,))
        elif template != "thank_you":
            found = replace(found, shipment=sent, shipments=(sent,))
        yield f"{promise}, name {has_name}, carrier {has_carrier}, contact {has_contact}, address {has_address}", found


def write(template: str, found: Facts) -> Letter:
    return compose(template.removesuffix("_late"), found, LINKS, KEY, house_address=HOUSE)


@lru_cache
def sentences(language: str) -> frozenset[str]:
    """What stands between the variables of a language's letters and phrases, where it is long enough to be told apart."""
    words = catalogue()
    branches = ("phrases.", "messages.thank_you.", "messages.shipped.", "messages.shipped_untracked.", "common.order")
    paths = [path for path in words.paths(language) if path.startswith(branches) and not path.endswith("sms")]
    sources = {words.source(path, language, voice) for path in paths for voice in VOICES}
    shortest = 5 if language == "zh-Hant" else 12
    parts = (part.strip(" \n.,:") for source in sources for part in LITERAL.split(source))
    return frozenset(part for part in parts if len(part) >= shortest)


def foreign_words(letter: Letter, language: str) -> list[str]:
    own = sentences(language)
    others = frozenset[str]().union(*(sentences(other) for other in catalogue().languages if other != language))
    said = letter.subject + letter.text + letter.html
    return [words for words in others - own if words in said and not any(words in sentence for sentence in own)]


def faults(letter: Letter) -> list[str]:
    """What must stand in no letter."""
    plain = f"{letter.subject}\n{letter.text}"
    bad = {
        "Liquid": r"\{\{|\{%|\}\}|%\}",
        "a value of the machine": r"\bNone\b|\bnil\b|Markup|&lt;|\bTrue\b|\bFalse\b",
        "a hole": r"  | [.,;:!?。，]|\(\s*\)|（\s*）|,,|\.\.|。。",
        "needless lines": r"\n\n\n|[ \t]\n|^\s",
    }
    found = [name for name, pattern in bad.items() if re.search(pattern, plain)]
    if re.search(r"\{\{|\{%|%\}|>\s*None\s*<|Markup|<div[^>]*>\s*</div>|<h2[^>]*>\s*</h2>", letter.html):
        found.append("HTML")
    if len(letter.html.encode()) >= MOST_HTML:
        found.append("size")
    return found


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("voice", VOICES)
@pytest.mark.parametrize("language", WANTED)
def test_every_letter_is_whole_short_named_and_in_its_orders_language(language: str, voice: str, template: str) -> None:
    own = {"en": "en", "de": "de", "sv": "sv", "cs": "cs", "zh": "zh-Hant"}[language.partition("-")[0]]
    for described, found in everything(language, voice, template):
        letter = write(template, found)
        assert letter.language == WANTED[language], described
        assert faults(letter) == [], f"{described}\n{letter.subject}\n{letter.text}"
        assert foreign_words(letter, own) == [], described
        assert "#1042" in letter.text, described
        assert len(GRAPHEME.findall(letter.subject)) <= MOST_SUBJECT, letter.subject


@pytest.mark.parametrize("variant", ["a", "b"])
@pytest.mark.parametrize("template", ["thank_you", "shipped", "shipped_untracked"])
@pytest.mark.parametrize("language", ["en", "de", "sv", "cs", "zh-TW"])
def test_both_subjects_are_short(language: str, template: str, variant: str) -> None:
    shopper = {"first_name": "Johannes", "full_name": "Johannes Wendt", "first_name_vocative": "Johannes"}
    if language == "zh-TW":
        shopper["full_name"] = "歐陽小明"
    for voice in VOICES:
        speaker = catalogue().speaker(language, "en", voice)
        subject = speaker.text(
            f"messages.{template}.subject.{variant}", {"shopper": shopper, "order": {"number": "#1042"}}
        )
        assert len(GRAPHEME.findall(subject)) <= MOST_SUBJECT, subject
