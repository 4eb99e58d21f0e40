"""The wall between shops, walked along for every route there is: with another shop's real ids one gets what random ids give."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.domain.shops.rules import ShopFacts
from app.web import create_app
from tests.builders import a_parcel, an_order
from tests.web.staging import House, build, delivery, house
from tests.web.test_embed import by_plugin

__all__ = ["build", "house"]  # fixtures


@dataclass(frozen=True, slots=True)
class Two:
    """A merchant signed in for `mine`, and another shop with an order of its own."""

    house: House
    mine: ShopFacts
    theirs: ShopFacts
    client: FlaskClient

    @property
    def their_order(self) -> str:
        return self.house.order_id(self.theirs, "2002")


Attempts = Callable[[Two], list[tuple[str, str]]]
"""Pairs of addresses: one with the other shop's real ids, and the same with ids of nothing."""

NOTHING = str(uuid.uuid4())


def console(path: str) -> Attempts:
    return lambda two: [(f"/console/{two.theirs.public_id}{path}", f"/console/nobody{path}")]


def order(two: Two) -> list[tuple[str, str]]:
    mine, theirs = two.mine.public_id, two.theirs.public_id
    return [
        (f"/console/{theirs}/orders/{two.their_order}", f"/console/nobody/orders/{NOTHING}"),
        (f"/console/{mine}/orders/{two.their_order}", f"/console/{mine}/orders/{NOTHING}"),
    ]


def orders(two: Two) -> list[tuple[str, str]]:
    mine = f"/console/{two.mine.public_id}/orders"
    return [*console("/orders")(two), (f"{mine}?after={two.their_order}", f"{mine}?after={NOTHING}")]


def page(suffix: str = "") -> Attempts:
    def attempts(two: Two) -> list[tuple[str, str]]:
        def address(subject: str) -> str:
            return f"/t/{two.house.link('track', two.mine.public_id, subject)}{suffix}"

        return [(address(two.their_order), address(NOTHING))]

    return attempts


def block(two: Two) -> list[tuple[str, str]]:
    def address(order_ref: str, shop: str) -> str:
        return f"/w/woocommerce/tracking?{urlencode({**by_plugin(order_ref), 'shop': shop})}"

    mine = two.mine.public_id
    return [(address("2002", mine), address("999", mine)), (address("2002", "nobody"), address("999", "nobody"))]


def enter(two: Two) -> list[tuple[str, str]]:
    """A link for another shop opens that one; signed by nobody it opens none."""
    real = two.house.link("console", two.theirs.public_id, "x")
    return [(f"/console/enter/{real[:-4]}AAAA", "/console/enter/nonsense")]


def open_to_all(_two: Two) -> list[tuple[str, str]]:
    """No id of any shop is in it."""
    return []


ROUTES: dict[str, Attempts] = {
    "/console": open_to_all,
    "/console/<shop>/orders": orders,
    "/console/<shop>/orders/<uuid:order>": order,
    "/console/<shop>/deliveries": console("/deliveries"),
    "/console/<shop>/sync": console("/sync"),
    "/console/<shop>/start": console("/start"),
    "/console/<shop>/brand": console("/brand"),
    "/console/<shop>/messages": console("/messages"),
    "/console/<shop>/messages/<follow_up>": console("/messages/thank_you"),
    "/console/<shop>/preview/<what>": console("/preview/tracking"),
    "/console/enter/<token>": enter,
    "/t/<token>": page(),
    "/t/<token>/fresh": page("/fresh"),
    "/w/<platform>/<slug>": block,
    "/embed/<name>": open_to_all,
    "/metrics": open_to_all,
    "/openapi.yaml": open_to_all,
    "/healthz": open_to_all,
    "/readyz": open_to_all,
    "/static/<name>": open_to_all,
}
"""Every route. A new one needs an entry that says how another shop's ids could be tried on it."""


@pytest.fixture
def two(house: House) -> Iterator[Two]:
    mine, theirs = house.shop("mine.example"), house.shop("theirs.example")
    house.tell(mine, an_order("1001"))
    house.tell(theirs, an_order("2002"), a_parcel("2002", number="00340"))
    return Two(house, mine, theirs, house.merchant(mine))


def test_every_route_has_an_entry(house: House) -> None:
    assert {rule.rule for rule in create_app(house.runtime).url_map.iter_rules()} == set(ROUTES)


@pytest.mark.parametrize("rule", ROUTES)
def test_another_shops_ids_are_answered_like_ids_of_nothing(two: Two, rule: str) -> None:
    for real, random in ROUTES[rule](two):
        answer, nothing = two.client.get(real), two.client.get(random)
        assert (answer.status_code, nothing.status_code) == (404, 404), real
        assert answer.data == nothing.data, real


def test_a_delivery_for_another_shop_needs_that_shops_signature(two: Two) -> None:
    body = b'{"id": 2002}'
    for shop in (two.theirs.public_id, "nobody"):
        headers = delivery(body, secret="mine-and-not-theirs")
        status = two.client.post(f"/hooks/woocommerce/{shop}", data=body, headers=headers).status_code
        assert status == (404 if shop == "nobody" else 401)
    with two.house.runtime.db.transaction(two.theirs.id) as session:
        assert session.scalar(text("SELECT count(*) FROM inbox")) == 0
