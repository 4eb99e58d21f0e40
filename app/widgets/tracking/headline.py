"""The headline: one sentence that answers what the reader came with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import cast

from app.domain.orders.rules import CALLED_OFF
from app.events import OrderStatus, ShipmentStatus
from app.kernel import language
from app.widgets.tracking.scene import IN_TROUBLE, Scene

NEAR = timedelta(days=6)
"""Within it a weekday's name alone says which day is meant."""


WAITS_FOR_SOMEBODY = frozenset({ShipmentStatus.READY_FOR_PICKUP, ShipmentStatus.DELIVERY_ATTEMPTED})
"""What comes next is the shopper's turn; a day that was expected before says nothing any more."""


def headline(scene: Scene) -> dict[str, str]:
    """One sentence that answers what the reader came with: a quiet lead, the answer set large, and a line below it."""
    if not scene.parcels:
        return _before_sending(scene)
    parcel = scene.parcels[0]
    label = scene.say(f"statuses.{parcel.status}.label")
    if len(scene.parcels) > 1:
        label = f"{scene.position(parcel)}: {label}"
    if parcel.is_there:
        arrived = scene.say("tracking.arrived", shipment={"delivered_at": parcel.at})
        return {"lead": label, "hero": _day_in_words(scene, parcel.lane.reached), "below": arrived}
    if parcel.status in IN_TROUBLE | WAITS_FOR_SOMEBODY:
        return _without_day(scene, scene.say("common.order"), label, f"statuses.{parcel.status}.explanation")
    return _expected(scene, label, parcel.lane.earliest, parcel.lane.latest, f"statuses.{parcel.status}.explanation")


def _before_sending(scene: Scene) -> dict[str, str]:
    if scene.status in CALLED_OFF:
        label = scene.say("statuses.cancelled.label")
        return _without_day(scene, scene.say("common.order"), label, "statuses.cancelled.explanation")
    stage = {OrderStatus.CONFIRMED: "preparing", OrderStatus.COMPLETED: "unknown"}.get(scene.status, "order_received")
    earliest, latest = scene.promise or (None, None)
    return _expected(scene, scene.say(f"statuses.{stage}.label"), earliest, latest, f"statuses.{stage}.explanation")


def _expected(scene: Scene, lead: str, earliest: date | None, latest: date | None, explanation: str) -> dict[str, str]:
    """The days, while they lie ahead. A promise that has passed is not repeated as if it still held."""
    if earliest is None or latest is None or latest < scene.today:
        return _without_day(scene, lead, scene.say("tracking.expected_none"), explanation)
    first = max(earliest, scene.today)
    window = {"earliest": first, "latest": latest}
    hero = _day_in_words(scene, first) if first == latest else _days_in_words(scene, first, latest)
    return {"lead": lead, "hero": hero, "below": scene.say("tracking.expected", promise=window)}


def _without_day(scene: Scene, lead: str, hero: str, explanation: str) -> dict[str, str]:
    return {"lead": lead, "hero": hero, "below": scene.say(explanation)}


def _day_in_words(scene: Scene, day: date) -> str:
    locale = scene.speaker.locale
    if abs(day - scene.today) <= NEAR:
        return _capital(language.weekday(day, locale))
    return language.day_and_month(day, locale, scene.today)


def _days_in_words(scene: Scene, earliest: date, latest: date) -> str:
    """Weekdays while they cannot be mistaken, else the dates; joined as the language joins a range."""
    intervals = cast("Mapping[str | None, str]", scene.speaker.locale.interval_formats)
    if latest - scene.today <= NEAR:
        ends = (language.weekday(earliest, scene.speaker.locale), language.weekday(latest, scene.speaker.locale))
    else:
        ends = tuple(language.day_and_month(day, scene.speaker.locale, scene.today) for day in (earliest, latest))
    return _capital(intervals[None].format(*ends))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
