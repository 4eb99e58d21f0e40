"""What a console page is: one file with one view, the address it answers to, and what its forms do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo

from flask import Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.web.context import context
from app.web.session import Merchant

Answer = str | AnyResponse

DONE = {
    "saved": "Saved. Shoppers see it within seconds.",
    "on": "Switched on. From now on shoppers get it.",
    "off": "Switched off. Nobody gets it any more.",
    "sent": "The test mail is on its way to you.",
    "resumed": "It is tried again now.",
}
"""What a page says after one of its forms was sent, by the word behind `done=` in its address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`rule` is the address below /console. With `<shop>` in it the view is called with that shop, which this merchant may see:
    `view(merchant, shop, **rest of the rule)`; without it, `view(merchant)`. A view changes nothing; `act` is called the same way
    for a form that was sent, once it is sure that the form was this merchant's own. A page with a `title` stands in the navigation.
    """

    slug: str
    rule: str
    view: Callable[..., Answer]
    act: Callable[..., Answer] | None = None
    title: str = ""


def render(template: str, merchant: Merchant, shop: ShopFacts | None, **values: object) -> str:
    """A page in the console's frame. `shop` is the one it is about; with only one to choose, there is always one."""
    chosen = shop or (merchant.shops[0] if len(merchant.shops) == 1 else None)
    zone = ZoneInfo(chosen.timezone) if chosen else UTC
    done = DONE.get(request.args.get("done", ""), "")
    return render_template(
        f"console/{template}.html", shop=chosen, zone=zone, token=merchant.form_token, done=done, **values
    )


def go(slug: str, *, done: str = "", **ids: object) -> AnyResponse:
    """On to a page, after a form was sent: going back or loading anew sends nothing twice."""
    return redirect(url_for(f"console.{slug}", done=done or None, **ids), code=303)  # pyright: ignore[reportArgumentType]


def chosen(shop: ShopFacts) -> ShopFacts:
    """The shop with what its merchant has chosen by now; a session knows only which shops are his."""
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        return shops.present(session, shop.id, runtime.clock.now())


def with_policy(page: str, policy: str, status: int = 200) -> Response:
    """A page that needs more than the usual one allows (web/headers.py)."""
    response = Response(page, status)
    response.headers["Content-Security-Policy"] = policy
    return response
