"""Runs what is to be compared in turns, and says what came of it: medians in a small table, ratios with their limits."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median

from bench.machine import describe


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One run of one variant. `cpu` in seconds by group, `others` as in machine.py, `more` what this bench alone has to say."""

    units: int
    seconds: float
    cpu: Mapping[str, float]
    others: float
    errors: int = 0
    more: Mapping[str, float] = field(default_factory=dict[str, float])

    @property
    def rate(self) -> float:
        return self.units / self.seconds

    def cost(self, *groups: str) -> float:
        """Microseconds of processor time a unit, of the named groups or of all."""
        return sum(self.cpu[name] for name in groups or self.cpu) / max(self.units, 1) * 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A figure beside its limit."""

    what: str
    figure: float
    limit: float
    is_floor: bool = False

    @property
    def holds(self) -> bool:
        return self.figure >= self.limit if self.is_floor else self.figure <= self.limit

    def told(self) -> str:
        bound = "at least" if self.is_floor else "at most"
        return f"{'held  ' if self.holds else 'MISSED'}  {self.what}: {self.figure:.3g} ({bound} {self.limit:g})"


Readings = dict[str, list[Reading]]


def options(purpose: str | None, **defaults: float) -> argparse.Namespace:
    """The command line of a bench: rounds, JSON, and numbers of its own."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--rounds", type=int, default=5, help="alternating runs, at least 5 for figures to be quoted")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each table instead of it")
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(value), default=value)
    return parser.parse_args()


def alternate(variants: Mapping[str, Callable[[], Reading]], rounds: int) -> Readings:
    """A B C, A B C, ...: what the neighbours do falls on all alike."""
    readings: Readings = {name: [] for name in variants}
    for number in range(1, rounds + 1):
        for name, run in variants.items():
            say(f"  round {number} of {rounds}: {name}")
            readings[name].append(run())
    return readings


def ratio(readings: Readings, ours: str, other: str, value: Callable[[Reading], float]) -> float:
    """The median of the rounds' own ratios: a slow minute slows both of its sides."""
    return median(value(mine) / value(theirs) for mine, theirs in zip(readings[ours], readings[other], strict=True))


def middle(readings: Sequence[Reading], value: Callable[[Reading], float]) -> float:
    return median(map(value, readings))


def report(title: str, unit: str, readings: Readings, verdicts: Sequence[Verdict], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(_document(title, unit, readings, verdicts)))
        return
    print(f"\n{title}\n{describe()}\n")
    for line in _table(unit, readings):
        print(line)
    print()
    for verdict in verdicts:
        print(verdict.told())


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _table(unit: str, readings: Readings) -> list[str]:
    groups = list(dict.fromkeys(group for runs in readings.values() for run in runs for group in run.cpu))
    more = list(dict.fromkeys(name for runs in readings.values() for run in runs for name in run.more))
    head = [
        "",
        f"{unit}s/s",
        "(min–max)",
        *(f"{group} us" for group in groups),
        f"CPU us/{unit}",
        *more,
        "others",
        "errors",
    ]
    rows = [head, *(_row(name, runs, groups, more) for name, runs in readings.items() if runs)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if not at else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def _row(name: str, runs: Sequence[Reading], groups: Sequence[str], more: Sequence[str]) -> list[str]:
    rates = [run.rate for run in runs]
    return [
        name,
        _short(median(rates)),
        f"({_short(min(rates))}–{_short(max(rates))})",
        *(
            _short(middle(runs, lambda run, group=group: run.cost(group))) if group in runs[0].cpu else "-"
            for group in groups
        ),
        _short(middle(runs, Reading.cost)),
        *(_short(middle(runs, lambda run, key=key: run.more[key])) if key in runs[0].more else "-" for key in more),
        f"{middle(runs, lambda run: run.others):.0%}",
        str(sum(run.errors for run in runs)),
    ]


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _document(title: str, unit: str, readings: Readings, verdicts: Sequence[Verdict]) -> dict[str, object]:
    return {
        "bench": title,
        "unit": unit,
        "machine": describe(),
        "variants": {name: [asdict(run) for run in runs] for name, runs in readings.items()},
        "verdicts": [{**asdict(verdict), "holds": verdict.holds} for verdict in verdicts],
    }
