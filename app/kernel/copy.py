"""The words of copy/, for shoppers and merchants: found by language and voice, compiled once, rendered many times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, cast

import yaml
from babel import Locale
from markupsafe import Markup, escape

from app.kernel import language
from app.kernel.errors import Permanent
from app.kernel.text import Manner, Target, Text, compile_text

FOLDER = Path(__file__).resolve().parents[2] / "copy"
KINDS = ("messages", "ui", "merchant")
ABOUT_THE_FILE = frozenset({"language", "tones"})
NO_TEXT = frozenset({"class", "topic", "actions_equal"})
"""What a message says of itself beside its texts."""
VOICES = frozenset({"formal", "informal"})
WINDOWS = ("window_day", "window_range", "window_range_same_month")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """What copy/variables.yaml says of one variable. Paths: "messages.shipped" means all that stands under it."""

    means: str
    is_always: bool
    always_in: tuple[str, ...] = ()
    maybe_in: tuple[str, ...] = ()

    def must_be_there(self, path: str) -> bool:
        """Whether a text at `path` may count on it."""
        exceptions = self.maybe_in if self.is_always else self.always_in
        is_exception = any(f"{path}.".startswith(f"{start}.") for start in exceptions)
        return self.is_always != is_exception


class Catalogue:
    """The files of one folder. A path leads to a text like "messages.shipped.subject.b", "phrases.total" or "tracking.title":
    what stands in messages.<lang>.yaml, ui.<lang>.yaml and merchant.<lang>.yaml, side by side."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self.folder = folder
        self.languages = tuple(sorted(path.name.split(".")[1] for path in folder.glob("messages.*.yaml")))
        self._trees: dict[str, Mapping[str, Any]] = {}
        self._texts: dict[tuple[str, str, str], Text] = {}

    def speaker(
        self, wanted: str, shop_language: str, voice: str, *, zone: tzinfo = UTC, today: date = date.min
    ) -> Speaker:
        """Who writes to somebody that asked for `wanted` (BCP 47): in its region, else its language, else the shop's, else
        English. `today` decides which dates need no year."""
        found = (language.pick(tag, self.languages) for tag in (wanted, shop_language, language.LAST_RESORT))
        spoken = next((name for name in found if name), language.LAST_RESORT)
        locale = language.write_as(wanted if language.pick(wanted, (spoken,)) else shop_language, spoken)
        windows = {name: self.compiled(f"phrases.{name}", spoken, voice) for name in WINDOWS}
        manner = Manner(locale=locale, zone=zone, today=today, windows=windows)
        return Speaker(catalogue=self, language=spoken, voice=voice, manner=manner)

    def compiled(self, path: str, spoken: str, voice: str) -> Text:
        """`Permanent("text_missing")` where no text stands, `Permanent("text_unusable")` where a broken one does."""
        key = (spoken, voice, path)
        if key not in self._texts:
            self._texts[key] = compile_text(self.source(path, spoken, voice), spoken)
        return self._texts[key]

    def source(self, path: str, spoken: str, voice: str) -> str:
        """The Liquid at `path`. A shop that asks for a voice this language lacks gets the language's first."""
        node = self.node(path, spoken)
        if _is_pair(node):
            first: str = self.tree(spoken)["tones"][0]
            node = node.get(voice) or node[first]
        if not isinstance(node, str):
            raise Permanent("text_missing", f"{path} in {spoken}")
        return node

    def node(self, path: str, spoken: str) -> Any:  # noqa: ANN401 (a YAML tree)
        """What stands at `path`, text or branch; None where nothing does."""
        return _at(self.tree(spoken), path)

    def tree(self, spoken: str) -> Mapping[str, Any]:
        """The files of one language as one tree."""
        if spoken not in self._trees:
            self._trees[spoken] = {name: node for kind in KINDS for name, node in self._load(kind, spoken).items()}
        return self._trees[spoken]

    def paths(self, spoken: str) -> tuple[str, ...]:
        """Where all texts of a language stand."""
        return tuple(
            _text_paths({name: node for name, node in self.tree(spoken).items() if name not in ABOUT_THE_FILE})
        )

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        """Every variable that texts may read, by path."""
        entries = _read(self.folder / "variables.yaml")
        return {
            path: Variable(
                means=entry["means"],
                is_always=entry["when"] == "always",
                always_in=tuple(entry.get("always_in", ())),
                maybe_in=tuple(entry.get("maybe_in", ())),
            )
            for path, entry in entries.items()
        }

    def _load(self, kind: str, spoken: str) -> dict[str, Any]:
        return _read(self.folder / f"{kind}.{spoken}.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Speaker:
    """One language, one voice, one locale: asked for a text, it gives it. `language` is the copy's ("zh-Hant"), `tag` the BCP 47
    tag of what is really written ("zh-Hant-TW")."""

    catalogue: Catalogue
    language: str
    voice: str
    manner: Manner

    @property
    def locale(self) -> Locale:
        return self.manner.locale

    @property
    def tag(self) -> str:
        return str(self.locale).replace("_", "-")

    def text(self, path: str, values: Mapping[str, object] | None = None, target: Target = Target.PLAIN) -> str:
        """The rendered text, trimmed; empty where it says nothing about these values. For HTML it is escaped as a whole, line
        breaks become <br>, and the result is `Markup`, which Liquid and Jinja leave as it is."""
        rendered = self.catalogue.compiled(path, self.language, self.voice).render(values or {}, self.manner)
        return as_part_of(target, language.close_up(rendered))

    def keys(self, path: str) -> tuple[str, ...]:
        """The names under a branch in their order: the paragraphs of a message, its actions. None: ()."""
        node = self.catalogue.node(path, self.language)
        return tuple(cast("dict[str, Any]", node)) if isinstance(node, dict) else ()

    def lacking(self, path: str, values: Mapping[str, object]) -> tuple[str, ...]:
        """The variables that the text at `path` counts on and `values` do not hold."""
        documented = self.catalogue.variables
        read = self.catalogue.compiled(path, self.language, self.voice).variables
        wanted = sorted(name for name in read if name in documented and documented[name].must_be_there(path))
        return tuple(name for name in wanted if _at(values, name) is None)


def as_part_of(target: Target, rendered: str) -> str:
    """A rendered text, escaped as a whole where it becomes part of HTML."""
    return Markup("<br>").join(escape(line) for line in rendered.split("\n")) if target is Target.HTML else rendered


@lru_cache(maxsize=1)
def catalogue() -> Catalogue:
    """The words that Encore ships with."""
    return Catalogue()


def _read(path: Path) -> dict[str, Any]:
    return yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)  # the safe loader, in C


def _is_pair(node: object) -> bool:
    return isinstance(node, dict) and node != {} and cast("dict[str, Any]", node).keys() <= VOICES


def _text_paths(branch: Mapping[str, Any], start: str = "") -> list[str]:
    paths: list[str] = []
    for name, node in branch.items():
        if isinstance(node, str) or _is_pair(node):
            paths += [] if name in NO_TEXT else [start + name]
        elif isinstance(node, dict):
            paths += _text_paths(cast("dict[str, Any]", node), f"{start}{name}.")
    return paths


def _at(tree: object, path: str) -> Any:  # noqa: ANN401 (a leaf or branch of any kind)
    for name in path.split("."):
        tree = cast("Mapping[str, Any]", tree).get(name) if isinstance(tree, Mapping) else None
    return tree
