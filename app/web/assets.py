"""Style and script, read once, each with a version that changes with its content."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from app.widgets import WIDGETS

STATIC = Path(__file__).parents[2] / "static"
WIDGET_FOLDER = Path(__file__).parents[1] / "widgets"
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
VERSION_MARK = "{{ version }}"
"""Stands in the loader's source where the version of the widgets' files goes."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file as it is sent. `version` is short, for addresses and ETags."""

    body: bytes
    media_type: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """By name: `embedded` is what storefronts load ("loader.js", "tracking.js"), `static` what our own pages do. A shopper's page
    carries its sheet, `page_style`, inside."""

    embedded: Mapping[str, Asset]
    static: Mapping[str, Asset]
    page_style: str


def read_assets() -> Assets:
    """From the files beside the code."""
    tokens = _text(STATIC / "tokens.css")
    embedded: dict[str, Asset] = {}
    sheets: list[str] = []
    for slug in WIDGETS:
        sheet = _text(WIDGET_FOLDER / slug / f"{slug}.css")
        sheets.append(sheet)
        embedded[f"{slug}.css"] = _asset(tokens + sheet, MEDIA_TYPES[".css"])
        embedded[f"{slug}.js"] = _asset(_text(WIDGET_FOLDER / slug / f"{slug}.js"), MEDIA_TYPES[".js"])
    version = version_of("".join(asset.version for asset in embedded.values()).encode())
    loader = _text(STATIC / "loader.js").replace(VERSION_MARK, version)
    return Assets(
        embedded={**embedded, "loader.js": _asset(loader, MEDIA_TYPES[".js"])},
        static={
            path.name: _asset(_text(path), MEDIA_TYPES[path.suffix])
            for path in sorted(STATIC.iterdir())
            if path.suffix in MEDIA_TYPES
        },
        page_style=tokens + "".join(sheets) + _text(STATIC / "page.css"),
    )


def version_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:12]


def allowance(styles: Iterable[str]) -> str:
    """The sources by which a content security policy lets exactly these inline sheets through."""
    digests = (hashlib.sha256(style.encode()).digest() for style in styles)
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)


def _asset(text: str, media_type: str) -> Asset:
    body = text.encode()
    return Asset(body, f"{media_type}; charset=utf-8", version_of(body))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
