"""What a document costs and whether the store's bucket holds that much, by the platform's published rules.

Scalars are free, an object costs 1, a mutation 10, a fragment on several types the dearest of them. A connection costs 2 and
its page: `first` times what one item costs. The sum is asked for before the run and corrected to what came back.
Source: shopify.dev/docs/apps/build/apis/graphql-admin/rate-limits. The 2 of a connection is a measurement of others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, OperationType, SelectionSetNode

from sandbox.shopify.graphql import Request

Made = Mapping[str, Any]
"""A part of an answer."""

OBJECT = 1
CONNECTION = 2
MUTATION = 10
MAX_QUERY = 1000
"""A single query may never cost more, however full the bucket is."""


def requested(request: Request) -> int:
    """What the operation may cost at most."""
    return _operation(request, None)


def actual(request: Request, data: Made) -> int:
    """What it did cost, by the objects that came back."""
    return _operation(request, data)


def _operation(request: Request, data: Made | None) -> int:
    selection = request.operation.selection_set
    if request.operation.operation == OperationType.MUTATION:
        return MUTATION * sum(1 for _ in request.expand(selection))
    return _selection(request, selection, data)


def _selection(request: Request, selection: SelectionSetNode | None, data: Made | None) -> int:
    """The sum of the fields that every type has, and the dearest of the groups that only some have."""
    by_type: dict[str, int] = {"": 0}
    for condition, node in request.expand(selection):
        by_type[condition] = by_type.get(condition, 0) + _field(request, node, data)
    common = by_type.pop("")
    return common + max(by_type.values(), default=0)


def _field(request: Request, node: FieldNode, data: Made | None) -> int:
    if node.selection_set is None:
        return 0
    value = None if data is None else data.get(node.alias.value if node.alias else node.name.value)
    if data is not None and value is None:
        return 0
    fields = {one.name.value: one for _, one in request.expand(node.selection_set)}
    if "nodes" in fields:
        return CONNECTION + _items(request, node, fields["nodes"], value and value["nodes"])
    if "edges" in fields:
        return CONNECTION + _edges(request, node, fields["edges"], value and value["edges"])
    return _items(request, node, node, value)


def _edges(request: Request, node: FieldNode, edges: FieldNode, value: list[Made] | None) -> int:
    """An edge itself is free: only its node counts."""
    item = next(one for _, one in request.expand(edges.selection_set) if one.name.value == "node")
    return _items(request, node, item, None if value is None else [edge["node"] for edge in value])


def _items(request: Request, node: FieldNode, item: FieldNode, value: Made | list[Made | None] | None) -> int:
    if value is None:
        return _asked(request, node) * (OBJECT + _selection(request, item.selection_set, None))
    values = value if isinstance(value, list) else [value]
    return sum(OBJECT + _selection(request, item.selection_set, one) for one in values if one is not None)


def _asked(request: Request, node: FieldNode) -> int:
    """How many objects a field may bring: the page's size, the number of ids, or one."""
    arguments = request.arguments(node)
    size = arguments.get("first") or arguments.get("last") or len(arguments.get("ids") or ())
    return int(size or 1)


@dataclass(slots=True)
class Bucket:
    """A leaky bucket of points per app and store. It fills in real seconds, whatever the sandbox's clock says."""

    size: float = 2000.0
    restore_rate: float = 100.0
    monotonic: Callable[[], float] = time.monotonic
    _held: float = field(init=False)
    _at: float = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def __post_init__(self) -> None:
        self._held, self._at = self.size, self.monotonic()

    def take(self, points: int) -> bool:
        """Take the points out if they are there."""
        with self._lock:
            self._restore()
            if points > self._held:
                return False
            self._held -= points
            return True

    def give_back(self, points: int) -> None:
        with self._lock:
            self._restore()
            self._held = min(self.size, self._held + points)

    def status(self) -> dict[str, float]:
        with self._lock:
            self._restore()
            return {
                "maximumAvailable": self.size,
                "currentlyAvailable": int(self._held),
                "restoreRate": self.restore_rate,
            }

    def _restore(self) -> None:
        now = self.monotonic()
        self._held = min(self.size, self._held + (now - self._at) * self.restore_rate)
        self._at = now
