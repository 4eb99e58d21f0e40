"""Composes a letter in the order's language and the shop's voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from app.channels.base import Letter
from app.jobs.followups.base import Facts
from app.jobs.letters.layout import html_of, text_of
from app.jobs.letters.sheet import Sheet
from app.jobs.letters.values import letter_day, values_for
from app.kernel.copy import Speaker, catalogue
from app.kernel.errors import Permanent
from app.kernel.text import Target


def compose(
    template: str,
    facts: Facts,
    links: Mapping[str, str],
    key: str,
    *,
    house_address: str,
    offers: Mapping[str, Mapping[str, Any]] | None = None,
) -> Letter:
    """The letter `template` (its name in copy/) to this order's shopper.

    `links` are signed URLs by the names that copy's actions use; an action without its link is left out. `offers` holds values for
    the blocks under `promotional` in copy ("recommendations": {"items": [{title, url, price}]}, "voucher": {"voucher": {...}});
    they appear only with the shopper's consent. `house_address` sends where the shop has named no address of its own.
    `Permanent`: no e-mail address, a text that is missing or broken, a value that copy counts on and the facts do not hold.
    """
    if not facts.order.email:
        raise Permanent("no_address")
    speaker = speaker_for(facts)
    values = values_for(facts, links, speaker.locale)
    plain = Sheet(
        template=template, facts=facts, values=values, speaker=speaker, target=Target.PLAIN, offers=offers or {}
    )
    rich = replace(plain, target=Target.HTML)
    settings = facts.shop.settings
    return Letter(
        key=key,
        recipient=facts.order.email,
        sender_name=settings.sender_name or facts.shop.name,
        sender_address=settings.sender_address or house_address,
        subject=plain.subject(),
        html=html_of(rich.view()),
        text=text_of(plain.view()),
        language=speaker.tag,
        reply_to=facts.shop.reply_address,
    )


def speaker_for(facts: Facts) -> Speaker:
    """Who writes: the language of the purchase, the shop's voice and zone."""
    return catalogue().speaker(
        facts.order.language,
        facts.shop.language,
        facts.shop.settings.voice,
        zone=ZoneInfo(facts.shop.timezone),
        today=letter_day(facts),
    )
