"""The files in copy/: complete, agreeing, and readable whatever is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.kernel.copy import ABOUT_THE_FILE, KINDS, VOICES, Catalogue, catalogue
from app.kernel.errors import Permanent
from app.kernel.text import Target, compile_text

WORDS = catalogue()
LANGUAGES = ("cs", "de", "en", "sv", "zh-Hant")
DAYS = {
    *("earliest", "latest", "day", "until", "deadline", "answer_by", "arrival"),
    *("next", "next_attempt", "previous", "paused_until"),
}
MOMENTS = {"delivered_at", "checked_at", "received_at", "since"}
NUMBERS = {
    *("position", "total", "delivered_count", "remaining_count", "sample"),
    *("minutes", "count", "max", "step", "steps"),
}
ONLY_BEFORE_SENDING = ("messages.thank_you.service.change",)


def texts() -> Iterator[tuple[str, str, str]]:
    """(language, path, voice) of every text."""
    for language in LANGUAGES:
        for path in WORDS.paths(language):
            for voice in sorted(VOICES):
                yield language, path, voice


def test_the_five_languages_are_there() -> None:
    assert WORDS.languages == LANGUAGES


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_string_is_missing_in_any_language(language: str) -> None:
    assert set(WORDS.paths(language)) == set(WORDS.paths("en"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_branches_of_a_message_stand_in_the_same_order(language: str) -> None:
    assert WORDS.paths(language) == WORDS.paths("en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_messages_say_of_themselves_agrees(language: str) -> None:
    said = WORDS.tree(language)["messages"]
    english = WORDS.tree("en")["messages"]
    for name, message in english.items():
        assert [said[name][key] for key in ("class", "topic", "actions_equal")] == [
            message[key] for key in ("class", "topic", "actions_equal")
        ]


def test_the_files_of_a_language_share_no_branch() -> None:
    branches = [name for kind in KINDS for name in Catalogue._load(WORDS, kind, "en").keys() - ABOUT_THE_FILE]
    assert len(branches) == len(set(branches))


def test_a_pair_has_both_voices() -> None:
    def pairs(node: Any) -> Iterator[dict[str, Any]]:
        if isinstance(node, dict):
            if node.keys() & VOICES:
                yield node
            for part in node.values():
                yield from pairs(part)

    assert [pair for language in LANGUAGES for pair in pairs(WORDS.tree(language)) if pair.keys() != VOICES] == []


def test_every_text_compiles_and_reads_documented_variables_only() -> None:
    documented = set(WORDS.variables)
    unknown = {
        f"{name} in {path} ({language})"
        for language, path, voice in texts()
        for name in WORDS.compiled(path, language, voice).variables - documented
    }
    assert unknown == set()


def test_every_documented_variable_is_read_somewhere() -> None:
    read = {
        name for language, path, voice in texts() for name in WORDS.compiled(path, language, voice).variables
    } | {f"links.{name}" for name in _action_names()} | {"promise.earliest"}  # fmt: skip
    assert set(WORDS.variables) - read == set()


def _action_names() -> set[str]:
    return {name for message in WORDS.tree("en")["messages"].values() for name in message.get("actions", {})}


def test_the_languages_read_the_same_variables() -> None:
    """Names are written in each language's own way, and where signs are counted each says what fits; the rest is told in all."""
    own_ways = {"shopper.first_name", "shopper.full_name", "shopper.first_name_vocative"}

    def read(language: str, path: str, voice: str) -> frozenset[str]:
        return WORDS.compiled(path, language, voice).variables - own_ways

    different = [
        (path, language, sorted(read(language, path, voice) ^ read("en", path, "formal")))
        for language, path, voice in texts()
        if read(language, path, voice) != read("en", path, "formal")
        and not path.startswith("phrases.w")
        and not path.endswith(("sms", "subject.a", "subject.b"))
    ]
    assert different == []


def values(path: str, *, is_bare: bool) -> dict[str, Any]:
    """A value for every variable; with `is_bare` only what is always there for a text at `path`."""
    found: dict[str, Any] = {}
    for name, variable in WORDS.variables.items():
        if is_bare and not variable.must_be_there(path):
            continue
        room, _, leaf = name.partition(".")
        if leaf:
            found.setdefault(room, {})[leaf] = _sample(leaf)
        elif name != "promise":
            found[name] = date(2026, 12, 3)
    return found


def _sample(leaf: str) -> object:
    if leaf in DAYS:
        return date(2026, 12, 3)
    if leaf in MOMENTS:
        return datetime(2026, 12, 3, 9, tzinfo=UTC)
    return 2 if leaf in NUMBERS else "X"


@pytest.mark.parametrize("is_bare", [False, True], ids=["all known", "only what is always known"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_reads_well(language: str, is_bare: bool) -> None:
    for voice in sorted(VOICES):
        speaker = WORDS.speaker(language, "en", voice, today=date(2026, 11, 24))
        for path in WORDS.paths(language):
            said = speaker.text(path, values(path, is_bare=is_bare))
            assert not re.search(r"\{\{|\{%|None|  | [.,;:!?。，]|\(\)|（）", said), f"{path}: {said}"
            assert said or is_bare or path in ONLY_BEFORE_SENDING, path


def test_a_language_that_nobody_wrote_falls_back() -> None:
    def spoken(wanted: str, shop: str) -> tuple[str, str]:
        speaker = WORDS.speaker(wanted, shop, "formal")
        return speaker.language, speaker.tag

    assert spoken("de-AT", "en") == ("de", "de-AT")
    assert spoken("pt-BR", "cs-CZ") == ("cs", "cs-CZ")
    assert spoken("pt-BR", "fr") == ("en", "en-GB")
    assert spoken("zh-CN", "sv") == ("sv", "sv")


def test_a_voice_that_a_language_lacks_gets_its_first() -> None:
    greeting = "phrases.greeting"
    assert WORDS.speaker("sv", "en", "formal").text(greeting) == "Hej!"
    assert WORDS.speaker("de", "en", "shouting").text(greeting) == WORDS.speaker("de", "en", "formal").text(greeting)


def test_html_is_escaped_as_a_whole_and_keeps_its_lines() -> None:
    said = WORDS.speaker("en", "en", "formal").text("phrases.closing", {"shop": {"name": "<i> & Co"}}, Target.HTML)
    assert said == "Warm regards,<br>&lt;i&gt; &amp; Co"
    assert (
        compile_text("{{ said }}", target=Target.HTML).render({"said": said}, WORDS.speaker("en", "en", "").manner)
        == said
    )


def test_what_a_text_counts_on_is_known() -> None:
    speaker = WORDS.speaker("en", "en", "formal")
    path = "messages.shipped.service.tracking"
    assert speaker.lacking(path, {}) == ("shipment.tracking_number",)
    assert speaker.lacking(path, {"shipment": {"tracking_number": "1"}}) == ()
    assert speaker.lacking("messages.thank_you.service.next", {}) == ()


@pytest.mark.parametrize(
    "path", ["messages.nothing", "messages.shipped", "messages.shipped.subject.c", "phrases.greeting.x", ""]
)
def test_a_text_that_is_not_there_is_refused(path: str) -> None:
    with pytest.raises(Permanent, match="text_missing"):
        WORDS.speaker("en", "en", "formal").text(path)
