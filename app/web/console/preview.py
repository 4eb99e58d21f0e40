"""A letter or the tracking page as shoppers would get it, for a frame of the console: with what is saved, or what is typed."""

from __future__ import annotations

from dataclasses import asdict, replace

from flask import Response, abort, request

from app.domain.hub import service as hub
from app.domain.hub.service import HubPage
from app.domain.shops.rules import Settings, ShopFacts, problems, settings_from
from app.jobs.deliver import links_for
from app.jobs.followups import FOLLOWUPS
from app.jobs.followups.base import FollowUp
from app.jobs.letters import compose
from app.jobs.preview import letter_facts, page_facts
from app.jobs.trial import sample_links
from app.web.console.base import Page, chosen, with_policy
from app.web.console.brand import typed
from app.web.context import context
from app.web.hub import LANGUAGES, render_page
from app.web.session import Merchant

TRACKING = "tracking"
LETTER_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src https:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox"
)
"""A letter carries its style inside; nothing in it runs, and its links lead nowhere from here."""


def show(_merchant: Merchant, shop: ShopFacts, what: str) -> Response:
    seen = _as_typed(shop, chosen(shop))
    wanted = request.args.get("lang", "")
    language = wanted if wanted in LANGUAGES else ""
    if what == TRACKING:
        return _page(seen, language)
    return _letter(seen, FOLLOWUPS.get(what) or abort(404), language)


def _as_typed(store: ShopFacts, saved: ShopFacts) -> ShopFacts:
    """With the fields of a form that was sent here, as far as they fit; nothing is kept."""
    values = typed(request.form)
    fitting = {name: value for name, value in values.items() if name not in problems(values)}
    settings: Settings = settings_from({**asdict(saved.settings), **fitting})
    return replace(saved, settings=settings, language=settings.language or store.language)


def _page(shop: ShopFacts, language: str) -> Response:
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        facts = page_facts(session, shop, runtime.clock.now()).facts
    document = hub.document(shop, facts.order, facts.shipments)
    shown = HubPage(document=document, version="", language=facts.order.language)
    html, policy = render_page(shop, shown, language or facts.order.language)
    return with_policy(html, policy.replace("frame-ancestors 'none'", "frame-ancestors 'self'; sandbox"))


def _letter(shop: ShopFacts, follow_up: FollowUp, language: str) -> Response:
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        shown = letter_facts(session, shop, follow_up, runtime.clock.now())
        links = sample_links(runtime, shop) if shown.is_sample else links_for(runtime, session, shown.facts)
    order = shown.facts.order
    facts = replace(shown.facts, order=replace(order, language=language or order.language))
    letter = compose(shown.template, facts, links=links, key="", house_address=runtime.settings.mail_from)
    return with_policy(letter.html, LETTER_POLICY)


PAGE = Page(slug="preview", rule="/<shop>/preview/<what>", view=show, act=show)
