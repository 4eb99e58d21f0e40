"""The stores of both platforms, played by the sandbox in this process over real HTTP, and connected to a stage."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Container, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from app.connectors import CONNECTORS
from app.connectors.base import Access, Ask
from app.domain.apply import apply
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.events import Resource, Source
from app.kernel.clock import SystemClock
from app.kernel.errors import Transient
from app.kernel.http import Http
from sandbox.catalogue import CLOTHES, COFFEE, clothes_range, coffee_range, people
from sandbox.faults import Fault, Faults, How, Where
from sandbox.ledger import Ledger
from sandbox.serving import Server
from sandbox.shelf import Shelf
from sandbox.shopify import application as shopify
from sandbox.shopify.shop import Keys
from sandbox.stage import Stage as Scene
from sandbox.things import Basket, Order
from sandbox.woocommerce import application as woocommerce
from sandbox.woocommerce.application import Platform
from sandbox.woocommerce.auth import ApiKey
from sandbox.world import Store, World
from tests.builders import a_shop
from tests.faults.stage import KEYS, SECRET, Stage

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication

SHOPIFY = Keys(
    domain="morrow-and-fen.myshopify.com", client_id="client", client_secret="shpss_secret", access_token="shpat_token"
)
WOO = ApiKey.made_from("market")
PLUS = 1_000.0
"""Points a second that a large plan gives (shopify.dev/docs/api/usage/limits): keeping within fewer is another test's matter."""


class Postman(Faults):
    """Drops this share of all webhooks, at random."""

    def __init__(self) -> None:
        super().__init__()
        self.dice = random.Random(29)
        self.share = 0.0
        self.dropped = 0

    def take(self, where: Where, target: str = "", path: str = "", hows: Container[How] = tuple(How)) -> Fault | None:
        if where is Where.WEBHOOK and self.dice.random() < self.share:
            self.dropped += 1
            return Fault(where=where, how=How.DROP)
        return super().take(where, target, path, hows)


class LosesHalf(Faults):
    """Every second answer to whoever gives money back is lost, after it was done."""

    def __init__(self) -> None:
        super().__init__()
        self.dice = random.Random(13)
        self.lost = 0

    def take(self, where: Where, target: str = "", path: str = "", hows: Container[How] = tuple(How)) -> Fault | None:
        is_refund = "/refunds POST" in path or "#Refund#" in path
        if where is Where.HTTP and is_refund and hows == (How.LOST,) and self.dice.random() < 0.5:
            self.lost += 1
            return Fault(where=where, how=How.LOST)
        return super().take(where, target, path, hows)


@dataclass
class Asked:
    """Counts what a store is asked: method and address with its query."""

    app: WSGIApplication
    counter: Counter[str] = field(default_factory=Counter[str])
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Any:
        with self.lock:
            self.counter[f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"] += 1
        return self.app(environ, start_response)


@dataclass(slots=True, kw_only=True)
class Market:
    scene: Scene
    coffee: Store
    clothes: Store
    woocommerce: Platform
    shopify: shopify.Platform
    woocommerce_url: str
    shopify_url: str
    asked: Asked

    def store(self, platform: str) -> Store:
        return {"woocommerce": self.coffee, "shopify": self.clothes}[platform]

    def sell(self, platform: str, number: int) -> Order:
        """An order of somebody new."""
        store = self.store(platform)
        buyer = people(store)[1]
        buyer.email = f"shopper{number}@example.com"
        variant = next(iter(store.products.values())).variants[0]
        return store.place(Basket(customer=buyer, items=[(variant.id, 2)], shipping=490, shipping_title="Standard"))

    def refunds(self, platform: str) -> Counter[str]:
        """How often this store gave money back for the app, by the key it came with."""
        done: Any = self.scene.ledger.truth()["effects"]
        return Counter(one["key"] for one in done if (one["store"], one["kind"]) == (platform, "refund"))

    def subscriptions(self, platform: str) -> set[str]:
        """The topics that this store tells the app of."""
        if platform == "woocommerce":
            return {hook.topic for hook in self.woocommerce.site.hooks.all() if hook.status == "active"}
        return {one.topic for one in self.shopify.subscriptions.all()}

    def delete_subscriptions(self, platform: str) -> None:
        """As a platform does after failures, telling nobody."""
        if platform == "woocommerce":
            for hook in self.woocommerce.site.hooks.all():
                self.woocommerce.site.hooks.delete(hook)
        for one in self.shopify.subscriptions.all() if platform == "shopify" else ():
            self.shopify.subscriptions.remove(one.id)

    def ready(self, stage: Stage, platform: str, orders: int) -> ShopFacts:
        """The platform's shop, connected and read, with nothing owed and nothing to come: a test decides what is worked on."""
        for number in range(orders):
            self.sell(platform, number)
        shop = self.connect(stage, platform)
        self.mirror(stage, shop)
        with stage.db.house() as session:
            session.execute(text("DELETE FROM outbox"))
            session.execute(text("UPDATE shop SET is_connected = false"))
        return shop

    def connect(self, stage: Stage, platform: str) -> ShopFacts:
        """The stage's own shop becomes the coffee shop; the clothes shop stands beside it."""
        if platform == "woocommerce":
            return self._with_secrets(
                stage, stage.shop, consumer_key=WOO.consumer_key, consumer_secret=WOO.consumer_secret
            )
        shop = a_shop(stage.db, platform, SHOPIFY.domain, base_url=self.shopify_url)
        return self._with_secrets(stage, shop, access_token=SHOPIFY.access_token)

    def _with_secrets(self, stage: Stage, shop: ShopFacts, **secrets: str) -> ShopFacts:
        with stage.db.transaction(shop.id) as session:
            for name, value in {**secrets, "webhook_secret": SECRET}.items():
                shops.store_secret(session, KEYS, shop.id, name, value)
        return shop

    def mirror(self, stage: Stage, shop: ShopFacts) -> None:
        """All orders, read here and now."""
        http, cursor = Http(allow_private_addresses=True), ""
        with stage.db.transaction(shop.id) as session:
            access = Access(base_url=shop.base_url, secrets=shops.secrets_of(session, KEYS, shop.id))
        while True:
            try:
                page = CONNECTORS[shop.platform].pull(access, http, Ask(resource=Resource.ORDERS, cursor=cursor))
            except Transient as busy:
                time.sleep(busy.retry_after or 1)
                continue
            with stage.db.transaction(shop.id) as session:
                apply(session, shop, page.facts, Source.PULL)
            cursor = page.cursor
            if not cursor:
                return


@contextmanager
def market(faults: Faults | None = None) -> Iterator[Market]:
    """Both stores, open until the block ends. Nothing is told until somebody lets the webhooks go."""
    with ExitStack() as stack:
        servers = [Server(), Server()]
        for server in servers:
            stack.callback(server.stop)
        world = World(SystemClock(), Shelf(), seed=5)
        world.carrier_url = "http://127.0.0.1:9"
        coffee, clothes = world.add(COFFEE, coffee_range), world.add(CLOTHES, clothes_range)
        scene = Scene(world=world, ledger=Ledger(world), faults=faults or Faults())
        first = woocommerce.application(scene, coffee, (WOO,), servers[0].url, lambda _store, _items: "")
        second = shopify.application(scene, clothes, SHOPIFY, servers[1].url, lambda _store, _items: "")
        second.bucket.restore_rate = PLUS
        asked = Asked(first.app)
        servers[0].start(asked)
        servers[1].start(second.app)
        yield Market(
            scene=scene,
            coffee=coffee,
            clothes=clothes,
            woocommerce=first,
            shopify=second,
            woocommerce_url=servers[0].url,
            shopify_url=servers[1].url,
            asked=asked,
        )


def let_minutes_pass(stage: Stage, shop: ShopFacts) -> None:
    """For what was asked of the store and shows nowhere, and for leases of the dead."""
    with stage.db.transaction(shop.id) as session:
        session.execute(text("UPDATE effect SET called_at = called_at - interval '1 minute' WHERE state = 'uncertain'"))
        session.execute(
            text("UPDATE outbox SET lease_until = lease_until - interval '20 seconds' WHERE kind = 'effect'")
        )
