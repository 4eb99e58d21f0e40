"""The shopper's page behind a signed link. It works without script; with it the widget on it refreshes itself."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from http import HTTPStatus
from typing import NoReturn

from flask import Blueprint, Response, abort, render_template, request, url_for
from markupsafe import Markup

from app.domain.hub import service as hub
from app.domain.hub.service import HubPage
from app.domain.shops.brand import DARK, LIGHT, roles
from app.domain.shops.rules import ShopFacts
from app.kernel.copy import catalogue
from app.kernel.errors import BadSignature
from app.kernel.language import LAST_RESORT, pick
from app.web.assets import allowance
from app.web.context import context
from app.web.headers import origin_of
from app.web.render import render_widget
from app.widgets import WIDGETS

pages = Blueprint("hub", __name__)

LANGUAGES = {"en": "English", "de": "Deutsch", "sv": "Svenska", "cs": "Čeština", "zh-Hant": "繁體中文"}
"""Every language of copy/, as its speakers call it."""
TRACKING = WIDGETS["tracking"]


@pages.get("/t/<token>")
def track(token: str) -> Response:
    shop, page = _open(token)
    chosen = request.args.get("lang", "")
    language = chosen if chosen in LANGUAGES else page.language
    html, policy = render_page(shop, page, language, token=token)
    response = _private(html)
    response.headers["Content-Security-Policy"] = policy
    return response


def render_page(shop: ShopFacts, page: HubPage, language: str, *, token: str = "") -> tuple[str, str]:
    """The page and its content security policy. Without a token it neither refreshes itself nor offers languages: a preview."""
    speaker = catalogue().speaker(language, shop.language, shop.settings.voice)
    brand = _brand_style(shop.settings.brand_colour)
    script = url_for("files.embedded", name="tracking.js", v=context().assets.embedded["tracking.js"].version)
    html = render_template(
        "page.html",
        shop=shop,
        speaker=speaker,
        order={"number": page.document["order"]["number"]},
        widget=Markup(render_widget(TRACKING, page, shop, language, in_theme=False)),  # noqa: S704 (a template of ours)
        fresh=url_for("hub.fresh", token=token, lang=request.args.get("lang") or None) if token else "",
        script=script if token else "",
        styles=[Markup(context().assets.page_style), Markup(brand)],  # noqa: S704 (files of ours, and hex colours)
        languages={tag: name for tag, name in LANGUAGES.items() if tag != speaker.language} if token else {},
        token=token,
    )
    return html, _policy(shop, brand)


@pages.get("/t/<token>/fresh")
def fresh(token: str) -> Response:
    """The widget alone, for the page's own refresh."""
    shop, page = _open(token)
    language = request.args.get("lang", "")
    language = language if language in LANGUAGES else page.language
    return _private(render_widget(TRACKING, page, shop, language, in_theme=False))


def _open(token: str) -> tuple[ShopFacts, HubPage]:
    """The order that a link shows. The same 404 for one that is not ours, has run out, or leads to nothing."""
    try:
        link = context().runtime.keys.read(token, "track")
    except BadSignature:
        _nothing_here()
    known = context().shops.find(link.shop)
    if known is None:
        _nothing_here()
    with context().runtime.db.transaction(known.shop.id) as session:
        page = hub.read(session, link.subject, link.expires)
    if page is None:
        _nothing_here()
    return known.shop, page


def _nothing_here() -> NoReturn:
    abort(_without_order("lost.html", HTTPStatus.NOT_FOUND))


def come_again(seconds: int) -> Response:
    """The page that stands in for an order's while there is too much to do or no database; it asks again by itself."""
    response = _without_order("busy.html", HTTPStatus.SERVICE_UNAVAILABLE)
    response.headers["Refresh"] = str(seconds)
    return response


def _without_order(template: str, status: HTTPStatus) -> Response:
    """In the language that was chosen on the page or is the browser's, because there is no order to ask for its own."""
    chosen = request.args.get("lang", "")
    wanted = chosen if chosen in LANGUAGES else request.accept_languages.best or LAST_RESORT
    html, policy = _written(template, pick(wanted, LANGUAGES) or LAST_RESORT)
    response = Response(html, status)
    response.headers["Content-Security-Policy"] = policy
    return response


@lru_cache(maxsize=2 * len(LANGUAGES))
def _written(template: str, language: str) -> tuple[str, str]:
    """The page and its policy: the same for everybody, and cheap when there is the most to do."""
    brand = _brand_style("")
    styles = [Markup(context().assets.page_style), Markup(brand)]  # noqa: S704 (a file of ours, and hex colours)
    speaker = catalogue().speaker(language, LAST_RESORT, "formal")
    return render_template(template, speaker=speaker, styles=styles), _policy(None, brand)


def _private(html: str) -> Response:
    """For this reader only; asked for again it costs a 304. What is shown changes with the row and with the day, so the tag is of
    what is shown."""
    response = Response(html)
    response.set_etag(hashlib.sha256(html.encode()).hexdigest()[:24])
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.make_conditional(request)
    return response


def _policy(shop: ShopFacts | None, brand: str) -> str:
    """Scripts and fetches from here only, the two style sheets by their hash, pictures from wherever the shop keeps them."""
    pictures = f"https: {origin_of(shop.base_url)}" if shop else ""
    return (
        f"default-src 'none'; script-src 'self'; connect-src 'self'; style-src {allowance([context().assets.page_style, brand])};"
        f" img-src 'self' data: {pictures}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )


@lru_cache(maxsize=512)
def _brand_style(colour: str) -> str:
    """A shop's colour roles over the tokens, for light and for dark."""
    light, dark = (
        "".join(f"--en-{role}:{value};" for role, value in roles(colour, ground).items()) for ground in (LIGHT, DARK)
    )
    return f".encore{{{light}}}@media (prefers-color-scheme:dark){{.encore[data-scheme=auto]{{{dark}}}}}"
