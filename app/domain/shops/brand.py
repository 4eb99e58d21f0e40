"""One brand colour in, a whole set of readable colours out: for the light page and for the dark one."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import atan2, cos, hypot, sin
from types import MappingProxyType

Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Page:
    """What the colours stand on, as `#rrggbb`."""

    paper: str
    ink: str


LIGHT = Page(paper="#ffffff", ink="#1a1a18")
DARK = Page(paper="#161615", ink="#ecebe8")

TEXT = 4.5
"""WCAG 2.2, 1.4.3: contrast of text."""
GRAPHIC = 3.0
"""WCAG 2.2, 1.4.11: contrast of a control's outline and of a picture's parts."""
AIR = 0.1
"""Asked above both, so that a rounded hex digit never falls below them."""
SOFT_TEXT = 6.0
SOFT_EDGE = GRAPHIC + AIR
NEUTRAL_CHROMA = 0.03
"""Below it a colour is a grey: it stands for the ink itself."""
STEP = 0.01
"""Of lightness in OKLCH, which runs from 0 to 1."""

STATES = {"good": "#1b7a4b", "warn": "#8f5a00", "bad": "#b3261e"}
FALLBACK = "#1d4f91"
"""For a shop that gave no colour, or something that is none."""

HEX = re.compile(r"#[0-9a-fA-F]{6}")


@lru_cache(maxsize=512)
def roles(brand: str, page: Page = LIGHT) -> Mapping[str, str]:
    """Plain `#rrggbb` by role: paper, ink, wash, ink-soft, edge, line, brand, on-brand, brand-edge, brand-ink, brand-wash, good,
    warn, bad. On a light page the fill is the merchant's colour exactly as given. What is no `#rrggbb` counts as not given, so
    that nothing else ever reaches a style sheet."""
    given = brand.lower() if HEX.fullmatch(brand) else FALLBACK
    wash = blend(page.ink, page.paper, 0.04)
    fill = _fill(given, page)
    brand_wash = blend(fill, page.paper, 0.10)
    brand_ink = _readable(_or_ink(given, page), (page.paper, wash, brand_wash), TEXT + AIR)
    return MappingProxyType(
        {
            "paper": page.paper,
            "ink": page.ink,
            "wash": wash,
            "ink-soft": _faded(page.ink, wash, SOFT_TEXT),
            "edge": _faded(page.ink, wash, SOFT_EDGE),
            "line": blend(page.ink, page.paper, 0.13),
            "brand": fill,
            "on-brand": max(("#ffffff", "#000000"), key=lambda sign: contrast(sign, fill)),
            "brand-edge": fill if contrast(fill, page.paper) >= GRAPHIC else brand_ink,
            "brand-ink": brand_ink,
            "brand-wash": brand_wash,
            **{name: _readable(colour, (page.paper, wash), TEXT + AIR) for name, colour in STATES.items()},
        }
    )


def contrast(one: str, other: str) -> float:
    """The contrast ratio of WCAG 2.2, from 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def blend(over: str, under: str, share: float) -> str:
    """`over` laid over `under` with opacity `share`, in sRGB, as browsers do it."""
    pairs = zip(_channels(over), _channels(under), strict=True)
    red, green, blue = (top * share + bottom * (1 - share) for top, bottom in pairs)
    return _hex((red, green, blue))


def _fill(brand: str, page: Page) -> str:
    """The colour of button and band: on paper as given, on a dark page raised until it can be seen."""
    if not _is_dark(page.paper) or contrast(brand, page.paper) >= GRAPHIC:
        return brand
    return page.ink if _is_neutral(brand) else _readable(brand, (page.paper,), GRAPHIC + AIR)


def _or_ink(brand: str, page: Page) -> str:
    return page.ink if _is_neutral(brand) else brand


def _is_neutral(colour: str) -> bool:
    return _to_oklch(colour)[1] < NEUTRAL_CHROMA


def _is_dark(colour: str) -> bool:
    return _luminance(colour) < 0.18


def _readable(colour: str, grounds: Sequence[str], least: float) -> str:
    """The same hue, its lightness moved away from the grounds until the contrast with each of them is `least`."""
    lightness, chroma, hue = _to_oklch(colour)
    step = STEP if _is_dark(grounds[0]) else -STEP
    while min(contrast(colour, ground) for ground in grounds) < least and 0 < lightness + step < 1:
        lightness += step
        colour = _from_oklch((lightness, chroma, hue))
    return colour


def _faded(ink: str, ground: str, least: float) -> str:
    """The ink as soft as the contrast allows."""
    shares = (share / 100 for share in range(2, 100))
    fading = (blend(ink, ground, share) for share in shares)
    return next((colour for colour in fading if contrast(colour, ground) >= least), ink)


# --- colour spaces: sRGB as in IEC 61966-2-1, OKLCH as in CSS Color 4 ---------------------------------------------------


def _channels(colour: str) -> Triple:
    red, green, blue = bytes.fromhex(colour[1:])
    return red / 255, green / 255, blue / 255


def _hex(channels: Triple) -> str:
    return "#" + "".join(f"{round(min(1.0, max(0.0, channel)) * 255):02x}" for channel in channels)


def _linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4


def _companded(channel: float) -> float:
    return channel * 12.92 if channel <= 0.0031308 else 1.055 * channel ** (1 / 2.4) - 0.055


def _luminance(colour: str) -> float:
    red, green, blue = map(_linear, _channels(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _to_oklch(colour: str) -> Triple:
    """Lightness, chroma, hue in radians."""
    red, green, blue = map(_linear, _channels(colour))
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    medium = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, hypot(a, b), atan2(b, a)


def _from_oklch(colour: Triple) -> str:
    """The nearest colour that a screen can show: chroma gives way, lightness and hue never do."""
    lightness, chroma, hue = colour
    linear = _oklch_to_linear(lightness, chroma, hue)
    while chroma >= 0.002 and not all(-0.0005 <= channel <= 1.0005 for channel in linear):
        chroma *= 0.97
        linear = _oklch_to_linear(lightness, chroma, hue)
    red, green, blue = (_companded(min(1.0, max(0.0, channel))) for channel in linear)
    return _hex((red, green, blue))


def _oklch_to_linear(lightness: float, chroma: float, hue: float) -> Triple:
    a, b = chroma * cos(hue), chroma * sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )
