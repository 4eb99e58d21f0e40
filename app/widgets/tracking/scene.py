"""A hub document opened: its texts turned back into values, with the reader, his words and his day beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.events import OrderStatus, ShipmentStatus
from app.kernel.copy import Speaker, catalogue
from app.widgets.base import Reading
from app.widgets.tracking.strip import Lane

IN_TROUBLE = frozenset({ShipmentStatus.EXCEPTION, ShipmentStatus.RETURNED_TO_SENDER, ShipmentStatus.LOST})
"""No day is named then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """A parcel of the document with its texts turned back into values."""

    position: int
    status: ShipmentStatus
    at: datetime
    lane: Lane
    source: Mapping[str, Any]

    @property
    def is_there(self) -> bool:
        return self.status is ShipmentStatus.DELIVERED


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that the other parts read. Parcels stand in the order in which they matter."""

    document: Mapping[str, Any]
    reading: Reading
    speaker: Speaker
    today: date
    parcels: tuple[Parcel, ...]
    promise: tuple[date, date] | None

    @property
    def status(self) -> OrderStatus:
        return OrderStatus(self.document["order"]["status"])

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.reading.shop.timezone)

    def say(self, path: str, **values: Mapping[str, object]) -> str:
        """A text of copy/ about this order."""
        order = {"number": self.document["order"]["number"]}
        return self.speaker.text(path, {"order": order, **values})

    def position(self, parcel: Parcel) -> str:
        """Parcel 1 of 2."""
        return self.say("common.parcel_of", shipment={"position": parcel.position, "total": len(self.parcels)})


def open_scene(document: Mapping[str, Any], reading: Reading) -> Scene:
    zone = ZoneInfo(reading.shop.timezone)
    today = reading.now.astimezone(zone).date()
    promise = document["promise"]
    promised = (_date(promise["earliest"]), _date(promise["latest"])) if promise else None
    parcels = [_opened(parcel, _promise_of(parcel, document), today, zone) for parcel in document["parcels"]]
    return Scene(
        document=document,
        reading=reading,
        speaker=catalogue().speaker(
            reading.language, reading.shop.language, reading.shop.settings.voice, zone=zone, today=today
        ),
        today=today,
        parcels=tuple(sorted(parcels, key=_turn)),
        promise=promised,
    )


def _promise_of(parcel: Mapping[str, Any], document: Mapping[str, Any]) -> tuple[date, date] | None:
    """A parcel's own days; else the order's, unless those are what a carrier said of another parcel."""
    if parcel["expected_until"]:
        until = _date(parcel["expected_until"])
        return min(_date(parcel["expected_from"] or parcel["expected_until"]), until), until
    promise = document["promise"]
    if promise is None or any(other["expected_until"] for other in document["parcels"]):
        return None
    return _date(promise["earliest"]), _date(promise["latest"])


def _opened(parcel: Mapping[str, Any], promised: tuple[date, date] | None, today: date, zone: ZoneInfo) -> Parcel:
    status = ShipmentStatus(parcel["status"])
    at = datetime.fromisoformat(parcel["status_at"])
    lane = Lane(
        started=datetime.fromisoformat(parcel["shipped_at"]).astimezone(zone).date(),
        reached=at.astimezone(zone).date() if status is ShipmentStatus.DELIVERED else today,
        earliest=promised[0] if promised else None,
        latest=promised[1] if promised else None,
    )
    return Parcel(position=parcel["position"], status=status, at=at, lane=lane, source=parcel)


def _turn(parcel: Parcel) -> tuple[bool, date, int]:
    """What comes next stands first, what is there last."""
    return parcel.is_there, parcel.lane.latest or date.max, parcel.position


def _date(text: str) -> date:
    return date.fromisoformat(text)
