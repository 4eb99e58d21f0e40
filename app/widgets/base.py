"""What a widget is: a folder with server-rendered HTML, one small element and its style."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.domain.shops.rules import ShopFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who reads, where and when: the shop with its voice and zone, a BCP 47 language, and a moment of business time."""

    shop: ShopFacts
    language: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """`slug` names folder, element (`encore-<slug>`) and route. `view` turns a hub page's document into the values of the folder's
    template; it is pure."""

    slug: str
    view: Callable[[Mapping[str, Any], Reading], Mapping[str, Any]]
