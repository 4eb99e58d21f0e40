"""A small world with both shops on a clock that stands still, for the tests of the stores and their storefronts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.kernel.clock import SetClock
from sandbox.catalogue import CLOTHES, COFFEE, clothes_range, coffee_range, people
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.shelf import Shelf
from sandbox.shopify.shop import Keys
from sandbox.stage import Stage
from sandbox.world import Basket, Order, ScanStatus, Store, World

TEN = datetime(2026, 11, 24, 10, tzinfo=UTC)

KEYS = Keys(
    domain="morrow-and-fen.myshopify.com",
    client_id="client-1",
    client_secret="a secret that signs",
    access_token="shpat_a-token",
)


@dataclass(slots=True)
class Fair:
    """The stage with its two stores. `encore_url` is where nobody listens, unless a test says otherwise."""

    encore_url: str = "http://127.0.0.1:9"
    clock: SetClock = field(default_factory=lambda: SetClock(TEN))
    stage: Stage = field(init=False)
    coffee: Store = field(init=False)
    clothes: Store = field(init=False)

    def __post_init__(self) -> None:
        world = World(self.clock, Shelf(), seed=7)
        world.carrier_url = "http://127.0.0.1:8"
        self.coffee = world.add(COFFEE, coffee_range)
        self.clothes = world.add(CLOTHES, clothes_range)
        self.stage = Stage(world=world, ledger=Ledger(world), faults=Faults(), encore_url=self.encore_url)

    def later(self, **delta: float) -> None:
        self.clock.at += timedelta(**delta)

    def buy(self, store: Store, *, language: str = "", items: Sequence[tuple[int, int]] = (), buyer: int = 1) -> Order:
        """What the button on the storefront does: buys what was chosen, or two sizes of the first product."""
        person = people(store)[buyer]
        person.language = language or person.language
        variants = next(iter(store.products.values())).variants
        chosen = list(items) or [(variants[0].id, 2), (variants[1].id, 1)]
        return store.place(Basket(customer=person, items=chosen, shipping=490, shipping_title="Standard"))

    def an_order_with_a_coupon(self) -> Order:
        store = self.clothes
        variant = list(store.products.values())[2].variants[0]
        return store.place(
            Basket(customer=people(store)[0], items=[(variant.id, 1)], coupon="WELCOME10", discount_percent=10)
        )

    def sent(self, order: Order, store: Store | None = None, number: str = "00340434161095000012") -> None:
        """All of it in one parcel, seen three times, at home an hour ago."""
        shop = store or self.clothes
        parcel = shop.send(order, "DHL", number, expected=self.clock.at + timedelta(days=2))
        for hours, status in enumerate((ScanStatus.PICKED_UP, ScanStatus.IN_TRANSIT, ScanStatus.DELIVERED), start=1):
            shop.scan(order, parcel, status, self.clock.at + timedelta(hours=hours), "Ely")
