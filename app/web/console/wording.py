"""The console's words: codes of rows become sentences, moments become times of day. English, as the whole console."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time, format_timedelta

from app.domain.insight.service import ResourceSync
from app.kernel import language as languages

LOCALE = Locale("en", "GB")


@dataclass(frozen=True, slots=True)
class State:
    """How a state is shown: words, a shape of marks.html, its tone, a sentence where there is nothing more to tell, and what a
    merchant may do about it."""

    words: str
    mark: str
    tone: str = ""
    detail: str = ""
    remedy: str = ""


STATES: dict[str, State] = {
    "planned": State("Planned", "planned", "", "Decided again when it is due."),
    "sending": State("Being sent", "doing"),
    "sent": State("Sent", "done", "good"),
    "uncertain": State(
        "Perhaps sent",
        "look",
        "warn",
        "Handed over, but the answer was lost. It is never repeated blind.",
        "If it matters, ask the shopper whether it arrived.",
    ),
    "failed": State(
        "Not accepted",
        "stopped",
        "bad",
        "It cannot be sent as it is. Its order says why.",
        "If it matters, write to the shopper yourself.",
    ),
    "skipped": State("Not sent", "not"),
    "cancelled": State("Called off", "not"),
}
"""Of messages."""

DELIVERY_STATES: dict[str, State] = {
    "received": State("Waiting", "planned"),
    "applied": State("Applied", "done", "good"),
    "ignored": State("Ignored", "not"),
    "refused": State(
        "Refused", "stopped", "bad", remedy="You need do nothing: what they were about is read from the store itself."
    ),
}

EVENT_MARKS: dict[str, tuple[str, str]] = {
    "OrderPlaced": ("planned", ""),
    "OrderCancelled": ("stopped", "bad"),
    "OrderRefunded": ("done", ""),
    "ShipmentSent": ("doing", ""),
    "TrackingNumberAdded": ("planned", ""),
    "ShipmentMoved": ("doing", ""),
    "ShipmentDelivered": ("done", "good"),
}

MOVED_MARKS: dict[str, tuple[str, str]] = {
    "label_created": ("planned", ""),
    "ready_for_pickup": ("waiting", "warn"),
    "delivery_attempted": ("look", "warn"),
    "delayed": ("look", "warn"),
    "exception": ("look", "warn"),
    "returned_to_sender": ("stopped", "bad"),
    "lost": ("stopped", "bad"),
}
"""Of a parcel that moved, where it is not simply under way."""

SOURCES = {
    "platform": "Told by the store",
    "webhook": "Told by the store",
    "pull": "Read from the store",
    "carrier": "Told by the carrier",
}

SHIPMENT_STATUSES = {
    "label_created": "has its label",
    "picked_up": "is with the carrier",
    "in_transit": "is on its way",
    "out_for_delivery": "is out for delivery",
    "ready_for_pickup": "waits at the pick-up point",
    "delivery_attempted": "could not be handed over",
    "delivered": "has arrived",
    "delayed": "is late",
    "exception": "has met a problem",
    "returned_to_sender": "is on its way back",
    "lost": "is probably lost",
    "unknown": "has left, no news yet",
}

ORDER_STATUSES: dict[str, State] = {
    "pending": State("Not paid yet", "planned"),
    "confirmed": State("Confirmed", "doing"),
    "completed": State("Handed over", "done", "good"),
    "cancelled": State("Cancelled", "stopped", "bad"),
    "refunded": State("Refunded", "stopped"),
    "deleted": State("Deleted in the store", "stopped"),
}

ORDER_CHANNELS = {
    "pos": "At the till",
    "marketplace": "Marketplace",
    "draft": "Entered by the shop",
    "other": "Another app",
}
"""Where an order was made, when it was not the shop's own website."""

EFFECT_STATES: dict[str, State] = {
    "planned": State("Will be paid back", "planned", "", "The store is asked for it next."),
    "calling": State("Being paid back", "doing", "", "The store is asked for it just now."),
    "done": State("Paid back", "done", "good", "The store has confirmed it."),
    "uncertain": State(
        "Perhaps paid back", "look", "warn", "The store's answer was lost; it is looked up, never repeated blind."
    ),
    "refused": State(
        "Not paid back",
        "stopped",
        "bad",
        remedy="Pay it back in the store, or have whoever runs Encore let it be tried again.",
    ),
    "cancelled": State("Called off", "not"),
}
"""Of refunds that Encore asked the store for."""

CONNECT_AGAIN = "Connect it again with fresh keys; whoever runs Encore for you knows how."

ABOUT = {"order": "order", "shipment": "parcel"}
CHANNELS = {"email": "E-mail"}

WORK = {
    "ingest": "reading deliveries",
    "fetch": "reading single orders",
    "pull": "reading the store",
    "plan": "planning messages",
    "deliver": "sending messages",
    "track": "asking carriers",
    "census": "asking the store what it still has",
    "check": "looking after the store's webhooks",
    "effect": "doing what was decided at the store",
    "alert": "writing to you when something breaks",
    "retain": "forgetting what is old",
}

RESOURCES = {
    "orders": "Orders, parcels and refunds",
    "products": "Products and stock",
    "customers": "Customers",
    "discounts": "Discount codes",
}

POLICIES = {
    "returns": "Returns",
    "shipping": "Shipping",
    "privacy": "Privacy",
    "terms": "Terms",
    "imprint": "Imprint",
    "contact": "Contact",
}


def order_channel(kind: str, name: str) -> str:
    """Empty for the shop's own website."""
    words = ORDER_CHANNELS.get(kind, "")
    return f"{words} ({name})" if words and name else words


def resource(name: str) -> str:
    return RESOURCES.get(name, name)


def sync_state(one: ResourceSync, stopped: Collection[str]) -> State:
    """How the reading of a resource stands; `stopped` are the errors of readings that nobody tries again by itself."""
    if one.error in stopped:
        return State(
            "Stopped", "stopped", "bad", remedy="Connecting again takes it up; so does “Try again” under Today."
        )
    if one.error:
        return State("Held up", "look", "warn", remedy="It is tried again by itself.")
    return State("Complete", "done", "good") if one.is_backfilled else State("Being read", "doing")


def read_so_far(one: ResourceSync) -> str:
    """How much of a first reading is done, with an estimate while it goes on."""
    read = f"{one.seen:,} of {one.total:,}." if one.total is not None else f"{one.seen:,} so far."
    return read if one.error else f"{read} {time_left(one.time_left)}"


def no_parcel(status: str) -> str:
    """Of an order that none has left for."""
    return "No parcel yet." if status in ("pending", "confirmed") else "No parcel."


def subscriptions(looked_at: int, mended: int) -> str:
    """What the last check of them found."""
    kinds = count(looked_at, "kind")
    if not mended:
        return f"{kinds} of news, all in order"
    return f"{kinds} of news, {mended:,} of them had been missing and {'was' if mended == 1 else 'were'} set up again"


def time_left(left: timedelta | None) -> str:
    """An estimate as rough as it is."""
    if left is None:
        return "How long it takes cannot be said yet."
    if left < timedelta(minutes=1):
        return "Less than a minute left."
    return f"About {format_timedelta(left, locale=LOCALE, threshold=1.5)} left."


def drift(missed: int, swept: int) -> str:
    """How far our rows were from the store's."""
    if not missed:
        return "Nothing had been missed."
    return f"{missed:,} of {count(swept, 'thing')} had been missed and were mended."


def work(kind: str) -> str:
    return WORK.get(kind, kind)


def follow_up(slug: str) -> str:
    return slug.replace("_", " ").replace("-", " ")


def event_mark(kind: str, data: Mapping[str, Any]) -> tuple[str, str]:
    """Shape and tone."""
    usual = EVENT_MARKS.get(kind, ("planned", ""))
    return MOVED_MARKS.get(data.get("status", ""), usual) if kind == "ShipmentMoved" else usual


def event(kind: str, data: Mapping[str, Any], parcel: int | None, currency: str) -> str:
    """What happened, in words. `parcel` counts from 1 within its order, whose `currency` money is in."""
    name = f"Parcel {parcel}" if parcel else "A parcel"
    if kind == "OrderRefunded" and "amount" in data:
        return f"Money went back: {amount(data['amount'], currency)}"
    if kind == "ShipmentSent":
        return f"{name} left, {'with' if data.get('has_tracking') else 'without'} a tracking number"
    sentences = {
        "OrderPlaced": "Order placed",
        "OrderCancelled": "Order cancelled",
        "OrderRefunded": "Money went back",
        "TrackingNumberAdded": f"{name} got its tracking number",
        "ShipmentMoved": f"{name} {SHIPMENT_STATUSES.get(data.get('status', ''), 'moved')}",
        "ShipmentDelivered": f"{name} has arrived",
    }
    return sentences.get(kind, kind)


def language(tag: str) -> str:
    locale = languages.locale_of(tag)
    return (locale.get_display_name("en") if locale else None) or tag


def count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"


# --- moments ------------------------------------------------------------------------------------------------------------


def day(on: date) -> str:
    return format_date(on, "EEEE d MMMM y", LOCALE)


def time(at: datetime, where: tzinfo = UTC) -> str:
    return format_time(at.astimezone(where), "HH:mm", locale=LOCALE)


def moment(at: datetime, where: tzinfo = UTC) -> str:
    """With the zone's name, because rows of several zones may stand on one page."""
    local = at.astimezone(where)
    return f"{format_skeleton('yMMMd', local, locale=LOCALE)}, {format_time(local, 'HH:mm', locale=LOCALE)} {local.tzname()}"


def ago(at: datetime, now: datetime) -> str:
    passed = max(now - at, timedelta())
    return (
        "just now" if passed < timedelta(seconds=2) else f"{format_timedelta(passed, locale=LOCALE, threshold=1)} ago"
    )


def amount(minor: int, currency: str) -> str:
    return languages.price(minor, currency, LOCALE)
