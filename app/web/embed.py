"""The block that stands in a storefront, for a visitor whom the platform vouches for."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import NoReturn

from flask import Blueprint, Response, abort, request

from app.connectors import CONNECTORS
from app.connectors.base import Inbound, Visitor
from app.domain.hub import service as hub
from app.domain.hub.service import HubPage
from app.domain.shops.rules import ShopFacts
from app.kernel.errors import BadSignature
from app.web.context import context
from app.web.headers import origin_of
from app.web.ingest import inbound_from
from app.web.lookup import Known
from app.web.render import render_widget
from app.widgets import WIDGETS

pages = Blueprint("embed", __name__)


@pages.get("/w/<platform>/<slug>")
def block(platform: str, slug: str) -> Response:
    """A widget's HTML for a storefront. One 404 for everything that does not fit: shop, proof, order, or whose order it is."""
    widget = WIDGETS.get(slug) or _nothing()
    inbound = inbound_from(request.environ, f"/{slug}")
    known = _shop(platform, inbound)
    page = _page(known, inbound, _visitor(platform, known, inbound))
    html = render_widget(widget, page, known.shop, request.args.get("lang") or page.language, in_theme=True)
    response = Response(html)
    response.set_etag(hashlib.sha256(html.encode()).hexdigest()[:24])
    response.headers["Cache-Control"] = "private, no-cache"
    response.make_conditional(request)
    return _for_shop(response, known.shop)


def _shop(platform: str, inbound: Inbound) -> Known:
    """By the query as its signature reads it: of a name that stands twice in it, nobody may choose the one that counts."""
    name = inbound.query.get("shop", "")
    known = context().shops.find(name, platform) if platform in CONNECTORS and name else None
    return known or _nothing()


def _visitor(platform: str, known: Known, inbound: Inbound) -> Visitor:
    """By real time, not business time: signatures age on the platform's clock."""
    try:
        return CONNECTORS[platform].authenticate(inbound, known.signing, datetime.now(UTC))
    except BadSignature:
        _nothing()


def _page(known: Known, inbound: Inbound, visitor: Visitor) -> HubPage:
    """The order that the visitor proved to hold; or the one he asks for, if the platform says that he is its customer."""
    asked = visitor.order_ref or (inbound.query.get("order", "") if visitor.customer_ref else "")
    if not asked or "\x00" in asked:
        _nothing()
    with context().runtime.db.transaction(known.shop.id) as session:
        return hub.read_own(session, asked, visitor.customer_ref) or _nothing()


def _for_shop(response: Response, shop: ShopFacts) -> Response:
    """The shop's own pages may read it, no others'; never with cookies."""
    origin = origin_of(shop.base_url)
    response.vary.add("Origin")
    if request.headers.get("Origin") == origin:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return response


def _nothing() -> NoReturn:
    abort(404)
