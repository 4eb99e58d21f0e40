"""Liquid with limits, and the filters that write dates, windows and plurals as a language does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Any, cast

from babel import Locale
from liquid import BoundTemplate, Environment, RenderContext
from liquid.ast import Node
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import Filter, FilteredExpression, KeywordArgument, PositionalArgument
from liquid.builtin.filters.misc import default
from liquid.builtin.tags import assign_tag, case_tag, comment_tag, for_tag, if_tag, unless_tag
from liquid.exceptions import FilterArgumentError, LiquidError
from liquid.expression import Expression
from liquid.filter import with_context
from liquid.output import LimitedStringIO
from liquid.token import Token

from app.kernel import language
from app.kernel.errors import Permanent

MOST_SOURCE = 50_000
"""Signs of a template."""
MOST_OUTPUT = 200_000
"""Bytes of a rendered text."""

TAGS = (
    *(content.Literal, output.Output, illegal.Illegal, comment_tag.CommentTag),
    *(if_tag.IfTag, unless_tag.UnlessTag, case_tag.CaseTag, assign_tag.AssignTag),
    *(for_tag.ForTag, for_tag.BreakTag, for_tag.ContinueTag),
)
"""What texts and layouts need. Nothing that loads another template, and none of the filters that multiply text (replace, join,
split, append): python-liquid's limits do not hold those."""


class Target(StrEnum):
    """What a text becomes part of, and so how the values put into it are escaped."""

    PLAIN = "plain"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How one text is written: for which locale, in which zone, and which year counts as this one. `windows` holds the phrases
    for a promise: window_day, window_range, window_range_same_month."""

    locale: Locale
    zone: tzinfo = UTC
    today: date = date.min
    windows: Mapping[str, Text] = field(default_factory=dict[str, "Text"])


@dataclass(frozen=True, slots=True)
class Text:
    """A compiled text. `variables` are the paths it reads, like "order.number"."""

    template: BoundTemplate
    variables: frozenset[str]

    def render(self, values: Mapping[str, object], manner: Manner) -> str:
        """The text, trimmed. What is missing is nil. `Permanent("text_unusable")` for a wrong value or a limit that was reached."""
        context = _Context(self.template, globals=self.template.make_globals(values))
        context.manner = manner
        buffer = LimitedStringIO(limit=MOST_OUTPUT)
        try:
            self.template.render_with_context(context, buffer)
        except LiquidError as error:
            raise Permanent("text_unusable", type(error).__name__) from error
        return buffer.getvalue().strip()


def compile_text(source: str, written_in: str = language.LAST_RESORT, target: Target = Target.PLAIN) -> Text:
    """`Permanent("text_unusable")` for what is no Liquid, too long, an unknown tag or filter, or a plural that does not name
    every category of `written_in`."""
    if len(source) > MOST_SOURCE:
        raise Permanent("text_unusable", "too long")
    environment = _environment(written_in, target)
    try:
        template = environment.from_string(source)
        for used in _filters(template):
            used.validate_filter_arguments(environment)
    except LiquidError as error:
        raise Permanent("text_unusable", str(error).partition("\n")[0]) from error
    return Text(template, frozenset(template.global_variable_paths(include_partials=False)))


# --- the environment --------------------------------------------------------------------------------------------------


class _Context(RenderContext):
    __slots__ = ("manner",)

    manner: Manner


class _Environment(Environment):
    loop_iteration_limit = 10_000
    local_namespace_limit = 1_000_000
    output_stream_limit = MOST_OUTPUT
    context_depth_limit = 30
    block_nesting_limit = 30

    plural_categories: frozenset[str] = frozenset()

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in TAGS:
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, function)


@lru_cache(maxsize=64)
def _environment(written_in: str, target: Target) -> _Environment:
    environment = _Environment(autoescape=target is Target.HTML)
    locale = language.locale_of(written_in) or Locale(language.LAST_RESORT)
    environment.plural_categories = frozenset({*locale.plural_form.tags, "other"})
    return environment


def _filters(template: BoundTemplate) -> Iterator[Filter]:
    """Every use of a filter in a template, in whatever branch it stands."""
    nothing = RenderContext(template)

    def of_expression(expression: Expression) -> Iterator[Filter]:
        if isinstance(expression, FilteredExpression):
            yield from expression.filters or ()
        for child in expression.children():
            yield from of_expression(child)

    def of_node(node: Node) -> Iterator[Filter]:
        for expression in node.expressions():
            yield from of_expression(expression)
        for child in node.children(nothing, include_partials=False):
            yield from of_node(child)

    for node in template.nodes:
        yield from of_node(node)


# --- the filters ------------------------------------------------------------------------------------------------------


def _is_nothing(value: object) -> bool:
    return value is None or (hasattr(value, "__liquid__") and value.__liquid__() is None)  # type: ignore[attr-defined]


def _as_day(value: object, manner: Manner) -> date:
    if isinstance(value, datetime):
        return _as_moment(value).astimezone(manner.zone).date()
    if isinstance(value, date):
        return value
    raise FilterArgumentError("a date is wanted", token=None)


def _as_moment(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo:
        return value
    raise FilterArgumentError("a moment with a time zone is wanted", token=None)


def _day_filter(write: Callable[[date, Manner], str]) -> Callable[..., str]:
    @with_context
    def filter_(value: object, *, context: _Context) -> str:
        return "" if _is_nothing(value) else write(_as_day(value, context.manner), context.manner)

    return filter_


@with_context
def _moment(value: object, *, context: _Context) -> str:
    manner = context.manner
    return "" if _is_nothing(value) else language.moment(_as_moment(value), manner.locale, manner.zone)


@with_context
def _window(value: object, *, context: _Context) -> str:
    """A promise as a phrase of the text's own language and voice."""
    if _is_nothing(value):
        return ""
    if not isinstance(value, Mapping):
        raise FilterArgumentError("a promise is wanted", token=None)
    promise = cast("Mapping[str, object]", value)
    manner = context.manner
    earliest, latest = (_as_day(promise.get(end), manner) for end in ("earliest", "latest"))
    phrase = manner.windows[_window_phrase(earliest, latest, manner.locale)]
    return phrase.render({"day": latest, "earliest": earliest, "latest": latest}, manner)


def _window_phrase(earliest: date, latest: date, locale: Locale) -> str:
    if earliest == latest:
        return "window_day"
    is_one_month = (earliest.year, earliest.month) == (latest.year, latest.month)
    if is_one_month and not (locale.language == "en" and language.puts_month_first(locale)):
        return "window_range_same_month"
    return "window_range"


@with_context
def _plural(value: object, *, context: _Context, **forms: str) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise FilterArgumentError("a number is wanted", token=None)
    locale = context.manner.locale
    form = forms.get(locale.plural_form(value), forms["other"])
    return form.replace("#", language.number(value, locale))


def _validate_plural(
    environment: _Environment, token: Token, _name: str, arguments: Sequence[KeywordArgument | PositionalArgument]
) -> None:
    """Called while compiling: a category that is not named would be missed only on the day somebody buys three."""
    named = [argument.name for argument in arguments if isinstance(argument, KeywordArgument)]
    if len(named) < len(arguments) or sorted(named) != sorted(environment.plural_categories):
        wanted = ", ".join(sorted(environment.plural_categories))
        raise FilterArgumentError(f"plural must name exactly: {wanted}", token=token)


_plural.validate = _validate_plural  # type: ignore[attr-defined]  # where python-liquid looks for it

FILTERS: dict[str, Callable[..., Any]] = {
    "date": _day_filter(lambda day, manner: language.day_and_month(day, manner.locale, manner.today)),
    "day": _day_filter(lambda day, manner: language.day_alone(day, manner.locale)),
    "date_full": _day_filter(lambda day, manner: language.full_date(day, manner.locale)),
    "datetime": _moment,
    "window": _window,
    "plural": _plural,
    "default": default,
}
"""All there are. copy/README.md says what each gives."""
