"""What two JSON documents have in common: their fields and the types of these, whatever the values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

MAPS = re.compile(r"\.(options|woocommerce|other|taxonomies|product_visibility_terms|hooks)$")
"""Objects whose keys are data."""
KINDS = {
    dict: "object",
    list: "array",
    str: "string",
    bool: "boolean",
    int: "number",
    float: "number",
    type(None): "null",
}


@dataclass(slots=True)
class Shape:
    """Which JSON types stand at which path, and which fields every object at a path has. `[]` is any place in an array."""

    kinds: dict[str, set[str]] = field(default_factory=dict)
    fields: dict[str, set[str]] = field(default_factory=dict)

    def add(self, value: Any, path: str = "") -> Shape:
        self.kinds.setdefault(path, set()).add(KINDS[type(value)])
        if isinstance(value, dict):
            self._add_object(value, path)
        elif isinstance(value, list):
            for one in value:
                self.add(one, f"{path}[]" if path else "[]")
        return self

    def _add_object(self, value: dict[str, Any], path: str) -> None:
        if MAPS.search(path):
            for one in value.values():
                self.add(one, f"{path}.*")
            return
        self.fields[path] = self.fields.get(path, set(value)) & set(value)
        for name, one in value.items():
            self.add(one, f"{path}.{name}")


def _items(body: Any) -> list[Any]:
    return body if isinstance(body, list) else [body]


def shape_of(bodies: Any) -> Shape:
    """Of one object, or of all objects of a list together."""
    shape = Shape()
    for one in _items(bodies):
        shape.add(one)
    return shape


def differences(known: Shape, recorded: Any, ours: Any) -> Iterator[str]:
    """What `recorded` has and `ours` lacks, and where `ours` holds a type that is not among the `known` ones."""
    if isinstance(recorded, list) != isinstance(ours, list):
        yield "list against object"
        return
    wanted, found = shape_of(recorded), shape_of(ours)
    yield from (f"missing {path}" for path in sorted(wanted.kinds.keys() - found.kinds.keys()))
    for path, kinds in found.kinds.items():
        if path in known.kinds and not kinds <= known.kinds[path]:
            yield f"{path} is {sorted(kinds)}, recorded {sorted(known.kinds[path])}"
    for path, fields in wanted.fields.items():
        yield from (f"missing {path}.{one}" for one in sorted(fields - found.fields.get(path, fields)))
