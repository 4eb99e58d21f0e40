"""Reading JSON trees whose shape nobody promised: a missing or odd value reads as empty, a needed one is a `Permanent`."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import NoReturn, cast

from app.kernel.errors import Permanent
from app.kernel.reading import Tree, text

DOMAIN = re.compile(r"[a-z0-9][a-z0-9-]*\.myshopify\.com")
"""Of a store at Shopify, whatever its own is (shopify.dev/docs/apps/build/authentication-authorization)."""
MOST_DIGITS = 19
"""Of an id: they are counted in 64 bits."""
YEARS = range(1990, 2200)
"""In which there are shops and parcels: a day at the end of time has no morrow."""


def whole(tree: Tree, name: str) -> int:
    value = tree.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def texts(tree: Tree, name: str) -> list[str]:
    """The words in the list of this name."""
    value = tree.get(name)
    words = cast("list[object]", value) if isinstance(value, list) else []
    return [text({"word": word}, "word") for word in words if isinstance(word, str)]


def key(tree: Tree, name: str) -> str:
    """An id as text: n of a number n or of "gid://shopify/Order/n". It exceeds 2^53, so it never was a float."""
    value = tree.get(name)
    if isinstance(value, str):
        value = value.rpartition("/")[2]
    elif isinstance(value, int):
        value = str(value)
    is_id = isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS
    return value if isinstance(value, str) and is_id else ""


def needed_key(tree: Tree, name: str) -> str:
    return key(tree, name) or _missing(name)


def moment(tree: Tree, name: str) -> datetime | None:
    """In UTC; None where there is none, or it does not name its offset or lies outside of `YEARS`."""
    try:
        read = datetime.fromisoformat(text(tree, name))
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo and read.year in YEARS else None


def needed_moment(tree: Tree, name: str) -> datetime:
    return moment(tree, name) or _missing(name)


def _missing(name: str) -> NoReturn:
    raise Permanent("unexpected_body", f"no {name}")
