"""What was sent. WooCommerce knows three ways to say so: the Shipment Tracking plugin's meta, its own fulfilments, and "completed".

The n-th parcel of an order has the ref "{order}/{n}", whatever says so: a tracking number that is entered later belongs to the
parcel that left without one. Parcels of the plugin come first, then fulfilments in the order in which they were sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

from app.connectors.woocommerce.mapping import ships
from app.connectors.woocommerce.reading import (
    Record,
    amount,
    link,
    meta,
    moment,
    plain,
    records,
    ref,
    text,
    unix_moment,
)
from app.events import OrderFact, OrderStatus, ShipmentFact

TRACKING_ITEMS = "_wc_shipment_tracking_items"
FULFILMENT_STATUS = "_fulfillment_status"
WAYS = ("_tracking_number", "_shipment_provider", "_shipping_option")
"""One of these stands on every fulfilment that a person made."""

WIDEST_OFFSET = timedelta(hours=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    sent_at: datetime | None = None
    carrier: str = ""
    number: str = ""
    url: str = ""
    items: Counter[str]


def has_fulfilments(order: Record) -> bool:
    """The order says that it has fulfilments, but never what is in them: they are read at an address of their own."""
    return bool(text(meta(order.get("meta_data")).get(FULFILMENT_STATUS)))


def parcels_of(fact: OrderFact, order: Record, fulfilments: Sequence[Record] | None) -> tuple[ShipmentFact, ...]:
    """All parcels of an order. `fulfilments` is None when it has some and they cannot be read: then "completed" says nothing, for
    the parcel that it stands for may be known by its number already."""
    said = _one_a_number([*_tracked(order), *_fulfilled(order, fulfilments or ())])
    if not said and fulfilments is not None and fact.status is OrderStatus.COMPLETED and ships(order):
        said = [Parcel(sent_at=moment(order.get("date_completed_gmt")), items=Counter())]
    return tuple(_fact_from(fact, position, parcel) for position, parcel in enumerate(said, 1))


def _fact_from(fact: OrderFact, position: int, parcel: Parcel) -> ShipmentFact:
    ordered = Counter({line.ref: line.quantity for line in fact.lines})
    return ShipmentFact(
        order_ref=fact.ref,
        ref=f"{fact.ref}/{position}",
        updated_at=fact.updated_at,
        # A day's midnight lies before most of its orders, but no parcel leaves before its order was placed.
        shipped_at=max(parcel.sent_at or fact.updated_at, fact.placed_at),
        carrier=parcel.carrier,
        tracking_number=parcel.number,
        tracking_url=parcel.url,
        # The store checks neither: it takes 99 pieces of 4 and lines of another order.
        items=tuple((parcel.items & ordered).items()),
    )


def _tracked(order: Record) -> Iterable[Parcel]:
    """https://woocommerce.com/document/shipment-tracking/ : the carrier is one of the plugin's list, or one of the shop's own."""
    for item in records(meta(order.get("meta_data")).get(TRACKING_ITEMS)):
        parcel = Parcel(
            sent_at=_sent_at(item, moment(order.get("date_completed_gmt"))),
            carrier=plain(item.get("tracking_provider")) or plain(item.get("custom_tracking_provider")),
            number=text(item.get("tracking_number")),
            url=link(item.get("custom_tracking_link")),
            items=Counter(),
        )
        if parcel.carrier or parcel.number or parcel.url:
            yield parcel


def _sent_at(item: Record, completed_at: datetime | None) -> datetime | None:
    """The plugin asks for a day and keeps its midnight. The moment of completion is finer, where it lies in that day."""
    day = unix_moment(item.get("date_shipped"))
    is_bare = day is not None and day.time() == time()
    is_finer = completed_at is not None and (day is None or (is_bare and day.date() == completed_at.date()))
    return completed_at if is_finer else day


def _fulfilled(order: Record, fulfilments: Iterable[Record]) -> list[Parcel]:
    offset = _site_offset(order)
    sent = [_from_fulfilment(entry, offset) for entry in fulfilments if _was_sent(entry)]
    return sorted(sent, key=lambda parcel: parcel.sent_at.timestamp() if parcel.sent_at else 0.0)


def _was_sent(fulfilment: Record) -> bool:
    """A draft was not, and neither was what WooCommerce fulfils by itself, a download: it says nothing but what is in it."""
    said = meta(fulfilment.get("meta_data"))
    return fulfilment.get("is_fulfilled") is True and any(text(said.get(way)) for way in WAYS)


def _from_fulfilment(fulfilment: Record, offset: timedelta) -> Parcel:
    """Its dates are the site's local time and do not say so."""
    said = meta(fulfilment.get("meta_data"))
    local = moment(said.get("_date_fulfilled")) or moment(fulfilment.get("date_updated"))
    return Parcel(
        sent_at=local - offset if local else None,
        carrier=plain(said.get("_provider_name")) or plain(said.get("_shipment_provider")),
        number=text(said.get("_tracking_number")),
        url=link(said.get("_tracking_url")),
        items=_pieces(said.get("_items")),
    )


def _pieces(value: object) -> Counter[str]:
    pieces: Counter[str] = Counter()
    for item in records(value):
        pieces[ref(item.get("item_id"))] += max(int(amount(item.get("qty")) or 0), 0)
    return pieces


def _site_offset(order: Record) -> timedelta:
    """How far the site's time is ahead of UTC, read off the order's last change: making a fulfilment is one."""
    local, utc = moment(order.get("date_modified")), moment(order.get("date_modified_gmt"))
    offset = local - utc if local and utc else timedelta()
    return offset if abs(offset) <= WIDEST_OFFSET else timedelta()


def _one_a_number(parcels: Iterable[Parcel]) -> list[Parcel]:
    """Shops that use the plugin beside fulfilments enter the same number in both."""
    found: dict[str | int, Parcel] = {}
    for position, parcel in enumerate(parcels):
        key = parcel.number or position
        found[key] = _joined(found[key], parcel) if key in found else parcel
    return list(found.values())


def _joined(first: Parcel, second: Parcel) -> Parcel:
    return replace(
        first,
        sent_at=first.sent_at or second.sent_at,
        carrier=first.carrier or second.carrier,
        url=first.url or second.url,
        items=first.items + second.items,
    )
