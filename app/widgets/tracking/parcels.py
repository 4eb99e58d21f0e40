"""Each parcel: where it stands on its way, what was said of it, and what is in it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from babel.dates import format_skeleton, format_time, get_datetime_format

from app.events import ShipmentStatus
from app.widgets.tracking.scene import Parcel, Scene

SHOWN_SCANS = 3
STOPS = ("order_received", "label_created", "in_transit", "out_for_delivery", "delivered")
REACHED: dict[ShipmentStatus, int] = {
    ShipmentStatus.UNKNOWN: 1,
    ShipmentStatus.LABEL_CREATED: 1,
    ShipmentStatus.PICKED_UP: 2,
    ShipmentStatus.IN_TRANSIT: 2,
    ShipmentStatus.DELAYED: 2,
    ShipmentStatus.EXCEPTION: 2,
    ShipmentStatus.OUT_FOR_DELIVERY: 3,
    ShipmentStatus.DELIVERY_ATTEMPTED: 3,
    ShipmentStatus.READY_FOR_PICKUP: 3,
    ShipmentStatus.DELIVERED: 4,
}
"""The stop at which a parcel with this status stands; one on its way back, or lost, stands at none."""
MARKS: dict[ShipmentStatus, tuple[str, str]] = {
    ShipmentStatus.UNKNOWN: ("planned", ""),
    ShipmentStatus.LABEL_CREATED: ("planned", ""),
    ShipmentStatus.READY_FOR_PICKUP: ("waiting", "warn"),
    ShipmentStatus.DELIVERY_ATTEMPTED: ("look", "warn"),
    ShipmentStatus.DELAYED: ("look", "warn"),
    ShipmentStatus.EXCEPTION: ("look", "warn"),
    ShipmentStatus.RETURNED_TO_SENDER: ("stopped", "bad"),
    ShipmentStatus.LOST: ("stopped", "bad"),
    ShipmentStatus.DELIVERED: ("done", "good"),
}
"""Shape and tone; every other status is under way."""


def parcel_in_words(scene: Scene, parcel: Parcel) -> dict[str, Any]:
    source = parcel.source
    mark, tone = MARKS.get(parcel.status, ("doing", ""))
    scans = [_scan(scene, scan) for scan in source["scans"]]
    route = _route(scene, parcel.status)
    status = scene.say(f"statuses.{parcel.status}.label")
    is_said_by_route = len(scene.parcels) == 1 and any(stop == {"label": status, "stands": "now"} for stop in route)
    return {
        "title": scene.position(parcel) if len(scene.parcels) > 1 else scene.say("tracking.progress"),
        "status": "" if is_said_by_route else status,
        "explanation": scene.say(f"statuses.{parcel.status}.explanation"),
        "mark": mark,
        "tone": tone,
        "route": route,
        "scans": scans[:SHOWN_SCANS],
        "more_scans": scans[SHOWN_SCANS:],
        "scan_count": len(scans),
        "carrier": source["carrier"],
        "number": source["tracking_number"],
        "url": web_address(source["tracking_url"]),
        "lines": _lines_of(scene, parcel) if len(scene.parcels) > 1 else [],
    }


def _route(scene: Scene, status: ShipmentStatus) -> list[dict[str, str]]:
    reached = REACHED.get(status)
    if reached is None:
        return []
    waits = status is ShipmentStatus.READY_FOR_PICKUP
    stops = [status.value if waits and stop == "out_for_delivery" else stop for stop in STOPS]
    return [
        {
            "label": scene.say(f"statuses.{stop}.label"),
            "stands": "now" if place == reached else "done" if place < reached else "",
        }
        for place, stop in enumerate(stops)
    ]


def _scan(scene: Scene, scan: Mapping[str, str]) -> dict[str, str]:
    at = datetime.fromisoformat(scan["at"])
    return {
        "label": scene.say(f"statuses.{scan['status']}.label"),
        "place": scan["place"],
        "at": at.astimezone(UTC).isoformat(timespec="minutes"),
        "time": _moment(scene, at),
    }


def _moment(scene: Scene, at: datetime) -> str:
    """Day and time of day in the shop's zone, as the language joins them."""
    locale = scene.speaker.locale
    local = at.astimezone(scene.zone)
    day = format_skeleton("MMMEd", local, locale=locale)
    joined = str(get_datetime_format("medium", locale=locale)).replace("'", "")
    return joined.replace("{1}", day).replace("{0}", format_time(local, "short", locale=locale))


def _lines_of(scene: Scene, parcel: Parcel) -> list[dict[str, Any]]:
    """What is in a parcel; one whose content was not told shows nothing."""
    lines = {line["ref"]: line for line in scene.document["lines"]}
    return [line_in_words(lines[ref], quantity) for ref, quantity in parcel.source["items"] if ref in lines]


def line_in_words(line: Mapping[str, Any], quantity: int) -> dict[str, Any]:
    return {
        "title": line["title"],
        "variant": line["variant"],
        "quantity": quantity,
        "image_url": web_address(line["image_url"]),
    }


def web_address(said: str) -> str:
    """An address that may stand behind a link or a picture, or nothing: what platforms and merchants write could run as script."""
    try:
        parts = urlsplit(said)
    except ValueError:
        return ""
    return said if parts.scheme in ("http", "https") and parts.netloc else ""
