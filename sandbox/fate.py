"""The dice of the sandbox: what is bought, how it is sent and what becomes of a parcel. Pure: the same dice give the same fate."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from sandbox.things import Address, Basket, Channel, Person, ScanStatus
from sandbox.world import Store

S = ScanStatus


class Journey(StrEnum):
    SMOOTH = "smooth"
    ATTEMPTED = "attempted"  # nobody at home, delivered the day after
    PICKUP = "pickup"  # waits in a parcel shop
    DELAYED = "delayed"
    STALLED = "stalled"  # no scan for days, then it comes after all
    LOST = "lost"
    RETURNED = "returned"


class Numbering(StrEnum):
    AT_ONCE = "at_once"
    LATER = "later"
    NEVER = "never"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What will become of an order. Hours count from placing it; `cancelled_after` None: it is sent."""

    sent_after: float
    cancelled_after: float | None = None
    second_parcel_after: float | None = None
    numbering: Numbering = Numbering.AT_ONCE
    journey: Journey = Journey.SMOOTH
    carrier: str = "DHL"
    pace: float | None = None  # None: as long as the way is


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A scan to come: hours after leaving the shop, and the country whose clocks show it."""

    after: float
    status: ScanStatus
    country: str
    place: str = ""


QUICK = Fate(sent_after=6.0, pace=1.0)
"""The plain happy path, for orders that somebody waits for: delivered 40 hours after the purchase."""

CARRIERS = {"woocommerce": ("DHL", "DHL", "DHL", "DHL", "DPD"), "shopify": ("DHL", "DHL", "Royal Mail")}
HUBS = {
    "DE": ("Hannover", "Staufenberg", "Leipzig", "Rüdersdorf"),
    "AT": ("Wien-Inzersdorf", "Wals"),
    "SE": ("Malmö", "Örebro"),
    "CZ": ("Praha-Hostivice", "Jažlovice"),
    "GB": ("East Midlands", "Hatfield", "Bellshill"),
    "TW": ("Taoyuan", "Taichung"),
}
PACES = {"DE": 1.0, "AT": 1.4, "CZ": 1.5, "SE": 2.2, "GB": 2.4, "TW": 4.0}
"""How much longer than at home the way abroad takes."""


def basket(dice: Random, store: Store, customer: Person) -> Basket:
    """One to three things, most of them once."""
    shippable = [product for product in store.products.values() if not product.is_virtual]
    chosen = dice.sample(shippable, dice.choices((1, 2, 3), (55, 30, 15))[0])
    items = [(dice.choice(product.variants).id, dice.choices((1, 2, 3), (75, 20, 5))[0]) for product in chosen]
    virtual = [product for product in store.products.values() if product.is_virtual]
    if virtual and dice.random() < 0.05:
        items.append((virtual[0].variants[0].id, 1))
    has_coupon = dice.random() < 0.12
    at_home = customer.address.country == store.profile.country
    return Basket(
        customer=customer,
        items=items,
        shipping=490 if at_home else 990,
        shipping_title={"de": "Versand", "en": "Standard delivery"}[store.profile.language],
        coupon=("nebel10" if store.profile.language == "de" else "WELCOME10") if has_coupon else "",
        discount_percent=10 if has_coupon else 0,
        note=dice.choice(NOTES) if dice.random() < 0.1 else "",
    )


MARKETPLACES = {"woocommerce": ("Amazon", "eBay"), "shopify": ("Amazon", "Etsy")}


def elsewhere(dice: Random, store: Store, wish: Basket) -> Basket:
    """The same wish, now and then made over the counter, or on another site that keeps the buyer's own address for itself."""
    throw = dice.random()
    if throw < 0.06:
        return over_the_counter(wish)
    return on_a_marketplace(dice, store, wish) if throw < 0.15 else wish


def over_the_counter(wish: Basket) -> Basket:
    """Nobody asks for a name, and nothing is sent."""
    nobody = Person(email="", language=wish.customer.language, address=Address(first_name="", last_name=""))
    return replace(
        wish, customer=nobody, shipping=0, shipping_title="", note="", channel=Channel.POS, channel_name="Point of Sale"
    )


def on_a_marketplace(dice: Random, store: Store, wish: Basket) -> Basket:
    """Coupons of the shop's own do not count there."""
    masked = f"{dice.randrange(16**12):012x}@marketplace.example.com"
    return replace(
        wish,
        customer=replace(wish.customer, email=masked, ref=0),
        coupon="",
        discount_percent=0,
        channel=Channel.MARKETPLACE,
        channel_name=dice.choice(MARKETPLACES[store.slug]),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """Money that will go back: hours after sending, and whether for one line that comes back, or for everything."""

    after: float
    is_whole: bool


def regret(dice: Random) -> Regret | None:
    """One order in ten."""
    if dice.random() >= 0.1:
        return None
    return Regret(after=dice.uniform(90, 200), is_whole=dice.random() < 0.35)


NOTES = (
    "Bitte beim Nachbarn klingeln 🙂",
    "Prosím zazvonit",
    "Leave it in the porch, please.",
    "Ring på hos grannen, tack",
    "請放管理室，謝謝",
)


def fate(dice: Random, store: Store, *, may_split: bool) -> Fate:
    """What becomes of an ordinary order. `may_split`: it holds more than one piece."""
    sent_after = dice.uniform(4, 20)
    return Fate(
        sent_after=sent_after,
        cancelled_after=dice.uniform(0.5, sent_after - 1) if dice.random() < 0.06 else None,
        second_parcel_after=dice.uniform(8, 30) if may_split and dice.random() < 0.25 else None,
        numbering=dice.choices((Numbering.AT_ONCE, Numbering.LATER, Numbering.NEVER), (80, 13, 7))[0],
        journey=dice.choices(tuple(Journey), (74, 6, 6, 5, 4, 2, 3))[0],
        carrier=dice.choice(CARRIERS[store.slug]),
    )


def journey(dice: Random, plan: Fate, store: Store, customer: Person) -> list[Leg]:
    """The scans of one parcel, in order."""
    home, away = store.profile, customer.address
    pace = plan.pace or (1.0 if away.country == home.country else PACES.get(away.country, 3.0))
    last_hub = dice.choice(HUBS.get(away.country, ("Leipzig",)))
    legs = [
        Leg(after=0.0, status=S.LABEL_CREATED, country=home.country),
        Leg(after=2.0 * pace, status=S.PICKED_UP, country=home.country, place=home.city),
        Leg(after=7.0 * pace, status=S.IN_TRANSIT, country=home.country, place=dice.choice(HUBS[home.country])),
        Leg(after=19.0 * pace, status=S.IN_TRANSIT, country=away.country, place=last_hub),
    ]
    return legs + [
        Leg(after=after * pace, status=status, country=away.country, place=away.city if status in LOCAL else "")
        for after, status in ENDINGS[plan.journey]
    ]


LOCAL = frozenset({S.OUT_FOR_DELIVERY, S.DELIVERED, S.DELIVERY_ATTEMPTED, S.READY_FOR_PICKUP})
SMOOTH_HOURS = 34.0
ENDINGS: dict[Journey, tuple[tuple[float, ScanStatus], ...]] = {
    Journey.SMOOTH: ((30.0, S.OUT_FOR_DELIVERY), (SMOOTH_HOURS, S.DELIVERED)),
    Journey.ATTEMPTED: (
        (30.0, S.OUT_FOR_DELIVERY),
        (34.0, S.DELIVERY_ATTEMPTED),
        (54.0, S.OUT_FOR_DELIVERY),
        (58.0, S.DELIVERED),
    ),
    Journey.PICKUP: ((30.0, S.OUT_FOR_DELIVERY), (36.0, S.READY_FOR_PICKUP), (80.0, S.DELIVERED)),
    Journey.DELAYED: ((26.0, S.DELAYED), (74.0, S.OUT_FOR_DELIVERY), (79.0, S.DELIVERED)),
    Journey.STALLED: ((190.0, S.IN_TRANSIT), (206.0, S.OUT_FOR_DELIVERY), (210.0, S.DELIVERED)),
    Journey.LOST: ((240.0, S.EXCEPTION), (480.0, S.LOST)),
    Journey.RETURNED: ((30.0, S.OUT_FOR_DELIVERY), (34.0, S.EXCEPTION), (130.0, S.RETURNED_TO_SENDER)),
}


def tracking_number(carrier: str, serial: int) -> str:
    """A number of the carrier's own form, its check digit right."""
    if carrier == "Royal Mail":
        return _s10("TT", serial, "GB")
    if carrier == "DPD":
        return f"0533{serial:010}"
    return _sscc(f"00340434{16_109_500_000 + serial:011}")


def _sscc(digits: str) -> str:
    """GS1's modulo 10 with weights 3 and 1 from the right, as DHL Paket prints it."""
    total = sum(int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(reversed(digits)))
    return f"{digits}{-total % 10}"


def _s10(service: str, serial: int, country: str) -> str:
    """UPU standard S10: weights 8 6 4 2 3 5 9 7, modulo 11."""
    digits = f"{serial:08}"
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(digits, (8, 6, 4, 2, 3, 5, 9, 7), strict=True)) % 11
    return f"{service}{digits}{ {10: 0, 11: 5}.get(rest, rest) }{country}"
