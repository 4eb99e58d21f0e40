"""What a letter would say today: about the shop's own newest order, or about a sample where it has none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from app.domain.orders import service as orders
from app.domain.orders.rules import OrderFacts
from app.domain.shipments.rules import ShipmentFacts, Standing
from app.domain.shops.rules import ShopFacts
from app.events import Address, Channel, Line, OrderStatus, ShipmentStatus
from app.jobs import facts as gathered
from app.jobs.followups.base import Facts, FollowUp
from app.kernel.copy import Speaker, catalogue

LOOKED_AT = 50
"""Orders, the newest first: older than that, a sample says more."""
NOBODY = "shopper@example.com"
"""Stands where a letter wants an address; nothing is sent to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Facts to show, and the name of the message in copy/ that they call for."""

    facts: Facts
    template: str
    is_sample: bool


def letter_facts(session: Session, shop: ShopFacts, follow_up: FollowUp, now: datetime) -> Shown:
    """As the newest order stood that would have got this letter, at the moment of its cause."""
    ids = orders.list_recent(session, LOOKED_AT)
    found = gathered.facts_for(session, shop, ids)
    for order_id in ids:
        for facts in _moments(found[order_id], follow_up.about_kind):
            template = follow_up.check(facts)
            if isinstance(template, str):
                return Shown(facts=facts, template=template, is_sample=False)
    facts = next(_moments(sample_facts(shop, now), follow_up.about_kind))
    template = follow_up.check(facts)
    return Shown(facts=facts, template=template if isinstance(template, str) else follow_up.slug, is_sample=True)


def page_facts(session: Session, shop: ShopFacts, now: datetime) -> Shown:
    """The newest order as its page shows it now."""
    ids = orders.list_recent(session, 1)
    found = gathered.facts_for(session, shop, ids)
    facts = found[ids[0]] if ids else sample_facts(shop, now)
    return Shown(facts=facts, template="", is_sample=not ids)


def nameless(facts: Facts) -> Facts:
    """The same order by the sample's name and address: what leaves the house shows no shopper to whoever reads it."""
    said = _sample_words(facts.shop)
    first, last = said.text("merchant.sample.first_name"), said.text("merchant.sample.last_name")
    address = Address(
        name=f"{first} {last}",
        street=(said.text("merchant.sample.street"),),
        city=said.text("merchant.sample.city"),
        postcode=said.text("merchant.sample.postcode"),
        country=facts.shop.country,
    )
    order = replace(facts.order, email=NOBODY, first_name=first, last_name=last, address=address)
    return replace(facts, order=order)


def _moments(facts: Facts, about_kind: str) -> Iterator[Facts]:
    """The order before anything was sent, or each of its parcels as it left, the last one first."""
    if about_kind == "order":
        yield gathered.with_promise(replace(facts, shipments=()))
        return
    parcels = tuple(_as_it_left(parcel) for parcel in facts.shipments)
    for parcel in sorted(parcels, key=lambda parcel: parcel.shipped_at, reverse=True):
        yield gathered.about(replace(facts, shipments=parcels), about_kind, parcel.id)


def _as_it_left(parcel: ShipmentFacts) -> ShipmentFacts:
    return replace(parcel, standing=Standing(status=ShipmentStatus.UNKNOWN, at=parcel.shipped_at))


# --- the sample ------------------------------------------------------------------------------------------------------


def sample_facts(shop: ShopFacts, now: datetime) -> Facts:
    """An invented order of today with a parcel, in the shop's language and currency."""
    said = _sample_words(shop)
    line = Line(
        ref="1",
        title=said.text("merchant.sample.product"),
        variant=said.text("merchant.sample.variant"),
        quantity=1,
        total=2900,
    )
    order = OrderFacts(
        id=0,
        public_id="",
        ref="0",
        number="#1001",
        status=OrderStatus.CONFIRMED,
        channel=Channel.ONLINE,
        channel_name="",
        customer_ref=None,
        discount_codes=(),
        placed_at=now,
        language=shop.language,
        currency=shop.currency,
        total=3390,
        subtotal=2900,
        shipping=490,
        discount=0,
        tax=0,
        refunded=0,
        email=None,
        first_name=None,
        last_name=None,
        address=None,
        lines=(line,),
    )
    parcel = ShipmentFacts(
        id=0,
        ref="0",
        order_id=0,
        standing=Standing(status=ShipmentStatus.UNKNOWN, at=now),
        shipped_at=now,
        carrier="DHL",
        tracking_number="00340000000000000000",
        tracking_url="",
        expected_from=None,
        expected_until=None,
        is_cancelled=False,
        items=(),
    )
    return gathered.with_promise(nameless(Facts(shop=shop, order=order, shipments=(parcel,))))


def _sample_words(shop: ShopFacts) -> Speaker:
    return catalogue().speaker(shop.language, shop.language, shop.settings.voice)
