"""A widget's HTML, on a page of ours or in a theme."""

from __future__ import annotations

from flask import render_template

from app.domain.hub.service import HubPage
from app.domain.shops.rules import ShopFacts
from app.web.context import context
from app.widgets.base import Reading, Widget


def render_widget(widget: Widget, page: HubPage, shop: ShopFacts, language: str, *, in_theme: bool) -> str:
    reading = Reading(shop=shop, language=language, now=context().runtime.clock.now())
    template = f"widgets/{widget.slug}/{widget.slug}.html"
    return render_template(template, **widget.view(page.document, reading), in_theme=in_theme)
