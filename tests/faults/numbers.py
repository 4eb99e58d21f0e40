"""The eight numbers that every fault is judged by, with the trials that stand behind each zero."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

NUMBERS = "numbers"
"""What a test records under this name (`record`) is a line of the table at the end of the run."""

NAMES = (
    "orders_lost",
    "orders_stale",
    "msgs_dropped",
    "msgs_duplicated",
    "msgs_uncertain",
    "refunds_double",
    "refunds_missing",
    "rows_stuck",
)
HEADINGS = ("fault", "trials", *(name.replace("_", " ") for name in NAMES), "bound", "seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What was wrong after `trials` trials of one fault, healed and come to rest; None: this was not tried.
    `trials` counts `unit` (kills, cuts, posts), `seconds` is how long it took from the healing until nothing was owed."""

    fault: str
    trials: int
    unit: str
    orders_lost: int | None = 0
    orders_stale: int | None = 0
    msgs_dropped: int | None = 0
    msgs_duplicated: int | None = 0
    msgs_uncertain: int | None = 0
    refunds_double: int | None = None
    refunds_missing: int | None = None
    rows_stuck: int | None = 0
    seconds: float | None = None

    @property
    def wrong(self) -> dict[str, int]:
        """What must be zero and is not. One letter in doubt a crash is what bare SMTP can promise, so those are judged apart."""
        counts = asdict(self)
        return {name: counts[name] for name in NAMES if counts[name] and name != "msgs_uncertain"}


NOT_SENT = {"msgs_dropped": None, "msgs_duplicated": None, "msgs_uncertain": None}
"""For trials that end before letters are written."""


def row(numbers: Numbers) -> tuple[str, ...]:
    """A line of the table: each count with its trials; a zero of n bounds the rate at 3/n with 95 % (the rule of three)."""
    counts = asdict(numbers)
    cells = ("-" if counts[name] is None else f"{counts[name]}/{numbers.trials}" for name in NAMES)
    seconds = "-" if numbers.seconds is None else f"{numbers.seconds:.0f}"
    return (numbers.fault, f"{numbers.trials} {numbers.unit}", *cells, f"{min(1, 3 / numbers.trials):.2%}", seconds)


def record(numbers: Numbers, record_property: Callable[[str, object], None]) -> None:
    """Put the line into the table at the end."""
    record_property(NUMBERS, asdict(numbers))


def rows(recorded: Iterable[dict[str, Any]]) -> list[tuple[str, ...]]:
    """All lines, by fault. What several tests have tried of one fault is one line."""
    merged: dict[tuple[str, str], Numbers] = {}
    for one in (Numbers(**said) for said in recorded):
        same = merged.get((one.fault, one.unit))
        merged[one.fault, one.unit] = _sum(same, one) if same else one
    return [HEADINGS, *(row(merged[key]) for key in sorted(merged))]


def _sum(one: Numbers, other: Numbers) -> Numbers:
    """Counts and trials together, and the longer time."""
    sums = {name: _plus(getattr(one, name), getattr(other, name)) for name in ("trials", *NAMES)}
    seconds = max((each for each in (one.seconds, other.seconds) if each is not None), default=None)
    return replace(one, **sums, seconds=seconds)


def _plus(one: int | None, other: int | None) -> int | None:
    return None if one is None and other is None else (one or 0) + (other or 0)


def as_text(lines: Sequence[Sequence[str]]) -> list[str]:
    """For a terminal: columns as wide as what stands in them."""
    headings = [heading.split() for heading in lines[0]]
    depth = max(map(len, headings))
    stacked = [[words[at] if at < len(words) else "" for words in headings] for at in range(depth)]
    body = [*stacked, *lines[1:]]
    widths = [max(len(line[column]) for line in body) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in body]


def as_markdown(lines: Sequence[Sequence[str]]) -> str:
    """For a page."""
    rule = ["---"] * len(lines[0])
    return "".join(f"| {' | '.join(line)} |\n" for line in (lines[0], rule, *lines[1:]))
