"""Deliveries: everything the store sent, what became of it, and what was ignored or refused and why."""

from __future__ import annotations

from flask import request

from app.domain.insight import service as insight
from app.domain.shops.rules import ShopFacts
from app.web.console import wording
from app.web.console.base import Page, render
from app.web.context import context
from app.web.session import Merchant

A_PAGE = 100
MOST_DIGITS = 18
"""Of a row's number: Postgres counts in 64 bits."""


def show(merchant: Merchant, shop: ShopFacts) -> str:
    state = request.args.get("state", "")
    state = state if state in wording.DELIVERY_STATES else ""
    before = request.args.get("before", "")
    last = int(before) if before.isascii() and before.isdecimal() and len(before) <= MOST_DIGITS else None
    with context().runtime.db.transaction(shop.id) as session:
        received = insight.list_deliveries(session, A_PAGE + 1, state, last)
    return render(
        "deliveries",
        merchant,
        shop,
        received=received[:A_PAGE],
        state=state,
        has_more=len(received) > A_PAGE,
        is_first_page=last is None,
    )


PAGE = Page(slug="deliveries", rule="/<shop>/deliveries", view=show, title="Deliveries")
