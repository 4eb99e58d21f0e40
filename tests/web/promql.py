"""As much of Prometheus' query language as docs/alerts.yml speaks, over two scrapes; whatever else stands there is an error.

Semantics: https://prometheus.io/docs/prometheus/latest/querying/operators/ (vectors match by equal labels; a comparison keeps
what it is true of) and .../functions/ (increase, abs)."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Scrape = dict[str, Vector]

TOKEN = re.compile(r"\s*(==|>=|<=|[<>/()]|\{[^}]*\}|\[\d+[smhd]\]|[a-zA-Z_:]\w*|\d+(?:\.\d+)?)")
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


def read(text: str) -> Scrape:
    """The exposition format as samples by name."""
    found: Scrape = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def names(expression: str) -> set[str]:
    """Every metric that an expression asks for."""
    return set(re.findall(r"\b(?:encore_\w+|up)\b", re.sub(r"\{[^}]*\}", "", expression)))


def evaluate(expression: str, now: Scrape, before: Scrape | None = None) -> Vector:
    """What the expression is true of: empty when the alert does not fire."""
    question = Question(_tokens(expression), now, before or {})
    answer = question.comparison()
    assert not question.tokens, f"not understood: {question.tokens}"
    return answer


def _tokens(expression: str) -> list[str]:
    tokens = TOKEN.findall(expression)
    assert "".join(tokens) == re.sub(r"\s", "", expression), f"not understood: {expression}"
    return tokens


@dataclass(slots=True)
class Question:
    tokens: list[str]
    now: Scrape
    before: Scrape

    def comparison(self) -> Vector:
        left = self.quotient()
        if self.tokens and self.tokens[0] in COMPARISONS:
            holds = COMPARISONS[self.tokens.pop(0)]
            bound = float(self.tokens.pop(0))
            return {labels: value for labels, value in left.items() if holds(value, bound)}
        return left

    def quotient(self) -> Vector:
        left = self.atom()
        while self.tokens and self.tokens[0] == "/":
            self.tokens.pop(0)
            right = self.atom()
            left = {labels: _divide(value, right[labels]) for labels, value in left.items() if labels in right}
        return left

    def atom(self) -> Vector:
        name = self.tokens.pop(0)
        if self.tokens and self.tokens[0] == "(":
            return self.function(name)
        wanted = self.labels()
        return {labels: value for labels, value in self.now.get(name, {}).items() if wanted <= labels}

    def function(self, name: str) -> Vector:
        assert self.tokens.pop(0) == "("
        if name == "increase":
            answer = self.increase()
        else:
            inside = self.comparison()
            answer = {
                "sum": lambda: {frozenset[tuple[str, str]](): sum(inside.values())},
                "abs": lambda: {labels: abs(value) for labels, value in inside.items()},
            }[name]()
        assert self.tokens.pop(0) == ")"
        return answer

    def increase(self) -> Vector:
        name, wanted = self.tokens.pop(0), self.labels()
        assert self.tokens.pop(0).startswith("["), "increase needs a range"
        before = self.before.get(name, {})
        samples = self.now.get(name, {})
        return {labels: value - before.get(labels, 0) for labels, value in samples.items() if wanted <= labels}

    def labels(self) -> Labels:
        if not self.tokens or not self.tokens[0].startswith("{"):
            return frozenset()
        return frozenset(re.findall(r'(\w+)="([^"]*)"', self.tokens.pop(0)))


def _divide(dividend: float, divisor: float) -> float:
    return dividend / divisor if divisor else math.copysign(math.inf, dividend) if dividend else math.nan
