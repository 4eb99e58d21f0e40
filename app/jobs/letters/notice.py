"""Composes a mail to the merchant, in the frame of every letter: something has broken, or is mended."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.channels.base import Letter
from app.domain.shops.rules import ShopFacts
from app.jobs.letters.layout import html_of, text_of
from app.jobs.letters.sheet import shop_in_letter
from app.jobs.letters.values import tidy
from app.kernel.copy import Speaker, catalogue
from app.kernel.text import Target

TROUBLE = ("news", "meanwhile", "next")


def compose_notice(
    shop: ShopFacts, kind: str, *, since: datetime, count: int, is_over: bool, console_url: str, house_address: str
) -> Letter:
    """Of the trouble `kind` (merchant.alerts in copy/) to the shop's own contact address, in the shop's language.
    `Permanent` when a text is missing or broken."""
    zone = ZoneInfo(shop.timezone)
    speaker = catalogue().speaker(
        shop.language, shop.language, "formal", zone=zone, today=since.astimezone(zone).date()
    )
    values = tidy({"shop": {"name": shop.name}, "alert": {"since": since, "count": count}})
    branch = f"merchant.alerts.{kind}.over" if is_over else f"merchant.alerts.{kind}"
    parts = ("news",) if is_over else TROUBLE
    subject = speaker.text(f"{branch}.subject", values)
    return Letter(
        key=str(uuid.uuid4()),
        recipient=shop.reply_address,
        sender_name="Encore",
        sender_address=house_address,
        subject=subject,
        html=html_of(_view(shop, speaker, values, branch, parts, console_url, Target.HTML)),
        text=text_of(_view(shop, speaker, values, branch, parts, console_url, Target.PLAIN)),
        language=speaker.tag,
    )


def _view(
    shop: ShopFacts,
    speaker: Speaker,
    values: Mapping[str, Any],
    branch: str,
    parts: Sequence[str],
    console_url: str,
    target: Target,
) -> dict[str, Any]:
    """Everything that a layout shows, by the names it uses: of a shopper's letter only the frame."""

    def say(path: str) -> str:
        return speaker.text(path, values, target)

    paragraphs = [say(f"{branch}.{part}") for part in parts]
    return {
        "language": speaker.tag,
        "colon": "：" if speaker.locale.language == "zh" else ": ",
        "subject": say(f"{branch}.subject"),
        "preheader": paragraphs[-1],
        "greeting": say("merchant.greeting"),
        "intro": paragraphs,
        "expected": None,
        "button": {"label": say("merchant.open"), "url": console_url},
        "links": [],
        "rows": [],
        "address": [],
        "blocks": [],
        "outro": [],
        "policy": None,
        "closing": say("merchant.closing"),
        "footer": say("merchant.footer"),
        "preferences": None,
        **shop_in_letter(shop, shop.name),
    }
