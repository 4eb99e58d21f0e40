"""The tracking page in words: a hub document becomes what the template prints, in the reader's language and the shop's voice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from app.domain.orders.rules import CALLED_OFF
from app.domain.shops.brand import roles
from app.kernel import language
from app.widgets.base import Reading
from app.widgets.tracking.headline import headline
from app.widgets.tracking.parcels import line_in_words, parcel_in_words, web_address
from app.widgets.tracking.scene import IN_TROUBLE, Scene, open_scene
from app.widgets.tracking.strip import Lane, Strip, draw


def view(document: Mapping[str, Any], reading: Reading) -> Mapping[str, Any]:
    scene = open_scene(document, reading)
    return {
        "language": scene.speaker.tag,
        "colours": roles(reading.shop.settings.brand_colour),
        "say": scene.say,
        "headline": headline(scene),
        "strip": _strip(scene),
        "parcels": [parcel_in_words(scene, parcel) for parcel in scene.parcels],
        "lines": [line_in_words(line, line["quantity"]) for line in document["lines"]],
        "contact": _contact(scene),
    }


# --- the strip ----------------------------------------------------------------------------------------------------------


def _strip(scene: Scene) -> dict[str, Any] | None:
    """Days and lines; None when nothing was promised or nothing is to come by it."""
    lanes = _lanes(scene)
    drawn = draw(lanes) if lanes else None
    if drawn is None:
        return None
    names = [scene.position(parcel) for parcel in scene.parcels] if len(lanes) > 1 else [""]
    return {
        "columns": _columns(scene, drawn),
        "rows": [{"name": name, "track": track} for name, track in zip(names, drawn.tracks, strict=True)],
        "label": _strip_label(scene, lanes),
    }


def _lanes(scene: Scene) -> list[Lane]:
    if any(parcel.status in IN_TROUBLE for parcel in scene.parcels):
        return []
    return [parcel.lane for parcel in scene.parcels] or _lane_of_order(scene)


def _lane_of_order(scene: Scene) -> list[Lane]:
    """Before anything was sent the line begins with the order."""
    if scene.promise is None or scene.status in CALLED_OFF:
        return []
    placed = datetime.fromisoformat(scene.document["order"]["placed_at"]).astimezone(scene.zone)
    return [Lane(started=placed.date(), reached=scene.today, earliest=scene.promise[0], latest=scene.promise[1])]


def _columns(scene: Scene, drawn: Strip) -> list[dict[str, Any]]:
    return [
        {
            "weekday": language.weekday(day, scene.speaker.locale, short=True) if day else "",
            "day": str(day.day) if day else "…",
            "is_promised": day in drawn.promised,
        }
        for day in drawn.columns
    ]


def _strip_label(scene: Scene, lanes: Sequence[Lane]) -> str:
    """All that the picture says, in words."""
    parts = [scene.say("tracking.progress")]
    for number, lane in enumerate(lanes):
        walked = " – ".join(_full_day(scene, day) for day in (lane.started, lane.reached))
        name = f"{scene.position(scene.parcels[number])}, " if len(lanes) > 1 else ""
        window = {"earliest": lane.earliest, "latest": lane.latest} if lane.earliest else None
        expected = scene.say("tracking.expected", promise=window) if window else scene.say("tracking.expected_none")
        parts.append(f"{name}{walked}. {expected}")
    return ". ".join(parts)


def _full_day(scene: Scene, day: date) -> str:
    return f"{language.weekday(day, scene.speaker.locale)} {language.day_and_month(day, scene.speaker.locale, scene.today)}"


# --- contact ------------------------------------------------------------------------------------------------------------


def _contact(scene: Scene) -> dict[str, str]:
    """How to reach the shop, each way in its own words; empty where the merchant gave none. The sentence offers both ways, so it
    stands only where there are both."""
    settings, address = scene.reading.shop.settings, scene.reading.shop.reply_address
    shop = {"phone": settings.phone or None, "hours": settings.hours or None, "name": scene.reading.shop.name}
    return {
        "text": scene.say("common.help_text") if address and settings.phone else "",
        "email": address,
        "phone": settings.phone,
        "phone_words": scene.say("common.help_phone", shop=shop) if settings.phone else "",
        "hours": scene.say("common.help_hours", shop=shop) if settings.hours else "",
        "returns_url": web_address(scene.reading.shop.returns_page),
    }
