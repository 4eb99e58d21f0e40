"""Reading a stranger's JSON by name: what is missing or of another type is empty, never an exception."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

Tree = Mapping[str, Any]


def part(tree: Tree, name: str) -> Tree:
    """The object of this name."""
    value = tree.get(name)
    return cast("Tree", value) if isinstance(value, dict) else {}


def parts(tree: Tree, name: str) -> list[Tree]:
    """The objects in the list of this name."""
    value = tree.get(name)
    items = cast("list[object]", value) if isinstance(value, list) else []
    return [cast("Tree", item) for item in items if isinstance(item, dict)]


def text(tree: Tree, name: str) -> str:
    """The text of this name, without U+0000, which JSON may carry and Postgres may not."""
    value = tree.get(name)
    return value.replace("\x00", "") if isinstance(value, str) else ""
