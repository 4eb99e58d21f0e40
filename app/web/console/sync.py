"""Sync: how far the store has been read, how far our rows had drifted from it, and whether it still tells us its news."""

from __future__ import annotations

from app.domain.insight import service as insight
from app.domain.shops.rules import ShopFacts
from app.web.console.base import Page, render
from app.web.context import context
from app.web.session import Merchant


def show(merchant: Merchant, shop: ShopFacts) -> str:
    with context().runtime.db.transaction(shop.id) as session:
        read = insight.sync(session)
        health = insight.health(session, shop.id)
    webhooks = next((one for one in read if one.resource == WEBHOOKS), None)
    resources = [one for one in read if one.resource != WEBHOOKS]
    is_importing = any(not one.is_backfilled for one in resources)
    return render(
        "sync", merchant, shop, resources=resources, webhooks=webhooks, health=health, is_importing=is_importing
    )


WEBHOOKS = "webhooks"

PAGE = Page(slug="sync", rule="/<shop>/sync", view=show, title="Sync")
