"""What a merchant may choose, with defaults that are right for most shops."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from app.domain.shops.brand import HEX

MOST_DAYS = 60
"""A promise further away than this helps nobody."""
LONGEST_TEXT = 200
LONGEST_URL = 500
LONGEST_ADDRESS = 254
"""RFC 5321, 4.5.3.1.3, without the angle brackets."""
VOICES = ("formal", "informal")
MAIL_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[^\s@<>()\[\],;:\\\"]+")
"""Domains may be written in any script; what stands before the @ must be ASCII, as most mail servers still demand."""
LANGUAGE_TAG = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
SLUG = re.compile(r"[a-z][a-z_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A merchant's choices at one moment. Days are working days from the order to the door, (0, 0) for "no promise"; `language` is
    BCP 47, empty for the store's own; `switched_on` names the follow-ups that may write to shoppers: none, until somebody says so.
    """

    sender_name: str = ""
    sender_address: str = ""
    phone: str = ""
    hours: str = ""
    language: str = ""
    voice: str = "formal"  # formal | informal, where the language has both
    brand_colour: str = "#1d4f91"
    logo_url: str = ""
    returns_url: str = ""
    earliest_days: int = 0
    latest_days: int = 0
    switched_on: tuple[str, ...] = ()


def settings_from(values: Mapping[str, Any]) -> Settings:
    """The known keys of a stored version; what is unknown or does not fit is left at its default."""
    fitting = {name: value for name, value in values.items() if not _misfit(name, value)}
    if "switched_on" in fitting:
        fitting["switched_on"] = tuple(fitting["switched_on"])
    return replace(Settings(), **fitting)


def problems(values: Mapping[str, Any], follow_ups: Collection[str] | None = None) -> dict[str, str]:
    """What cannot be chosen, by name, as the rest of a sentence that begins with the name. `follow_ups` are those that there are;
    None: whatever is switched on is believed."""
    found = {name: problem for name, value in values.items() if (problem := _misfit(name, value))}
    if not found:
        found = {**_days_in_order(values), **_known_follow_ups(values, follow_ups)}
    return found


def misfits(values: Mapping[str, Any], follow_ups: Collection[str] | None = None) -> list[str]:
    """The same as whole sentences; empty when all of it can be chosen."""
    return [f"{name} {problem}" for name, problem in problems(values, follow_ups).items()]


def is_mail_address(said: str) -> bool:
    """Whether a mail server could read it."""
    if len(said) > LONGEST_ADDRESS or not MAIL_ADDRESS.fullmatch(said):
        return False
    try:
        return bool(said.rpartition("@")[2].encode("idna"))
    except UnicodeError:
        return False


# --- one value -------------------------------------------------------------------------------------------------------


def _misfit(name: str, value: object) -> str:
    if name not in CHECKS:
        return f"is no setting; there are {', '.join(sorted(CHECKS))}"
    wanted: object = getattr(DEFAULTS, name)
    if isinstance(wanted, str) and not isinstance(value, str):
        return "must be a text"
    if isinstance(wanted, int) and (not isinstance(value, int) or isinstance(value, bool)):
        return "must be a number"
    return CHECKS[name](value)


def _line(value: str) -> str:
    if len(value) > LONGEST_TEXT:
        return f"must have at most {LONGEST_TEXT} characters"
    return "" if all(sign.isprintable() for sign in value) else "must be one line"


def _address(value: str) -> str:
    return "" if not value or is_mail_address(value) else "must be an e-mail address, like hello@shop.example"


def _language(value: str) -> str:
    return "" if not value or LANGUAGE_TAG.fullmatch(value) else "must be a language's tag, like de or zh-Hant"


def _voice(value: str) -> str:
    return "" if value in VOICES else f"must be {' or '.join(VOICES)}"


def _colour(value: str) -> str:
    return "" if HEX.fullmatch(value) else "must be a colour like #1d4f91"


def _page(value: str) -> str:
    return "" if not value or _scheme(value) in ("http", "https") else "must be the address of a page, with https://"


def _picture(value: str) -> str:
    return "" if not value or _scheme(value) == "https" else "must be the address of a picture, with https://"


def _scheme(address: str) -> str:
    """Empty for what is no address of the web, or could break out of one."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    is_plain = len(address) <= LONGEST_URL and address.isprintable() and not set(address) & set(" \"'<>\\")
    return parts.scheme if is_plain and parts.hostname and "@" not in parts.netloc else ""


def _days(value: int) -> str:
    return "" if 0 <= value <= MOST_DAYS else f"must be between 0 and {MOST_DAYS}"


def _slugs(value: object) -> str:
    if not isinstance(value, list | tuple):
        return "must be a list of follow-ups"
    named = cast("list[object]", value)
    fits = all(isinstance(slug, str) and SLUG.fullmatch(slug) for slug in named)
    return "" if fits else "must be a list of follow-ups"


CHECKS: Mapping[str, Callable[[Any], str]] = {
    "sender_name": _line,
    "sender_address": _address,
    "phone": _line,
    "hours": _line,
    "language": _language,
    "voice": _voice,
    "brand_colour": _colour,
    "logo_url": _picture,
    "returns_url": _page,
    "earliest_days": _days,
    "latest_days": _days,
    "switched_on": _slugs,
}
"""What each setting must be: a problem in words, or nothing."""

DEFAULTS = Settings()


# --- several values --------------------------------------------------------------------------------------------------


def _days_in_order(values: Mapping[str, Any]) -> dict[str, str]:
    """Only where both are named: a promise needs both."""
    earliest, latest = values.get("earliest_days"), values.get("latest_days")
    if earliest is None or latest is None:
        return {}
    if latest and not earliest:
        return {"earliest_days": "must be 1 or more when latest_days is; 0 and 0 promise nothing"}
    return {"latest_days": "must not be less than earliest_days"} if latest < earliest else {}


def _known_follow_ups(values: Mapping[str, Any], follow_ups: Collection[str] | None) -> dict[str, str]:
    unknown = sorted(set(values.get("switched_on", ())) - set(follow_ups or ())) if follow_ups is not None else []
    if not unknown:
        return {}
    return {"switched_on": f"names {', '.join(unknown)}; there are {', '.join(sorted(follow_ups or ()))}"}


# --- the shop --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """What a store says of itself. `language` is its main one and `languages` all that it sells in, BCP 47; `timezone` is an IANA
    name, `currency` ISO 4217; `policies` are the addresses of the pages with its terms, by kind; `email` is where it is reached."""

    platform: str
    domain: str
    base_url: str
    name: str
    timezone: str
    currency: str
    language: str
    country: str
    email: str = ""
    languages: tuple[str, ...] = ()
    policies: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopFacts(Store):
    """What a decision or a page may know of a shop: its store, our names for it, and what its merchant chose."""

    id: int
    public_id: str
    connected_at: datetime
    settings: Settings

    @property
    def reply_address(self) -> str:
        """Where somebody reads what shoppers answer: the merchant's own choice, else what the store names; empty for nowhere."""
        named = self.settings.sender_address or self.email
        return named if is_mail_address(named) else ""

    @property
    def returns_page(self) -> str:
        """Where the shop says how returns work: the merchant's own choice, else what the store names."""
        return self.settings.returns_url or self.policies.get("returns", "")
