"""What PHP does to values on their way in and out."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qsl

Arguments = dict[str, str | list[str]]


def encode(value: object) -> bytes:
    """json_encode's default: everything beyond ASCII as \\uXXXX, slashes escaped, no spaces."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def arguments(query: str) -> Arguments:
    """A query as PHP reads it: the last of equal names wins, `name[]` gathers a list."""
    found: Arguments = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        plain, bracket, _ = name.partition("[")
        if not bracket:
            found[name] = value
        elif isinstance(kept := found.get(plain), list):
            kept.append(value)
        else:
            found[plain] = [value]
    return found


def words(value: str | list[str]) -> list[str]:
    """A list given as a list, or as text with commas or spaces between."""
    return value if isinstance(value, list) else [word for word in re.split(r"[\s,]+", value) if word]


def flat(found: Arguments) -> Iterable[tuple[str, str]]:
    """Arguments as single pairs, with PHP's own numbering of lists."""
    for name, value in found.items():
        if isinstance(value, list):
            yield from ((f"{name}[{place}]", one) for place, one in enumerate(value))
        else:
            yield name, value


def text(plain: str) -> str:
    """How WordPress keeps a title: with entities."""
    return html.escape(plain, quote=False)
