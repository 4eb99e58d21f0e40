"""Brand: the shop's name, voice, colour and promise, with the page and the letter that come of them beside the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from flask import Response, request

from app.domain.shops import service as shops
from app.domain.shops.brand import DARK, LIGHT, TEXT, contrast, roles
from app.domain.shops.rules import DEFAULTS, VOICES, ShopFacts, problems
from app.jobs.preview import page_facts
from app.web.console.base import Answer, Page, chosen, go, render, with_policy
from app.web.context import context
from app.web.headers import origin_of
from app.web.hub import LANGUAGES
from app.web.session import Merchant

LABELS = {
    "sender_name": "Sender's name",
    "sender_address": "Sender's address",
    "phone": "Phone",
    "hours": "Hours",
    "language": "Language",
    "voice": "Voice",
    "brand_colour": "Colour",
    "logo_url": "Logo",
    "returns_url": "Returns page",
    "earliest_days": "Earliest day",
    "latest_days": "Latest day",
}
"""Every field of the form, in its order."""
NUMBERS = frozenset({"earliest_days", "latest_days"})


def show(merchant: Merchant, shop: ShopFacts) -> Answer:
    saved = chosen(shop)
    return _page(merchant, shop, saved, asdict(saved.settings), {})


def save(merchant: Merchant, shop: ShopFacts) -> Answer:
    values = typed(request.form)
    wrong = problems(values)
    if wrong:
        return _page(merchant, shop, chosen(shop), {**asdict(DEFAULTS), **values}, wrong)
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        shops.choose(session, shop.id, values, runtime.clock.now())
    return go("brand", shop=shop.public_id, done="saved")


def typed(form: Mapping[str, str]) -> dict[str, object]:
    """What was typed, by the names of settings; an empty number is none. What is no number stays text, so that it is refused."""
    said = {name: form[name].strip() for name in LABELS if name in form}
    return {name: _number(value) if name in NUMBERS else value for name, value in said.items()}


def _number(said: str) -> int | str:
    if not said:
        return 0
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 4 else said


def _page(
    merchant: Merchant, shop: ShopFacts, saved: ShopFacts, values: Mapping[str, object], wrong: Mapping[str, str]
) -> Response:
    runtime = context().runtime
    with runtime.db.transaction(shop.id) as session:
        is_sample = page_facts(session, saved, runtime.clock.now()).is_sample
    logo = saved.settings.logo_url
    html = render(
        "brand",
        merchant,
        shop,
        values=values,
        errors={name: _in_words(name, problem) for name, problem in wrong.items()},
        labels=LABELS,
        languages=LANGUAGES,
        voices=VOICES,
        schemes=[_scheme("On a light page", saved, dark=False), _scheme("On a dark page", saved, dark=True)],
        least=TEXT,
        is_sample=is_sample,
        house_address=runtime.settings.mail_from,
        returns_page=shop.policies.get("returns", ""),
        contact=shop.email,
        logo=logo,
    )
    return with_policy(html, _policy(logo), 422 if wrong else 200)


def _in_words(name: str, problem: str) -> str:
    """The rest of a sentence (domain/shops/rules.py) with its beginning; the other number by its label."""
    for other in sorted(NUMBERS):
        problem = problem.replace(other, f"“{LABELS[other]}”")
    return f"{LABELS[name]} {problem}."


def _policy(logo: str) -> str:
    """The usual one and, for this page alone, its script, its frames, and pictures from where the logo is kept."""
    pictures = f" {origin_of(logo)}" if logo else ""
    return (
        f"default-src 'none'; style-src 'self'; img-src 'self'{pictures}; script-src 'self'; frame-src 'self';"
        " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """The shop's colour on one ground: a button as it is drawn, and how well its label and a text in the colour can be read."""

    title: str
    paper: str
    fill: str
    edge: str
    label: str
    text: str
    label_contrast: float
    text_contrast: float
    is_moved: bool


def _scheme(title: str, shop: ShopFacts, *, dark: bool) -> Scheme:
    given = shop.settings.brand_colour
    colours = roles(given, DARK if dark else LIGHT)
    return Scheme(
        title=title,
        paper=colours["paper"],
        fill=colours["brand"],
        edge=colours["brand-edge"],
        label=colours["on-brand"],
        text=colours["brand-ink"],
        label_contrast=contrast(colours["on-brand"], colours["brand"]),
        text_contrast=contrast(colours["brand-ink"], colours["paper"]),
        is_moved=colours["brand"] != given.lower(),
    )


PAGE = Page(slug="brand", rule="/<shop>/brand", view=show, act=save, title="Brand")
