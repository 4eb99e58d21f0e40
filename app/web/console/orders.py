"""Orders, newest first, or by their number."""

from __future__ import annotations

from uuid import UUID

from flask import abort, request

from app.domain.insight import service as insight
from app.domain.shops.rules import ShopFacts
from app.web.console.base import Page, render
from app.web.context import context
from app.web.session import Merchant

A_PAGE = 50


def show(merchant: Merchant, shop: ShopFacts) -> str:
    number = request.args.get("number", "").strip()[:64].replace("\x00", "")
    after = _public_id(request.args.get("after", ""))
    with context().runtime.db.transaction(shop.id) as session:
        if number:
            listed = insight.search_orders(session, number)
        else:
            listed = insight.list_orders(session, A_PAGE + 1, after)
    if listed is None:
        abort(404)
    has_more = not number and len(listed) > A_PAGE
    return render(
        "orders",
        merchant,
        shop,
        listed=listed[:A_PAGE],
        number=number,
        after=after,
        has_more=has_more,
        page_size=A_PAGE,
    )


def _public_id(said: str) -> str:
    """An order's public id, or nothing; 404 for what cannot be one."""
    try:
        return str(UUID(said)) if said else ""
    except ValueError:
        abort(404)


PAGE = Page(slug="orders", rule="/<shop>/orders", view=show, title="Orders")
