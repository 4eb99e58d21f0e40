"""What a console page is: one file with one view and the address it answers to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

from flask import render_template

from app.domain.shops.rules import ShopFacts
from app.web.session import Merchant


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`rule` is the address below /console. With `<shop>` in it the view is called with that shop, which this merchant may see:
    `view(merchant, shop, **rest of the rule)`; without it, `view(merchant)`. A page with a `title` stands in the navigation."""

    slug: str
    rule: str
    view: Callable[..., str]
    title: str = ""


def render(template: str, merchant: Merchant, shop: ShopFacts | None, **values: object) -> str:
    """A page in the console's frame. `shop` is the one it is about; with only one to choose, there is always one."""
    chosen = shop or (merchant.shops[0] if len(merchant.shops) == 1 else None)
    zone = ZoneInfo(chosen.timezone) if chosen else UTC
    return render_template(f"console/{template}.html", shop=chosen, zone=zone, **values)
