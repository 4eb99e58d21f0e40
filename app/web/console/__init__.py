"""The merchant's side: the register of its pages, and the one place that decides who sees them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, abort, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from app.web import session
from app.web.console import deliveries, order, orders, today, wording
from app.web.console.base import Page
from app.web.console.reasons import reason

PAGES: dict[str, Page] = {page.slug: page for page in (today.PAGE, orders.PAGE, order.PAGE, deliveries.PAGE)}


def console() -> Blueprint:
    pages = Blueprint("console", __name__, url_prefix="/console")
    for page in PAGES.values():
        pages.add_url_rule(page.rule, page.slug, _guarded(page), methods=["GET"])
    pages.add_url_rule("/enter/<token>", "enter", _enter, methods=["GET"])
    pages.context_processor(lambda: {"pages": PAGES, "wording": wording, "reason": reason})
    return pages


def _guarded(page: Page) -> Callable[..., str]:
    """Nobody's page is anybody's: without a session 401, with one the shop must be his, else the same 404 as for no shop at all."""

    def answer(**ids: Any) -> str:  # noqa: ANN401 (Flask gives what the rule's converters make)
        merchant = session.who(request) or abort(401)
        if "shop" not in ids:
            return page.view(merchant)
        shop = merchant.find(ids.pop("shop")) or abort(404)
        return page.view(merchant, shop, **ids)

    return answer


def _enter(token: str) -> AnyResponse:
    """The one-time link. What only looks at it (a chat's preview asks with HEAD) does not use it up."""
    if request.method == "HEAD":
        return Response()
    link = session.enter(token) or abort(404)
    return session.sign_in(Response(status=303, headers={"Location": url_for("console.today")}), link)
