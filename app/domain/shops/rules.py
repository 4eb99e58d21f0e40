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
    returns_url: str = ""
    earliest_days: int = 0
    latest_days: int = 0


def settings_from(values: Mapping[str, Any]) -> Settings:
    """The known keys of a stored version; what is unknown or of another type is left at its default."""
    return replace(Settings(), **{name: value for name, value in values.items() if not _misfit(name, value)})


def misfits(values: Mapping[str, Any]) -> list[str]:
    """What cannot be chosen, in words; empty when all of it can."""
    return [problem for name, value in values.items() if (problem := _misfit(name, value))]


def _misfit(name: str, value: object) -> str:
    kinds: dict[str, type[object]] = {field.name: type(getattr(DEFAULTS, field.name)) for field in fields(Settings)}
    if name not in kinds:
        return f"{name} is no setting; there are {', '.join(sorted(kinds))}"
    if isinstance(value, int) and not 0 <= value <= MOST_DAYS:
        return f"{name} must be between 0 and {MOST_DAYS}"
    return "" if type(value) is kinds[name] else f"{name} must be {'a number' if kinds[name] is int else 'a text'}"


DEFAULTS = Settings()
MOST_DAYS = 60
"""A promise further away than this helps nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What connecting learns of a store. `language` is BCP 47, `timezone` an IANA name, `currency` ISO 4217."""

    platform: str
    domain: str
    base_url: str
    name: str
    timezone: str
    currency: str
    language: str
    country: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFacts(Store):
    """What a decision or a page may know of a shop: its store, our names for it, and what its merchant chose."""

    id: int
    public_id: str
    connected_at: datetime
    settings: Settings
