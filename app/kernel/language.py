"""How a language writes dates, amounts, numbers and names."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import date, datetime, tzinfo
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.core import get_global
from babel.dates import (
    format_date,
    format_skeleton,
    format_time,
    get_datetime_format,
    get_timezone_gmt,
    get_timezone_name,
)
from babel.numbers import format_currency, format_decimal, get_currency_precision, get_currency_symbol

LAST_RESORT = "en"
USUAL_REGION = {"en": "GB"}
"""Where a tag names no region: day before month, 24 hours. CLDR alone would take the United States."""
OWN_SIGN = {("TWD", "$"): "NT$"}
"""Signs that CLDR leaves to the reader's country; a shopper may sit in another one."""

HAN = "\u3005\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
BETWEEN_HAN = re.compile(rf"(?<=[{HAN}]) +(?=[{HAN}])")
LETTER_BEFORE_DIGIT = re.compile(r"(?<=[A-Za-z])(?=\d)")
DAY_FIELD = re.compile(r"d+[^\s'MLdy]*")


# --- which language ---------------------------------------------------------------------------------------------------


def locale_of(tag: str) -> Locale | None:
    """The locale that a BCP 47 tag names, or the nearest that CLDR has; None for what names no known language."""
    for candidate in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


def pick(wanted: str, available: Collection[str]) -> str | None:
    """The most exact of the available languages for a tag ("zh-TW" reads "zh-Hant", "de-AT" reads "de"); None for none."""
    locale = locale_of(wanted)
    names = _names(locale) if locale else iter(())
    return next((name for name in names if name in available), None)


def write_as(wanted: str, language: str) -> Locale:
    """The locale for a text in `language` read by somebody who asked for `wanted`: his region, where it is the same language."""
    own = locale_of(language) or Locale(LAST_RESORT)
    asked = locale_of(wanted)
    locale = asked if asked and pick(wanted, (language,)) else own
    return locale if locale.territory else _in_usual_region(locale)


def _names(locale: Locale) -> Iterator[str]:
    script, region = locale.script, locale.territory
    for parts in ((locale.language, script, region), (locale.language, script), (locale.language, region)):
        yield "-".join(part for part in parts if part)
    if not script:
        yield locale.language


def _in_usual_region(locale: Locale) -> Locale:
    region = USUAL_REGION.get(locale.language)
    return Locale(locale.language, region, locale.script) if region else locale


# --- dates ------------------------------------------------------------------------------------------------------------


def day_and_month(day: date, locale: Locale, today: date) -> str:
    """3 December; with its year where that is not today's."""
    return format_skeleton("MMMMd", day, locale=locale) if day.year == today.year else full_date(day, locale)


def day_alone(day: date, locale: Locale) -> str:
    """The day as this language writes it beside a month: 3, 3., 3日. CLDR's own pattern for a lone day drops German's point."""
    pattern = DAY_FIELD.search(locale.datetime_skeletons["MMMMd"].pattern)
    return format_date(day, pattern.group() if pattern else "d", locale=locale)


def full_date(day: date, locale: Locale) -> str:
    return format_date(day, "long", locale=locale)


def moment(at: datetime, locale: Locale, zone: tzinfo) -> str:
    """Date with year, time and time zone."""
    local = at.astimezone(zone)
    joined = str(get_datetime_format("long", locale=locale)).replace("'", "")
    return joined.replace("{1}", full_date(local, locale)).replace(
        "{0}", f"{_time(local, locale)} {_zone(local, locale)}"
    )


def weekday(day: date, locale: Locale, *, short: bool = False) -> str:
    return format_date(day, "ccc" if short else "cccc", locale=locale)


def puts_month_first(locale: Locale) -> bool:
    return locale.datetime_skeletons["MMMMd"].pattern.startswith("M")


def _time(local: datetime, locale: Locale) -> str:
    return format_time(local, "short", locale=locale)


def _zone(local: datetime, locale: Locale) -> str:
    """CET where the language has such a name, GMT+08:00 where it does not, and never GMT+00:00."""
    name = get_timezone_name(local, width="short", locale=locale)
    if name[:1].isalpha() and not name.endswith("+00:00"):
        return name
    return get_timezone_gmt(local, width="long", locale=locale) if local.utcoffset() else "GMT"


# --- amounts and numbers ----------------------------------------------------------------------------------------------


def price(amount: int, currency: str, locale: Locale) -> str:
    """An amount in minor units, ready to print. Whole amounts have no decimals where cash has none (CZK, SEK, TWD)."""
    value = Decimal(amount).scaleb(-get_currency_precision(currency))
    pattern = locale.currency_formats["standard"].pattern
    if value == value.to_integral_value() and _has_whole_cash(currency):
        printed = format_currency(value, currency, pattern.replace(".00", ""), locale, currency_digits=False)
    else:
        printed = format_currency(value, currency, pattern, locale)
    sign = get_currency_symbol(currency, locale)
    printed = printed.replace(sign, OWN_SIGN.get((currency, sign), sign))
    return LETTER_BEFORE_DIGIT.sub("\u00a0", printed)  # CLDR's currencySpacing, which Babel leaves out


def number(value: float | Decimal, locale: Locale) -> str:
    return format_decimal(value, locale=locale)


def _has_whole_cash(currency: str) -> bool:
    fractions = get_global("currency_fractions")
    _, _, cash_digits, _ = fractions.get(currency) or fractions["DEFAULT"]
    return cash_digits == 0


# --- names and signs --------------------------------------------------------------------------------------------------


def full_name(first: str, last: str) -> str:
    """Names in Chinese characters stand family name first and without a space, in whatever language the letter is."""
    if re.fullmatch(rf"[{HAN}]+", first + last):
        return last + first
    return f"{first} {last}"


def close_up(text: str) -> str:
    """Chinese has no spaces: one that ended up between two Chinese characters goes."""
    return BETWEEN_HAN.sub("", text)
