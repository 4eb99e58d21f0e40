"""A store and a carrier for the stage, played by the sandbox in this process, so that a test decides what happens when."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.connectors import CONNECTORS
from app.connectors.base import Access
from app.domain.shops import service as shops
from app.events import OrderStatus, ShipmentStatus
from app.jobs.track import credential_name
from app.kernel.clock import SystemClock
from app.kernel.http import Http
from sandbox import carrier
from sandbox.catalogue import COFFEE, coffee_range, people
from sandbox.faults import Fault, Faults, How, Where
from sandbox.ledger import Ledger
from sandbox.serving import Server
from sandbox.shelf import Shelf
from sandbox.stage import Stage as Scene
from sandbox.things import Basket, Order, OrderState, ScanStatus
from sandbox.woocommerce import application as woocommerce
from sandbox.woocommerce.auth import ApiKey
from sandbox.woocommerce.deliveries import Deliveries
from sandbox.world import Store, World
from tests.conftest import Servers
from tests.faults.stage import KEYS, SECRET, Stage, raised
from tests.faults.truth import Truth

SEED = 7
STATUSES = {OrderState.OPEN: OrderStatus.CONFIRMED, OrderState.COMPLETED: OrderStatus.COMPLETED}


@dataclass(slots=True, kw_only=True)
class Shopkeeper:
    """Sells, packs and tells. Nothing is told until `tell`, and then each webhook is sent once, as this platform does it."""

    store: Store
    faults: Faults
    deliveries: Deliveries
    truth: Truth = field(default_factory=Truth)
    serial: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def sell(self) -> Order:
        """An order of somebody new."""
        buyer = replace(people(self.store)[1], email=f"shopper{next(self.serial)}@example.com")
        variant = next(iter(self.store.products.values())).variants[0]
        order = self.store.place(Basket(customer=buyer, items=[(variant.id, 1)], shipping=490))
        self.truth.told(str(order.id), order.total, "thank_you", status=STATUSES[order.status])
        return order

    def send(self, order: Order) -> None:
        """All of it in one parcel, which the carrier has seen on its way."""
        number = f"0034043416109{order.id:07d}"
        parcel = self.store.send(order, "DHL", number)
        self.store.scan(order, parcel, ScanStatus.IN_TRANSIT, self.store.world.now(), "Ely", "GB")
        self.truth.told(str(order.id), order.total, "shipped", status=STATUSES[order.status])
        self.truth.parcels[number] = ShipmentStatus.IN_TRANSIT

    def hide_and_show(self, order: Order) -> None:
        """Into the bin and out again: news that tell too little, so that the order is fetched."""
        self.store.bin(order)
        self.tell()
        self.store.restore(order)
        self.tell()

    def tell(self) -> None:
        self.deliveries.drain()

    def fail(self, times: int) -> None:
        """The API answers so often that it is busy."""
        self.faults.add([Fault(where=Where.HTTP, how=How.STATUS, target=self.store.slug, status=503, count=times)])


@contextmanager
def opened(servers: Servers, folder: Path) -> Iterator[tuple[Stage, Shopkeeper]]:
    """A stage with a web process whose shop is connected to a store and a carrier."""
    shop, post = Server(), Server()
    world = World(SystemClock(), Shelf(), SEED)
    world.carrier_url = post.url
    store = world.add(COFFEE, coffee_range)
    scene = Scene(world=world, ledger=Ledger(world), faults=Faults())
    key = ApiKey.made_from("faults")
    platform = woocommerce.application(scene, store, (key,), shop.url, lambda _store, _items: "")
    try:
        shop.start(platform.app)
        post.start(carrier.application(scene))
        with raised(servers, folder, base_url=shop.url) as stage:
            stage.start_web()
            _connect(stage, key, post.url)
            yield stage, Shopkeeper(store=store, faults=scene.faults, deliveries=platform.deliveries)
    finally:
        shop.stop()
        post.stop()


def _connect(stage: Stage, key: ApiKey, carrier_url: str) -> None:
    kept = {"consumer_key": key.consumer_key, "consumer_secret": key.consumer_secret, "webhook_secret": SECRET}
    dhl = {"base_url": carrier_url, "secrets": {"api_key": carrier.api_key(SEED)}}
    with stage.db.transaction(stage.shop.id) as session:
        for name, value in {**kept, credential_name("dhl"): json.dumps(dhl)}.items():
            shops.store_secret(session, KEYS, stage.shop.id, name, value)
    access = Access(base_url=stage.shop.base_url, secrets=kept)
    CONNECTORS[stage.shop.platform].subscribe(access, Http(allow_private_addresses=True), stage.hook())
