"""The ladder: where a parcel stands, whatever order its news arrives in."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from app.events import ShipmentStatus

RUNGS: dict[ShipmentStatus, int] = {
    ShipmentStatus.UNKNOWN: 0,
    ShipmentStatus.LABEL_CREATED: 1,
    ShipmentStatus.PICKED_UP: 2,
    ShipmentStatus.IN_TRANSIT: 3,
    ShipmentStatus.DELAYED: 3,
    ShipmentStatus.EXCEPTION: 3,
    ShipmentStatus.OUT_FOR_DELIVERY: 4,
    ShipmentStatus.DELIVERY_ATTEMPTED: 4,
    ShipmentStatus.READY_FOR_PICKUP: 5,
    ShipmentStatus.LOST: 6,
    ShipmentStatus.RETURNED_TO_SENDER: 7,
    ShipmentStatus.DELIVERED: 8,
}
"""Within a rung the later news wins; between rungs the higher one does, however late a lower one is told."""

FINISHED = frozenset({ShipmentStatus.DELIVERED, ShipmentStatus.RETURNED_TO_SENDER})


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A status and the moment it was reached."""

    status: ShipmentStatus
    at: datetime


def highest(standings: Iterable[Standing]) -> Standing:
    """Where a parcel stands after all of these. The same set gives the same answer in any order and however often repeated.
    ValueError for none at all."""
    return max(standings, key=lambda standing: (RUNGS[standing.status], standing.at, standing.status))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanView:
    status: ShipmentStatus
    at: datetime
    place: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentFacts:
    """A parcel for decisions and pages. `items` pairs a line's ref with a quantity; empty means the whole order."""

    id: int
    ref: str
    order_id: int
    standing: Standing
    shipped_at: datetime
    carrier: str
    tracking_number: str
    tracking_url: str
    expected_from: date | None
    expected_until: date | None
    is_cancelled: bool
    items: tuple[tuple[str, int], ...]
    scans: tuple[ScanView, ...] = ()  # newest first
