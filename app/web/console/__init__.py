"""The merchant's side: the register of its pages, and the one place that decides who sees them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.domain.shops.rules import ShopFacts
from app.web import session
from app.web.console import brand, deliveries, message, messages, order, orders, preview, start, sync, today, wording
from app.web.console.base import Answer, Page, chosen
from app.web.console.reasons import reason

PAGES: dict[str, Page] = {
    page.slug: page
    for page in (
        today.PAGE,
        start.PAGE,
        orders.PAGE,
        order.PAGE,
        messages.PAGE,
        message.PAGE,
        brand.PAGE,
        preview.PAGE,
        sync.PAGE,
        deliveries.PAGE,
    )
}


def console() -> Blueprint:
    pages = Blueprint("console", __name__, url_prefix="/console")
    for page in PAGES.values():
        methods = ["GET", "POST"] if page.act else ["GET"]
        pages.add_url_rule(page.rule, page.slug, _guarded(page), methods=methods)
    pages.add_url_rule("/enter/<token>", "enter", _enter, methods=["GET"])
    pages.context_processor(lambda: {"pages": PAGES, "wording": wording, "reason": reason})
    return pages


def _guarded(page: Page) -> Callable[..., Answer]:
    """Nobody's page is anybody's: without a session 401, with one the shop must be his, else the same 404 as for no shop at all,
    and a form must come from a page of his own, else 403."""

    def answer(**ids: Any) -> Answer:  # noqa: ANN401 (Flask gives what the rule's converters make)
        merchant = session.who(request) or abort(401)
        told: tuple[ShopFacts, ...] = ()
        if "shop" in ids:
            told = (merchant.find(ids.pop("shop")) or abort(404),)
        if request.method != "POST":
            return page.view(merchant, *told, **ids)
        if page.act is None or not session.is_own_form(merchant, request):
            abort(403)
        return page.act(merchant, *told, **ids)

    return answer


def _enter(token: str) -> AnyResponse:
    """The one-time link. What only looks at it (a chat's preview asks with HEAD) does not use it up."""
    if request.method == "HEAD":
        return Response()
    link = session.enter(token) or abort(404)
    return session.sign_in(Response(status=303, headers={"Location": _first_page(session.shops_of(link))}), link)


def _first_page(shops: Sequence[ShopFacts]) -> str:
    """Whoever has a single shop and nothing switched on yet begins at the beginning."""
    if len(shops) == 1 and not chosen(shops[0]).settings.switched_on:
        return url_for("console.start", shop=shops[0].public_id)
    return url_for("console.today")
