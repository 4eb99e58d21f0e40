"""Whether the story is whole: what the sandbox knows to be true against what the house believes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.domain.insight.audit import WRONG
from sandbox.demo.books import Book


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """An order that this run placed. `language` is the one its buyer is to be written to in."""

    platform: str
    number: str
    email: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A mail as it arrived."""

    to: str
    subject: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """An order's tracking page as a shopper got it: HTTP status, whether the order's number and the word for "delivered" in the
    shopper's language stand on it, and the states of the parcels."""

    status: int
    has_number: bool
    has_word: bool
    parcels: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """All that the verdict rests on. `truth` is the sandbox's, `books` the house's by platform, `audit` its own opinion."""

    truth: Mapping[str, Any]
    books: Mapping[str, Book]
    audit: Mapping[str, int]
    pages: Mapping[Placed, Page]
    letters: Sequence[Letter]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Numbers to print, and in words what is wrong: nothing, when the story is whole."""

    numbers: dict[str, Any]
    problems: list[str]


def judge(evidence: Evidence) -> Verdict:
    duplicates = _duplicates(evidence)
    lost = lost_things(evidence.truth, evidence.books)
    messages = sum((book.messages for book in evidence.books.values()), Counter[str]())
    problems = [f"the mail {message_id} arrived more than once" for message_id in duplicates]
    problems += [f"{thing} never arrived" for thing in lost]
    if messages["sent"] != len(evidence.truth["mails"]):
        problems.append(f"{messages['sent']} mails were sent, {len(evidence.truth['mails'])} arrived")
    problems += [f"audit: {name} is {evidence.audit[name]}" for name in WRONG if evidence.audit[name]]
    for placed, page in evidence.pages.items():
        problems += _page_problems(placed, page)
        problems += _letter_problems(placed, [letter for letter in evidence.letters if letter.to == placed.email])
    numbers = {
        "orders": evidence.audit["orders"],
        "events": evidence.audit["events"],
        "messages": evidence.audit["sent"],
        "skipped": messages["skipped"],
        "duplicates": len(duplicates),
        "lost": len(lost),
        "audit": dict(evidence.audit),
    }
    return Verdict(numbers=numbers, problems=problems)


def lost_things(truth: Mapping[str, Any], books: Mapping[str, Book]) -> list[str]:
    """Orders and numbered parcels of the stores that the house does not know."""
    lost: list[str] = []
    for order in truth["orders"]:
        book = books[order["store"]]
        if order["id"] not in book.orders:
            lost.append(f"order {order['number']} of {order['store']}")
        numbers = {parcel["tracking_number"] for parcel in order["parcels"]} - {"", None}
        lost += [f"parcel {number} of {order['store']}" for number in sorted(numbers - book.parcels)]
    return lost


def _duplicates(evidence: Evidence) -> list[str]:
    counts = Counter(str(mail["message_id"]) for mail in evidence.truth["mails"])
    return sorted(message_id for message_id, count in counts.items() if count > 1)


def _page_problems(placed: Placed, page: Page) -> list[str]:
    problems: list[str] = []
    if page.status != 200:
        problems.append(f"the tracking page of {placed.number} answered {page.status}")
    if not page.has_number:
        problems.append(f"the tracking page of {placed.number} does not say its number")
    if not page.has_word or set(page.parcels) != {"delivered"}:
        problems.append(f"the tracking page of {placed.number} does not say that it was delivered: {page.parcels}")
    return problems


def _letter_problems(placed: Placed, letters: Sequence[Letter]) -> list[str]:
    """A thank-you and a "shipped", each once, each in the buyer's language."""
    problems: list[str] = []
    if len(letters) != 2:
        problems.append(f"{placed.number} got {len(letters)} mails instead of two: {[one.subject for one in letters]}")
    foreign = {letter.language for letter in letters if not f"{letter.language}-".startswith(f"{placed.language}-")}
    if foreign:
        problems.append(f"{placed.number} was written to in {sorted(foreign)} instead of {placed.language}")
    return problems
