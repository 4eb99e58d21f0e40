"""What a merchant may choose, with defaults that are right for most shops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A merchant's choices at one moment. Days are working days from the order to the door, (0, 0) for "no promise"."""

    sender_name: str = ""
    sender_address: str = ""
    phone: str = ""
    hours: str = ""
    voice: str = "formal"  # formal | informal, where the language has both
    brand_colour: str = "#1d4f91"
    logo_url: str = ""
    returns_url: str = ""
    earliest_days: int = 0
    latest_days: int = 0


def settings_from(values: Mapping[str, Any]) -> Settings:
    """The known keys of a stored version; what is unknown or of another type is left at its default."""
    default = Settings()
    kinds: dict[str, type[object]] = {field.name: type(getattr(default, field.name)) for field in fields(Settings)}
    return replace(default, **{name: value for name, value in values.items() if type(value) is kinds.get(name)})


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFacts:
    """What a decision or a page may know of a shop."""

    id: int
    public_id: str
    platform: str
    domain: str
    base_url: str
    name: str
    timezone: str
    currency: str
    language: str
    country: str
    connected_at: datetime
    settings: Settings
