"""Times that come without an offset: on whose clocks they were read."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

CLOCKS = {
    # IANA time zone database. Where a country has several zones: the one of its capital or of most of its people.
    "Europe/London": "GB GG IM JE",
    "Europe/Dublin": "IE",
    "Europe/Lisbon": "PT",
    "Atlantic/Reykjavik": "IS",
    "Europe/Berlin": "DE AT CH LI NL BE LU FR MC DK SE NO PL CZ SK HU SI HR BA RS ME MK AL ES AD IT SM VA MT",
    "Europe/Helsinki": "FI EE LV LT UA RO BG GR CY",
    "Europe/Istanbul": "TR",
    "America/New_York": "US",
    "America/Toronto": "CA",
    "America/Mexico_City": "MX",
    "America/Sao_Paulo": "BR",
    "Australia/Sydney": "AU",
    "Pacific/Auckland": "NZ",
    "Asia/Tokyo": "JP",
    "Asia/Seoul": "KR",
    "Asia/Taipei": "TW",
    "Asia/Shanghai": "CN HK",
    "Asia/Singapore": "SG MY",
    "Asia/Bangkok": "TH VN",
    "Asia/Kolkata": "IN",
    "Asia/Dubai": "AE",
    "Asia/Riyadh": "SA",
    "Asia/Jerusalem": "IL",
    "Africa/Johannesburg": "ZA",
}
ZONES = {country: zone for zone, countries in CLOCKS.items() for country in countries.split()}


def moment(text: str, country: str) -> datetime:
    """An ISO 8601 time in UTC. One without an offset is on the clocks of `country` (ISO 3166-1 alpha-2), or, where that is not
    known, on UTC's. ValueError for anything else."""
    said = datetime.fromisoformat(text)
    if said.tzinfo is None:
        zone = ZONES.get(country.upper())
        said = said.replace(tzinfo=ZoneInfo(zone) if zone else UTC)
    try:
        return said.astimezone(UTC)
    except OverflowError as error:  # the first and the last day that a datetime can hold
        raise ValueError("outside of time") from error
