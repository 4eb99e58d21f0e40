"""A store that holds what the recorded requests ask for, under the recorded ids."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.kernel.clock import SetClock
from sandbox.faults import Faults
from sandbox.ledger import Ledger
from sandbox.shelf import Shelf
from sandbox.stage import Stage
from sandbox.story import Story
from sandbox.things import Address, Basket, Order, Person, Product, Variant
from sandbox.woocommerce.application import Platform, application
from sandbox.woocommerce.auth import ApiKey, Permission
from sandbox.woocommerce.hooks import Hook
from sandbox.woocommerce.side import Note
from sandbox.world import Store, StoreProfile, World

RECORDINGS = Path(__file__).parents[2] / "recordings" / "woocommerce"
BEGINNING = datetime(2026, 11, 21, 22, 18, 20, tzinfo=UTC)
HOME = "http://127.0.0.1:8081"
KEY = ApiKey.made_from("lab")
READ_KEY = ApiKey.made_from("lab/read", Permission.READ)
WRITE_KEY = ApiKey.made_from("lab/write", Permission.WRITE)
BUYERS = {
    44: "orders-create-processing",
    45: "orders-create-fee-and-tracking-meta",
    46: "orders-create-guest",
    47: "orders-create-downloadable",
}
"""Which recorded purchase each order repeats; the others take turns."""


def recording(name: str) -> dict[str, Any]:
    return json.loads((RECORDINGS / f"{name}.json").read_text(encoding="utf-8"))


@dataclass(slots=True)
class Lab:
    """The recorded store, rebuilt: orders 44 to 73, the storefront's 84, and products with the recorded ids."""

    stage: Stage
    store: Store
    clock: SetClock
    platform: Platform

    def order(self, order_id: int, purchase: str, **changes: Any) -> Order:
        """The order that a recorded purchase makes, under this id."""
        body = {**recording(f"rest/{purchase}")["request"]["body"], **changes}
        return self.renumber(self.platform.site.writer.create(body), order_id)

    def from_storefront(self, order_id: int = 0, *, is_draft: bool = False) -> Order:
        """What a checkout makes; `order_id` 0: under the id that it gets."""
        person = Person(email="jiri.host@example.com", language="de", address=ADDRESS)
        basket = Basket(
            customer=person, items=[(14, 3)], shipping=590, shipping_title="Courier", note="Prosím zazvonit"
        )
        order = self.store.open_checkout(basket) if is_draft else self.store.place(basket)
        return self.renumber(order, order_id) if order_id else order

    def renumber(self, order: Order, order_id: int) -> Order:
        side = replace(self.platform.site.sides.of(order), order=order_id)
        del self.store.orders[order.id]
        order.id, order.number = order_id, str(order_id)
        self.store.orders[order_id] = order
        self.platform.site.sides.keep(side)
        return order

    def note(self, order_id: int, note_id: int, text: str, *, is_for_customer: bool) -> None:
        side = self.platform.site.sides.of(self.store.orders[order_id])
        side.notes.append(Note(id=note_id, at=self.clock.at, text=text, is_for_customer=is_for_customer))

    def call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """What the store's API answers to the merchant's own key."""
        token = base64.b64encode(f"{KEY.consumer_key}:{KEY.consumer_secret}".encode()).decode()
        answer = self.platform.app.test_client().open(
            f"/wp-json/wc/v3/{path}",
            method=method,
            base_url="https://127.0.0.1:8444",
            headers={"Authorization": f"Basic {token}"},
            json=body,
        )
        return answer.get_json()

    def hook(self, hook_id: int, **fields: Any) -> Hook:
        values = {
            "topic": "order.updated",
            "delivery_url": "http://127.0.0.1:9/ok",
            "modified_at": self.clock.at,
            **fields,
        }
        hook = Hook(id=hook_id, name="lab", secret="lab-secret-1", created_at=self.clock.at, **values)
        return self.platform.site.hooks.keep(hook)


ADDRESS = Address(
    first_name="Jiří", last_name="Dvořák", street="Dlouhá 12", city="Praha", postcode="110 00", country="CZ", phone="1"
)


def _products(_: Store) -> Iterator[Product]:
    for product_id, title, sku, price in (
        (12, "Lněná košile", "LIN-001", 4900),
        (14, "Stoneware mug", "MUG-002", 1450),
        (16, "Coffee beans 1 kg", "COF-003", 1990),
        (18, "Hand-poured candle “Söder”", "CAN-004", 1800),
        (26, "Brewing guide (PDF)", "PDF-008", 900),
        (30, "Apron Chef's & Co.", "APR-010", 2900),
    ):
        yield _product(product_id, title, [Variant(id=product_id, title="", sku=sku, price=price)], product_id == 26)
    sizes = [(size, colour) for size in ("S", "M", "L") for colour in ("Modrá", "Černá")]
    variants = [
        Variant(
            id=35 + place,
            title=f"{size} / {colour}",
            sku=f"TEE-012-{place}",
            price=2500 + 100 * (size == "L"),
            options=[("Size", size), ("Barva", colour)],
        )
        for place, (size, colour) in enumerate(sizes)
    ]
    yield _product(34, "Tričko Åsa", variants, is_virtual=False)


def _product(product_id: int, title: str, variants: list[Variant], is_virtual: bool) -> Product:
    return Product(
        id=product_id,
        handle=f"p{product_id}",
        title=title,
        description="",
        kind="shirt",
        image_id=product_id - 1,
        tax_rate=19,
        created_at=BEGINNING,
        updated_at=BEGINNING,
        variants=variants,
        is_virtual=is_virtual,
    )


def build() -> Lab:
    """The store on its own, with a clock that stands."""
    clock = SetClock(BEGINNING)
    world = World(clock, Shelf())
    profile = StoreProfile(
        slug="woocommerce",
        name="Lab Store",
        currency="EUR",
        language="de",
        country="DE",
        timezone="Europe/Prague",
        email="lab@example.com",
        street="Dlouhá 12",
        city="Praha",
        postcode="110 00",
        first_id=1000,
        opens_drafts=True,
    )
    store = world.add(profile, _products)
    stage = Stage(world=world, ledger=Ledger(world), faults=Faults(), encore_url="http://127.0.0.1:9")
    platform = application(stage, store, (KEY, READ_KEY, WRITE_KEY), HOME, Story(world).buy)
    built = Lab(stage, store, clock, platform)
    for order_id in range(44, 74):
        changes = {"coupon_lines": [{"code": "WELCOME10"}]} if order_id in (53, 73) else {}
        built.order(order_id, BUYERS.get(order_id) or BUYERS[44 + order_id % 4], **changes)
        clock.at += timedelta(seconds=1 if order_id % 2 else 0)
    return built
