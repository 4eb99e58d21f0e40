"""Liquid that cannot run away, and filters that write as a language does."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from markupsafe import Markup

from app.kernel.copy import catalogue
from app.kernel.errors import Permanent
from app.kernel.language import locale_of
from app.kernel.text import Manner, Target, compile_text

TODAY = date(2026, 11, 24)
BERLIN = ZoneInfo("Europe/Berlin")
LANGUAGES = {"en": "en-GB", "en-US": "en-US", "de": "de", "sv": "sv", "cs": "cs", "zh-TW": "zh-Hant-TW"}


def manner(tag: str = "en-GB") -> Manner:
    locale = locale_of(tag)
    assert locale
    return Manner(locale=locale, zone=BERLIN, today=TODAY)


def render(source: str, written_in: str = "en", target: Target = Target.PLAIN, **values: object) -> str:
    return compile_text(source, written_in, target).render(values, manner(LANGUAGES.get(written_in, written_in)))


# --- values -----------------------------------------------------------------------------------------------------------


def test_what_is_missing_is_nil_at_any_depth() -> None:
    source = (
        "{% if a.b.c %}yes{% else %}no{% endif %}{{ a.b }}{{ a.b.c | default: 'x' }}{{ day | date }}{{ p | window }}"
    )
    assert render(source) == "nox"
    assert render(source, a={"b": None}) == "nox"


def test_values_are_escaped_for_html_only() -> None:
    assert render("<b>{{ name }}</b>", target=Target.HTML, name="<Lena & Co>") == "<b>&lt;Lena &amp; Co&gt;</b>"
    assert render("<b>{{ name }}</b>", name="<Lena & Co>") == "<b><Lena & Co></b>"
    assert render("{{ text }}", target=Target.HTML, text=Markup("a<br>b")) == "a<br>b"


def test_what_a_text_reads_is_known() -> None:
    text = compile_text("{% if a.b %}{{ c | date }}{% else %}{{ d.e.f }}{% endif %}{% assign x = g %}{{ x }}")
    assert text.variables == {"a.b", "c", "d.e.f", "g"}


def test_nothing_of_python_can_be_reached() -> None:
    for path in ("s.__class__", "s.upper", "d.keys", "d.__init__.__globals__", "t.year"):
        assert render(f"{{{{ {path} }}}}", s="text", d={"a": 1}, t=TODAY) == ""


# --- limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "{% for i in (1..1000000000) %}{% endfor %}",
        "{% for i in (1..100) %}{% for j in (1..100) %}{% for k in (1..100) %}.{% endfor %}{% endfor %}{% endfor %}",
        "{% for i in (1..9999) %}{{ long }}{% endfor %}",
    ],
)
def test_a_text_that_runs_away_is_stopped(source: str) -> None:
    started = time.monotonic()
    with pytest.raises(Permanent, match="text_unusable"):
        render(source, long="x" * 1000)
    assert time.monotonic() - started < 2


@pytest.mark.parametrize(
    "source",
    [
        "{{ a | replace: 'a', 'aaaaaaaaaa' }}",
        "{{ (1..9999999) | join: 'x' }}",
        "{{ a | append: a }}",
        "{% tablerow i in (1..1000000000) %}{% endtablerow %}",
        "{% capture a %}{{ a }}{{ a }}{% endcapture %}",
        "{% include 'x' %}",
        "{% render 'x' %}",
        "{% if a %}",
        "{{ a | nothing }}",
        "{% if a %}{{ b | nothing }}{% endif %}",
        "{{ a ",
        "{% for %}",
        "{% if a %}" * 40 + "{% endif %}" * 40,
        "x" * 50_001,
    ],
)
def test_what_cannot_be_used_is_refused_before_it_is_used(source: str) -> None:
    with pytest.raises(Permanent, match="text_unusable"):
        compile_text(source)


# --- filters ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "written"),
    [
        ("en", "3 December|3 January 2027|3|3 December 2026|3 December 2026, 14:05 CET"),
        ("en-US", "December 3|January 3, 2027|3|December 3, 2026|December 3, 2026, 2:05\u202fPM GMT+01:00"),
        ("de", "3. Dezember|3. Januar 2027|3.|3. Dezember 2026|3. Dezember 2026, 14:05 MEZ"),
        ("sv", "3 december|3 januari 2027|3|3 december 2026|3 december 2026 14:05 CET"),
        ("cs", "3. prosince|3. ledna 2027|3.|3. prosince 2026|3. prosince 2026 14:05 SEČ"),
        ("zh-TW", "12月3日|2027年1月3日|3日|2026年12月3日|2026年12月3日 下午2:05 GMT+01:00"),
    ],
)
def test_dates_are_written_as_each_language_does(language: str, written: str) -> None:
    source = "{{ a | date }}|{{ b | date }}|{{ a | day }}|{{ a | date_full }}|{{ c | datetime }}"
    spoken = language.partition("-")[0] if language == "en-US" else language
    values = {"a": date(2026, 12, 3), "b": date(2027, 1, 3), "c": datetime(2026, 12, 3, 13, 5, tzinfo=UTC)}
    said = compile_text(source, spoken).render(values, manner(LANGUAGES[language]))
    assert said.replace("\u202f", " ") == written.replace("\u202f", " ")


def test_a_moment_is_a_day_in_the_readers_zone() -> None:
    assert render("{{ at | date }}", at=datetime(2026, 12, 3, 23, 30, tzinfo=UTC)) == "4 December"


@pytest.mark.parametrize(
    ("language", "voice", "day", "month", "months"),
    [
        ("en", "formal", "on 3 December", "between 3 and 5 December", "between 30 December and 2 January 2027"),
        ("en-US", "formal", "on December 3", "between December 3 and December 5", "between December 30 and January 2, 2027"),
        ("de", "formal", "am 3. Dezember", "zwischen dem 3. und dem 5. Dezember",
         "zwischen dem 30. Dezember und dem 2. Januar 2027"),
        ("sv", "informal", "den 3 december", "mellan den 3 och den 5 december", "mellan den 30 december och den 2 januari 2027"),
        ("cs", "informal", "3. prosince", "3.–5. prosince", "30. prosince – 2. ledna 2027"),
        ("zh-TW", "formal", "12月3日", "12月3日至5日", "12月30日至2027年1月2日"),
    ],
)  # fmt: skip
def test_a_promise_is_a_phrase(language: str, voice: str, day: str, month: str, months: str) -> None:
    speaker = catalogue().speaker(language, "en", voice, zone=BERLIN, today=TODAY)
    text = compile_text("{{ promise | window }}", speaker.language)
    ends = [(3, 12, 2026, 3, 12, 2026), (3, 12, 2026, 5, 12, 2026), (30, 12, 2026, 2, 1, 2027)]
    promises = [{"earliest": date(y, m, d), "latest": date(b, n, e)} for d, m, y, e, n, b in ends]
    assert [text.render({"promise": promise}, speaker.manner) for promise in promises] == [day, month, months]


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "0 balíků"),
        (1, "1 balík"),
        (2, "2 balíky"),
        (4, "4 balíky"),
        (5, "5 balíků"),
        (1.5, "1,5 balíku"),
        (1000, "1\u00a0000 balíků"),
    ],
)
def test_a_plural_follows_the_language(number: float, said: str) -> None:
    source = "{{ n | plural: one: '# balík', few: '# balíky', many: '# balíku', other: '# balíků' }}"
    assert render(source, "cs", n=number) == said


@pytest.mark.parametrize(
    ("language", "forms"),
    [
        ("cs", "one: '#', other: '#'"),
        ("cs", "one: '#', few: '#', other: '#'"),
        ("en", "other: '#'"),
        ("en", "one: '#', few: '#', other: '#'"),
        ("en", "'#', '#'"),
        ("zh-Hant", "one: '#', other: '#'"),
    ],
)
def test_a_plural_that_misses_a_category_or_has_one_too_many_is_refused(language: str, forms: str) -> None:
    with pytest.raises(Permanent, match="plural must name exactly"):
        compile_text(f"{{% if a %}}x{{% else %}}{{{{ n | plural: {forms} }}}}{{% endif %}}", language)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("{{ v | date }}", "tomorrow"),
        ("{{ v | date }}", 3),
        ("{{ v | date: '%Y' }}", TODAY),
        ("{{ v | date }}", datetime(2026, 1, 1)),  # noqa: DTZ001
        ("{{ v | datetime }}", TODAY),
        ("{{ v | window }}", TODAY),
        ("{{ v | window }}", {"earliest": TODAY}),
        ("{{ v | plural: one: '#', other: '#' }}", "3"),
        ("{{ v | plural: one: '#', other: '#' }}", None),
        ("{{ v | plural: one: '#', other: '#' }}", True),
    ],
)
def test_a_wrong_value_is_refused_and_not_printed(source: str, value: object) -> None:
    with pytest.raises(Permanent, match="text_unusable"):
        render(source, v=value)
