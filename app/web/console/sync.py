"""Sync: how far the store has been read, how far our rows had drifted from it, and whether it still tells us its news."""

from __future__ import annotations

from flask import Response

from app.domain.insight import service as insight
from app.domain.insight.service import ResourceSync
from app.domain.shops.rules import ShopFacts
from app.web.console import wording
from app.web.console.base import Page, render, with_policy
from app.web.context import context
from app.web.session import Merchant

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)
"""The usual one and, for this page alone, its script and what that asks for."""
WEBHOOKS = "webhooks"
"""A row beside those of the resources: the check of the subscriptions."""


def show(merchant: Merchant, shop: ShopFacts) -> Response:
    with context().runtime.db.transaction(shop.id) as session:
        read = insight.sync(session)
        health = insight.health(session, shop.id)
    webhooks = next((one for one in read if one.resource == WEBHOOKS), None)
    resources = sorted((one for one in read if one.resource in wording.RESOURCES), key=_place)
    html = render(
        "sync",
        merchant,
        shop,
        resources=resources,
        webhooks=webhooks,
        health=health,
        is_importing=health.is_connected and not (resources and all(one.is_backfilled for one in resources)),
        stopped={work.error for work in health.parked if work.kind == "pull"},
    )
    return with_policy(html, POLICY)


def _place(one: ResourceSync) -> int:
    """What matters most to a merchant comes first."""
    return list(wording.RESOURCES).index(one.resource)


PAGE = Page(slug="sync", rule="/<shop>/sync", view=show, title="Sync")
