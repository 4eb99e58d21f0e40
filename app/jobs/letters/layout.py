"""The frame of every letter: MJML becomes HTML once a process, Liquid fills it and its written twin."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from babel import Locale
from mjml import mjml2html

from app.kernel.errors import Permanent
from app.kernel.text import Manner, Target, Text, compile_text

FOLDER = Path(__file__).parent
MOST_HTML = 100_000
"""Bytes: beyond about this, mailboxes show the beginning only."""
NEUTRAL = Manner(locale=Locale("en"))
"""A layout writes no date and counts nothing: its values come ready to print."""


def html_of(view: Mapping[str, object]) -> str:
    """`Permanent("letter_too_big")` rather than a letter that is cut off."""
    html = _html_layout().render(view, NEUTRAL)
    if len(html.encode()) >= MOST_HTML:
        raise Permanent("letter_too_big")
    return html


def text_of(view: Mapping[str, object]) -> str:
    """Paragraphs with one empty line between them."""
    return re.sub(r"\n{3,}", "\n\n", _text_layout().render(view, NEUTRAL)) + "\n"


@lru_cache(maxsize=1)
def _html_layout() -> Text:
    """No web fonts: a letter loads nothing."""
    source = (FOLDER / "letter.mjml").read_text(encoding="utf-8")
    return compile_text(mjml2html(source, fonts={}), target=Target.HTML)


@lru_cache(maxsize=1)
def _text_layout() -> Text:
    return compile_text((FOLDER / "letter.txt").read_text(encoding="utf-8"))
