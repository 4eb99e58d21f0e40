"""What the texts of a letter may read (copy/variables.yaml): the one place where nothing becomes nil."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

from babel import Locale

from app.domain.promises.rules import Promise
from app.domain.shipments.rules import ShipmentFacts
from app.events import Address
from app.jobs.followups.base import Facts
from app.kernel.language import full_name, price

SPACES = re.compile(r"[^\S\u00a0\u202f]+")
LONGEST_NAME = 40
NEVER_IN_A_NAME = frozenset("/\\:@<>{}[]|=0123456789")
"""A shopper's name comes from a form that anybody can fill in: what looks like an address or a link is not greeted, or a stranger
could make a shop send his advertisement."""
TURNS_TEXT_AROUND = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
CITY_FIRST = frozenset({"AU", "CA", "GB", "IE", "IN", "NZ", "US"})
"""Where the post wants the postcode behind the town."""


def values_for(facts: Facts, links: Mapping[str, str], locale: Locale) -> dict[str, Any]:
    """Nested values by the paths that texts use. Every string is cleaned; an empty one is nil."""
    shop, order = facts.shop, facts.order
    first, last = name_of(order.first_name), name_of(order.last_name)
    return tidy(
        {
            "shop": {
                "name": shop.name,
                "sender_name": shop.settings.sender_name,
                "phone": shop.settings.phone.strip().replace(" ", "\u00a0"),  # stays on one line
                "hours": shop.settings.hours,
                "email": shop.reply_address,
            },
            "shopper": {"first_name": first, "full_name": full_name(first, last) if first and last else None},
            "order": {
                "number": order.number,
                "address": "\n".join(address_lines(order.address, shop.country, locale)),
                "tax": price(order.tax, order.currency, locale) if order.tax else None,
            },
            "shipment": _shipment(facts),
            "promise": _promise(facts),
            "links": dict(links),
        }
    )


def tidy(value: Any) -> Any:  # noqa: ANN401 (values of any shape)
    """Strings without control signs and needless spaces, line by line; empty ones are nil."""
    if isinstance(value, Mapping):
        return {name: tidy(part) for name, part in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [tidy(part) for part in cast("Sequence[Any]", value)]
    return (clean(value) or None) if isinstance(value, str) else value


def clean(text: str) -> str:
    """Line by line; spaces that must not break (in an amount) stay."""
    lines = (SPACES.sub(" ", _printable(line)).strip() for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


def name_of(given: str | None) -> str | None:
    """A name fit for a greeting, or None."""
    name = clean(given or "").replace("\n", " ")
    return name if name and len(name) <= LONGEST_NAME and not NEVER_IN_A_NAME.intersection(name) else None


def address_lines(address: Address | None, home: str, locale: Locale) -> list[str]:
    """As given, one line each. The country is named where it is not the shop's own."""
    if address is None:
        return []
    names = cast("Mapping[str, str]", locale.territories)
    country = names.get(address.country, address.country) if address.country != home else ""
    lines = (address.name, address.company, *address.street, _town(address), country)
    return [line for line in map(clean, lines) if line]


def letter_day(facts: Facts) -> date:
    """The day a letter speaks from, in the shop's zone: its parcel's sending, or the order. Nobody knows when it is read."""
    at = facts.shipment.shipped_at if facts.shipment else facts.order.placed_at
    return local_day(at, facts)


def local_day(at: datetime, facts: Facts) -> date:
    return at.astimezone(ZoneInfo(facts.shop.timezone)).date()


def promise_of(facts: Facts) -> Promise | None:
    """The promise as far as it still lies ahead of the letter: a day that has passed is not promised again."""
    day = letter_day(facts)
    if facts.promise is None or facts.promise.latest < day:
        return None
    return Promise(earliest=max(facts.promise.earliest, day), latest=facts.promise.latest)


def standing_parcels(facts: Facts) -> list[ShipmentFacts]:
    """The order's parcels in the order they left; called-off ones do not count."""
    parcels = (parcel for parcel in facts.shipments if not parcel.is_cancelled)
    return sorted(parcels, key=lambda parcel: (parcel.shipped_at, parcel.id))


def _shipment(facts: Facts) -> dict[str, Any]:
    """The parcel that the letter is about, or for a letter about the order the first one that can be followed."""
    parcels = standing_parcels(facts)
    followed = next((parcel for parcel in parcels if parcel.tracking_number), next(iter(parcels), None))
    parcel = facts.shipment or followed
    return {
        "carrier": parcel.carrier if parcel else None,
        "tracking_number": parcel.tracking_number if parcel else None,
        "position": next((place for place, one in enumerate(parcels, 1) if parcel and one.id == parcel.id), None),
        "total": len(parcels) or None,
    }


def _promise(facts: Facts) -> dict[str, date] | None:
    promise = promise_of(facts)
    return {"earliest": promise.earliest, "latest": promise.latest} if promise else None


def _town(address: Address) -> str:
    if address.country in CITY_FIRST:
        return f"{address.city} {address.region} {address.postcode}"
    return f"{address.postcode} {address.city}"


def _printable(line: str) -> str:
    return "".join(
        " " if unicodedata.category(sign) == "Cc" else sign for sign in line if sign not in TURNS_TEXT_AROUND
    )
