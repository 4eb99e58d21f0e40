"""Which language is written, and its amounts and names."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.kernel.language import close_up, full_name, moment, pick, price, write_as

AVAILABLE = ("cs", "de", "en", "sv", "zh-Hant")


@pytest.mark.parametrize(
    ("wanted", "picked"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("de-XX", "de"),
        ("en-US", "en"),
        ("sv-FI", "sv"),
        ("zh-TW", "zh-Hant"),
        ("zh-Hant", "zh-Hant"),
        ("zh-Hant-HK", "zh-Hant"),
        ("zh-HK", "zh-Hant"),
        ("zh-CN", None),
        ("zh", None),
        ("fr", None),
        ("xx", None),
        ("", None),
        ("not a tag", None),
    ],
)
def test_a_tag_finds_its_language(wanted: str, picked: str | None) -> None:
    assert pick(wanted, AVAILABLE) == picked


def test_a_text_for_a_region_of_its_own_wins() -> None:
    assert pick("de-AT", (*AVAILABLE, "de-AT")) == "de-AT"


@pytest.mark.parametrize(
    ("wanted", "language", "locale"),
    [
        ("de-AT", "de", "de_AT"),
        ("en", "en", "en_GB"),
        ("en-US", "en", "en_US"),
        ("fr-FR", "de", "de"),
        ("zh-TW", "zh-Hant", "zh_Hant_TW"),
    ],
)
def test_the_region_counts_where_the_language_is_the_same(wanted: str, language: str, locale: str) -> None:
    assert str(write_as(wanted, language)) == locale


@pytest.mark.parametrize(
    ("amount", "currency", "tag", "printed"),
    [
        (123450, "EUR", "de", "1.234,50 €"),
        (123450, "EUR", "de-AT", "€ 1.234,50"),
        (6200, "GBP", "en", "£62.00"),
        (-500, "EUR", "en", "-€5.00"),
        (71800, "CZK", "cs", "718 Kč"),
        (71850, "CZK", "cs", "718,50 Kč"),
        (71800, "CZK", "en", "CZK 718"),
        (19900, "SEK", "sv", "199 kr"),
        (10000, "TWD", "zh-Hant", "NT$100"),
        (590, "JPY", "en", "JP¥590"),
        (1500, "KWD", "en", "KWD 1.500"),
        (0, "EUR", "sv", "0,00 €"),
    ],
)
def test_amounts_are_ready_to_print(amount: int, currency: str, tag: str, printed: str) -> None:
    assert price(amount, currency, write_as(tag, tag)).replace("\u00a0", " ") == printed


@pytest.mark.parametrize("tag", ["de", "en", "sv", "cs", "zh-Hant"])
def test_greenwich_is_written_without_a_difference_to_itself(tag: str) -> None:
    at = datetime(2026, 11, 27, 4, 34, tzinfo=UTC)
    assert moment(at, write_as(tag, tag), ZoneInfo("Europe/London")).endswith("GMT")


def test_names_are_written_as_they_are() -> None:
    assert full_name("Anna", "Müller") == "Anna Müller"
    assert full_name("小明", "王") == "王小明"
    assert full_name("Anna", "王") == "Anna 王"


def test_a_space_between_chinese_signs_goes_and_others_stay() -> None:
    assert close_up("雲汀茶鋪 敬上 Lena 敬上 12月 3 日 送達") == "雲汀茶鋪敬上 Lena 敬上 12月 3 日送達"
