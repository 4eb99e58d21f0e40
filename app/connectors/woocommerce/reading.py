"""Reading a stranger's JSON: what is missing, of another type or beyond all measure becomes a plain default, never an exception,
but for what is `needed`."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import TypeVar, cast
from urllib.parse import urlsplit

from app.kernel.errors import Permanent

Record = Mapping[str, object]
Value = TypeVar("Value")

LONGEST_TEXT = 2000
LONGEST_NAME = 500
LARGEST_REF = 2**63 - 1
AMOUNT = re.compile(r"-?[0-9]{1,11}(\.[0-9]{1,12})?")
"""Bounded, so that the sum of all lines that fit into a delivery still fits into a row."""
YEARS = range(1990, 2200)
HIDDEN = re.compile(r"<(script|style)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
TAG = re.compile(r"<[a-z/!][^>]*>", re.IGNORECASE)
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def record(value: object) -> Record:
    """A JSON object; empty for anything else."""
    return cast("Record", value) if isinstance(value, dict) else {}


def records(value: object) -> list[Record]:
    """The JSON objects in a list; none for anything else."""
    return [record(entry) for entry in cast("list[object]", value) if entry] if isinstance(value, list) else []


def text(value: object) -> str:
    """A word or number as text on one line, without control characters: Postgres takes no NUL."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return " ".join(CONTROLS.sub("", str(value)[:LONGEST_TEXT]).split())


def plain(value: object) -> str:
    """What a reader would see of a name: WordPress lets markup and entities stand in it (`Apron <b>Chef's</b> &amp; Co.`)."""
    bare = TAG.sub("", HIDDEN.sub("", text(value)[:LONGEST_NAME]))
    return text(html.unescape(bare))


def ref(value: object) -> str:
    """An id as text; empty for 0, which WordPress uses for "none", and for anything that is no id."""
    digits = text(value)
    is_id = digits.isascii() and digits.isdecimal() and len(digits) < 20 and 0 < int(digits) <= LARGEST_REF
    return str(int(digits)) if is_id else ""


def link(value: object) -> str:
    """A web address that may stand in a page; empty for anything else, `javascript:` included."""
    address = value.strip() if isinstance(value, str) and len(value) <= LONGEST_TEXT else ""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    is_whole = address == text(address) and " " not in address
    return address if is_whole and parts.scheme in ("http", "https") and parts.netloc else ""


def email(value: object) -> str | None:
    address = text(value)
    return address if "@" in address and " " not in address else None


def amount(value: object) -> Decimal | None:
    """A sum of money or a quantity, told as "5.90", 5.9 or 5; None for anything that is none."""
    said = str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    return Decimal(said) if len(said) < 32 and AMOUNT.fullmatch(said) else None


def whole(value: object) -> int | None:
    """A count; what is told in halves is rounded down."""
    said = amount(value)
    return None if said is None else int(said.to_integral_value(ROUND_FLOOR))


def minor_units(value: Decimal, precision: int) -> int:
    """EUR 5.90 is 590, JPY 590 is 590."""
    return int(value.scaleb(precision).to_integral_value(ROUND_HALF_UP))


def moment(value: object) -> datetime | None:
    """A moment in UTC, in a year in which there were shops. The `_gmt` fields are UTC and do not say so; a value with an offset of
    its own keeps its meaning."""
    try:
        said = datetime.fromisoformat(text(value))
    except ValueError:
        return None
    if said.year not in YEARS:
        return None
    return said.astimezone(UTC) if said.tzinfo else said.replace(tzinfo=UTC)


def unix_moment(value: object) -> datetime | None:
    """The same for unix seconds, told as text or number."""
    seconds = amount(value)
    said = datetime.fromtimestamp(int(seconds), UTC) if seconds and seconds > 0 else None
    return said if said and said.year in YEARS else None


def meta(value: object) -> dict[str, object]:
    """WordPress's `meta_data` list as a dictionary; of several entries with one key the last stands."""
    return {text(entry.get("key")): entry.get("value") for entry in records(value)}


def needed(code: str, name: str, value: Value | None) -> Value:
    """What a thing cannot do without: `Permanent` with this code and the field's name where it is missing."""
    if value is None or value == "":
        raise Permanent(code, name)
    return value
