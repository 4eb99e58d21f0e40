"""`python -m sandbox`: two stores, a carrier and a mailbox on this machine; says where they are in one line of JSON."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import FrameType

from app.kernel.clock import FastClock
from sandbox import carrier, control
from sandbox.catalogue import CLOTHES, COFFEE, clothes_range, coffee_range
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.mail import pages
from sandbox.mail.sink import Letters, Sink
from sandbox.serving import Server
from sandbox.shelf import Shelf
from sandbox.shopify import application as shopify
from sandbox.shopify.shop import Keys
from sandbox.stage import Stage
from sandbox.story import Story
from sandbox.woocommerce import application as woocommerce
from sandbox.woocommerce.auth import ApiKey
from sandbox.world import World

SHOPIFY_DOMAIN = "morrow-and-fen.myshopify.com"
END_SECONDS = 5.0


def main(words: Sequence[str]) -> int:
    """Runs until SIGTERM or SIGINT."""
    asked = _parser().parse_args(words)
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd writes a line a command
    stop = threading.Event()

    def leave(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, leave)
    with ExitStack() as stack:
        print(json.dumps(raise_curtain(asked, stop, stack)), flush=True)
        stop.wait()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("--state", type=Path, help="a folder that keeps the world between two starts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--origin", type=datetime.fromisoformat, required=True, help="when time began to run fast, ISO 8601"
    )
    parser.add_argument("--rate", type=float, default=60.0, help="virtual seconds a second")
    parser.add_argument("--encore-url", default="", help="where the app under test is")
    for name in ("woocommerce", "shopify", "carrier", "smtp", "mail"):
        parser.add_argument(f"--{name}-port", type=int, default=0)
    return parser


def raise_curtain(asked: argparse.Namespace, stop: threading.Event, stack: ExitStack) -> dict[str, dict[str, str]]:
    """Start everything; what to tell whoever started it. `stack` ends it all in reverse."""
    shelf = Shelf(asked.state)
    stack.callback(shelf.close)
    servers = {name: Server(getattr(asked, f"{name}_port")) for name in ("woocommerce", "shopify", "carrier", "mail")}
    for server in servers.values():
        stack.callback(server.stop)
    world = World(FastClock(asked.origin, asked.rate), shelf, asked.seed)
    world.carrier_url = servers["carrier"].url
    world.add(COFFEE, coffee_range)
    world.add(CLOTHES, clothes_range)
    stage = Stage(world=world, ledger=Ledger(world), faults=Faults(), encore_url=asked.encore_url.rstrip("/"))
    story = Story(world)
    story.begin()
    said = {
        "woocommerce": _open_woocommerce(stage, story, servers["woocommerce"], stop, stack),
        "shopify": _open_shopify(stage, story, servers["shopify"], stack),
        "carrier": {"url": servers["carrier"].url, "api_key": carrier.api_key(asked.seed)},
        "mail": _open_mailbox(stage, story, servers["mail"], asked, stack),
        "control": {"url": f"{servers['mail'].url}/_control"},
    }
    servers["carrier"].start(carrier.application(stage))
    _run(story.run, stop, stack)
    return said


def _open_woocommerce(
    stage: Stage, story: Story, server: Server, stop: threading.Event, stack: ExitStack
) -> dict[str, str]:
    key = ApiKey.made_from(f"{stage.world.seed}/woocommerce")
    store = stage.world.stores[COFFEE.slug]
    platform = woocommerce.application(stage, store, (key,), server.url, story.buy)
    server.start(platform.app)
    _run(platform.deliveries.run, stop, stack)
    return {"url": server.url, "consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret}


def _open_shopify(stage: Stage, story: Story, server: Server, stack: ExitStack) -> dict[str, str]:
    keys = _shopify_keys(stage.world.seed)
    store = stage.world.stores[CLOTHES.slug]
    platform = shopify.application(stage, store, keys, server.url, story.buy)
    server.start(platform.app)
    platform.webhooks.start()
    stack.callback(platform.webhooks.stop)
    return {
        "url": server.url,
        "shop": keys.domain,
        "access_token": keys.access_token,
        "client_id": keys.client_id,
        "client_secret": keys.client_secret,
    }


def _open_mailbox(
    stage: Stage, story: Story, server: Server, asked: argparse.Namespace, stack: ExitStack
) -> dict[str, str]:
    """The mailbox's port also carries the control API."""
    letters = Letters(stage.ledger, asked.state / "mail" if asked.state else None)
    mailbox = pages.application(letters)
    mailbox.register_blueprint(control.blueprint(stage, story))
    server.start(mailbox)
    sink = Sink(letters, stage.faults, asked.smtp_port).start()
    stack.callback(sink.stop)
    return {"url": server.url, "smtp_url": sink.url}


def _run(work: Callable[[threading.Event], None], stop: threading.Event, stack: ExitStack) -> None:
    thread = threading.Thread(target=work, args=(stop,), daemon=True)
    thread.start()
    stack.callback(thread.join, END_SECONDS)


def _shopify_keys(seed: int) -> Keys:
    """The same for the same seed, in the platform's forms."""
    word = hashlib.sha256(f"{seed}/shopify".encode()).hexdigest()
    return Keys(
        domain=SHOPIFY_DOMAIN,
        client_id=word[:32],
        client_secret=f"shpss_{word[32:]}",
        access_token=f"shpat_{word[16:48]}",
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
