"""What a widget is: a folder with server-rendered HTML, one small element and its style."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Widget:
    """`slug` names folder, element (`encore-<slug>`) and route. `view` turns a hub page's document, its language and voice into
    the values of the folder's template; it is pure."""

    slug: str
    view: Callable[[Mapping[str, Any], str, str], Mapping[str, Any]]
