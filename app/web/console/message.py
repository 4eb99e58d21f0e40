"""One message: what it is, when it leaves, how it reads in each language; a test of it, and its switch."""

from __future__ import annotations

from flask import Response, abort, request

from app.domain.notices import service as notices
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts, is_mail_address
from app.jobs.followups import FOLLOWUPS
from app.jobs.followups.base import FollowUp
from app.jobs.preview import letter_facts
from app.jobs.trial import send_trial
from app.kernel.errors import Failure
from app.web.console.base import Answer, Page, chosen, go, render, with_policy
from app.web.console.reasons import reason
from app.web.context import context
from app.web.hub import LANGUAGES
from app.web.session import Merchant

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'"
)
TOO_MANY = "That were enough test mails for this hour. Please try again later."
NO_ADDRESS = "Please type an e-mail address, like you@shop.example."


def show(merchant: Merchant, shop: ShopFacts, follow_up: str) -> Answer:
    return _page(merchant, shop, _known(follow_up))


def act(merchant: Merchant, shop: ShopFacts, follow_up: str) -> Answer:
    known = _known(follow_up)
    what = request.form.get("do", "")
    if what == "test":
        return _test(merchant, shop, known)
    if what not in ("on", "off"):
        abort(404)
    _switch(shop, known, is_on=what == "on")
    return go("message", shop=shop.public_id, follow_up=known.slug, done=what)


def _known(slug: str) -> FollowUp:
    return FOLLOWUPS.get(slug) or abort(404)


def _switch(shop: ShopFacts, follow_up: FollowUp, *, is_on: bool) -> None:
    """From this moment on; what was due before is decided by what was chosen then."""
    runtime = context().runtime
    now = runtime.clock.now()
    with runtime.db.transaction(shop.id) as session:
        before = shops.present(session, shop.id, now).settings.switched_on
        after = [slug for slug in FOLLOWUPS if (is_on if slug == follow_up.slug else slug in before)]
        shops.choose(session, shop.id, {"switched_on": after}, now)


def _test(merchant: Merchant, shop: ShopFacts, follow_up: FollowUp) -> Answer:
    """At once, and with the mail server's own answer where it says no: that is what a test is for."""
    address = request.form.get("address", "").strip()
    if not is_mail_address(address):
        return _page(merchant, shop, follow_up, address, NO_ADDRESS)
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        may_leave = notices.note_test(session, shop.id)
    if not may_leave:
        return _page(merchant, shop, follow_up, address, TOO_MANY, 429)
    try:
        send_trial(runtime, chosen(shop), follow_up, _language(), address)
    except Failure as failure:
        return _page(merchant, shop, follow_up, address, f"It could not be handed over. {reason(failure.code)}")
    return go("message", shop=shop.public_id, follow_up=follow_up.slug, done="sent", lang=_language())


def _language() -> str:
    """The one that is looked at; the shop's own where none was chosen."""
    wanted = request.values.get("lang", "")
    return wanted if wanted in LANGUAGES else ""


def _page(
    merchant: Merchant, shop: ShopFacts, follow_up: FollowUp, address: str = "", error: str = "", status: int = 422
) -> Response:
    runtime, seen = context().runtime, chosen(shop)
    with runtime.db.transaction(shop.id) as session:
        shown = letter_facts(session, seen, follow_up, runtime.clock.now())
    html = render(
        "message",
        merchant,
        shop,
        follow_up=follow_up,
        is_on=follow_up.slug in seen.settings.switched_on,
        shown=shown,
        order=shown.facts.order,
        languages=LANGUAGES,
        language=_language(),
        address=address or seen.reply_address,
        error=error,
        reply_address=seen.reply_address,
        has_mail_server=runtime.settings.smtp_url is not None,
    )
    return with_policy(html, POLICY, status if error else 200)


PAGE = Page(slug="message", rule="/<shop>/messages/<follow_up>", view=show, act=act)
