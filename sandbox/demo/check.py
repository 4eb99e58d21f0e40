"""The demo's story without a person: an order in each shop, followed to the door; then the books are compared with the truth."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from email import message_from_bytes
from functools import partial
from pathlib import Path
from typing import Any

from app.domain.insight.audit import WRONG
from app.kernel.copy import catalogue
from sandbox.demo.books import Book, Books
from sandbox.demo.house import House, raise_house
from sandbox.demo.judge import Evidence, Letter, Page, Placed, Verdict, judge, lost_things
from sandbox.demo.merchant import switch_on
from sandbox.demo.telling import Teller, Trouble

RATE = 7200.0
"""A day in twelve seconds: an order placed for the check is at its door after twenty."""
PATIENCE = 45.0
SETTLING_SECONDS = 15.0
BUYERS = {"woocommerce": "", "shopify": "sv"}
"""What the buyers speak; "" where an order carries no language, so that the shop's is the one."""
SHOP_LANGUAGES = {"woocommerce": "de", "shopify": "en"}


def play(folder: Path, tell: Teller, stack: ExitStack) -> Verdict:
    """Raise a house in `folder`, play the story, and judge it. `Trouble` when it cannot be told to its end."""
    began = time.monotonic()
    house = raise_house(folder, RATE, os.environ, tell, stack, durable=False)
    switch_on(house)
    books = stack.enter_context(closing(Books(house.environ["DATABASE_URL"])))
    with tell.step("An order in each shop") as step:
        placed = [place(house, platform, language) for platform, language in BUYERS.items()]
        step.note(" and ".join(order.number for order in placed))
    wait_for_import(house, books)
    with tell.step("Their parcels, to the door"), ThreadPoolExecutor() as pool:
        addresses = pool.map(partial(tracking_page, house, books), placed)
        until(house, "both deliveries", lambda: all(_is_delivered(house, books, order) for order in placed))
        links = dict(zip(placed, addresses, strict=True))
    with tell.step("The shops close, what is under way comes in"):
        house.control("POST", "/faults", {"story": "stop"})
        evidence = _settle(house, books, links)
    verdict = judge(evidence)
    return replace(verdict, numbers={**verdict.numbers, "seconds": round(time.monotonic() - began, 1)})


# --- steps ------------------------------------------------------------------------------------------------------------


def place(house: House, platform: str, language: str = "") -> Placed:
    """Buy something now."""
    said = house.control("POST", "/orders", {"store": platform, "language": language})
    return Placed(
        platform=platform,
        number=str(said["number"]),
        email=str(said["email"]),
        language=language or SHOP_LANGUAGES[platform],
    )


def wait_for_import(house: House, books: Books) -> None:
    """Until both shops' past is here."""
    with house.tell.step("Importing what was before") as step:
        until(house, "the import", lambda: all(books.imported(shop) is not None for shop in house.shops.values()))
        step.note(" and ".join(f"{books.imported(shop)} orders" for shop in house.shops.values()))


def tracking_page(house: House, books: Books, placed: Placed) -> str:
    """The address of an order's page, as soon as the order has arrived."""
    shop = house.shops[placed.platform]
    until(house, f"order {placed.number}", lambda: books.page(shop, placed.number) is not None)
    return house.cli("track-link", shop, placed.number)


def until(house: House, what: str, is_so: Callable[[], bool], patience: float = PATIENCE) -> None:
    """Wait for something, watching the house meanwhile."""
    deadline = time.monotonic() + patience
    while not is_so():
        house.watch()
        if time.monotonic() > deadline:
            raise Trouble(f"waited {patience:.0f} seconds in vain for {what}", house.folder / "logs/worker.log")
        time.sleep(0.1)


def _is_delivered(house: House, books: Books, placed: Placed) -> bool:
    states = _parcel_states(house, books, placed)
    return bool(states) and set(states) == {"delivered"}


def _parcel_states(house: House, books: Books, placed: Placed) -> tuple[str, ...]:
    document = books.page(house.shops[placed.platform], placed.number) or {"parcels": []}
    return tuple(parcel["status"] for parcel in document["parcels"])


# --- evidence ---------------------------------------------------------------------------------------------------------


def _settle(house: House, books: Books, links: Mapping[Placed, str]) -> Evidence:
    """Look again until all is quiet. What has not come by then is lost."""
    deadline = time.monotonic() + SETTLING_SECONDS
    while True:
        truth = house.control("GET", "/truth")
        read = {platform: books.read(shop) for platform, shop in house.shops.items()}
        is_late = time.monotonic() > deadline
        if is_late or _is_quiet(truth, read):
            audit = json.loads(house.cli("audit", may_fail=True))
            if is_late or not any(audit[name] for name in WRONG):
                pages = {order: _page(house, books, order, link) for order, link in links.items()}
                return Evidence(
                    truth=truth, books=read, audit=audit, pages=pages, letters=_letters(house, truth, links)
                )
        time.sleep(0.2)


def _is_quiet(truth: Mapping[str, Any], books: Mapping[str, Book]) -> bool:
    """Everything has arrived and nothing is under way, by the account of either side."""
    under_way = sum(book.waiting + book.messages["planned"] + book.messages["sending"] for book in books.values())
    sent = sum(book.messages["sent"] for book in books.values())
    return not under_way and sent == len(truth["mails"]) and not lost_things(truth, books)


def _page(house: House, books: Books, placed: Placed, link: str) -> Page:
    answer = house.http.call("GET", link)
    text = answer.body.decode()
    word = catalogue().speaker(placed.language, placed.language, "formal").text("statuses.delivered.label")
    return Page(
        status=answer.status,
        has_number=placed.number in text,
        has_word=word in text,
        parcels=_parcel_states(house, books, placed),
    )


def _letters(house: House, truth: dict[str, Any], placed: Iterable[Placed]) -> list[Letter]:
    """What the buyers got, read from the letters themselves."""
    addresses = {order.email for order in placed}
    found: list[Letter] = []
    for mail in truth["mails"]:
        for address in addresses.intersection(mail["to"]):
            raw = house.http.call("GET", f"{house.sandbox['mail']['url']}/m/{mail['id']}/raw").body
            language = str(message_from_bytes(raw)["Content-Language"])
            found.append(Letter(to=address, subject=mail["subject"], language=language))
    return found
