"""`bin/demo`: raise the house, show its addresses, and stay until somebody says stop; with --check play one story and judge it."""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from pathlib import Path
from types import FrameType

from sandbox.demo import check
from sandbox.demo.books import Books
from sandbox.demo.house import ROOT, House, raise_house
from sandbox.demo.kept import NOTED_EVERY, take_lock
from sandbox.demo.merchant import switch_on
from sandbox.demo.telling import Teller, Trouble

RATE = 1440.0
"""A day in a minute: a parcel is two or three minutes under way."""
TITLES = {"woocommerce": "Rösterei Nebelkamp (coffee, WooCommerce)", "shopify": "morrow & fen (clothing, Shopify)"}


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bin/demo", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="play one order in each shop and print what came of it as JSON"
    )
    arguments = parser.parse_args(words)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    return check_demo(Teller(sys.stderr)) if arguments.check else run_demo(Teller(sys.stdout))


def _stop(_number: int, _frame: FrameType | None) -> None:
    """The first signal ends everything in good order; impatient ones that follow must not disturb that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def run_demo(tell: Teller) -> int:
    """The demo for a person; the exit code for the shell."""
    folder = ROOT / ".state/demo"
    try:
        with ExitStack() as stack:
            stack.enter_context(take_lock(folder))
            tell.say("Encore's demo. The first start takes a little longer; Ctrl-C ends it.\n")
            house = raise_house(folder, RATE, os.environ, tell, stack, durable=True)
            switch_on(house)
            books = stack.enter_context(closing(Books(house.environ["DATABASE_URL"])))
            check.wait_for_import(house, books)
            _show(house, books)
            _stay(house)
    except Trouble as trouble:
        tell.complain(trouble)
        return 1
    except KeyboardInterrupt:
        tell.say("\nEnded. The next start goes on from here; rm -r .state/demo begins anew.")
        return 0
    return 0


def _show(house: House, books: Books) -> None:
    """Where to look. An order is placed in each shop, so that something begins before one's eyes."""
    say = house.tell.say
    pages: dict[str, str] = {}
    for platform in house.shops:
        with house.tell.step(f"An order in the {platform} shop") as step:
            placed = check.place(house, platform)
            pages[platform] = check.tracking_page(house, books, placed)
            step.note(placed.number)
    say()
    for platform, page in pages.items():
        say(f"  {TITLES[platform]}")
        say(f"    shop           {house.sandbox[platform]['url']}")
        say(f"    tracking page  {page}")
    say(f"  Mailbox          {house.sandbox['mail']['url']}")
    say(f"  Console          {house.cli('login-link')}  (opens once; Enter prints another)")
    say("\n  A day passes in a minute: orders, parcels and mails keep coming. Logs: .state/demo/logs. Ctrl-C ends it.")


def _stay(house: House) -> None:
    while True:
        house.watch()
        house.note_time()
        if _is_enter_pressed(NOTED_EVERY):
            house.tell.say(f"  Console          {house.cli('login-link')}")


def _is_enter_pressed(seconds: float) -> bool:
    """Wait so long for a line at the terminal; where there is none, just wait. Reading in the background would stop the process."""
    if sys.stdin.isatty() and os.tcgetpgrp(sys.stdin.fileno()) == os.getpgrp():
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            return False
        if sys.stdin.readline():
            return True
    time.sleep(seconds)
    return False


def check_demo(tell: Teller) -> int:
    """The demo without a person, on a state of its own that is thrown away; one JSON object on standard output."""
    folder = Path(tempfile.mkdtemp(prefix="encore-check-"))
    folder.chmod(0o711)  # as root, Postgres runs as somebody who must reach its data
    problems: list[str] = []
    try:
        with ExitStack() as stack:
            verdict = check.play(folder, tell, stack)
        print(json.dumps(verdict.numbers))
        problems = verdict.problems
    except Trouble as trouble:
        problems = [trouble.text]
    except KeyboardInterrupt:
        shutil.rmtree(folder, ignore_errors=True)
        return 130
    if not problems:
        shutil.rmtree(folder, ignore_errors=True)
        return 0
    for log in sorted(folder.glob("logs/*.log")):
        tell.show_end(log)
    tell.say("")
    for problem in problems:
        tell.say(f"encore: {problem}")
    tell.say(f"encore: everything about it is in {folder}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
