"""Lists of the API: cut into pages by cursors that stay right while rows come and go."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast

import orjson

from sandbox.shopify.graphql import Arguments, FieldFailed, Node, Resolver

MAX_PAGE = 250

Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """An item that is made only if its page is asked for. `key` is its place in the list, unique in it."""

    key: Key
    make: Callable[[], Node]

    @property
    def cursor(self) -> str:
        return base64.b64encode(orjson.dumps(self.key)).decode()


def connection(kind: str, entries: Sequence[Entry]) -> Resolver:
    """A field `kind`Connection over all entries in the order of their keys; takes `first`, `after` and `reverse`."""

    def resolve(arguments: Arguments) -> Node:
        return page(kind, entries, arguments)

    return resolve


def page(kind: str, entries: Sequence[Entry], arguments: Arguments) -> Node:
    size = _size(arguments)
    is_reverse = bool(arguments.get("reverse"))
    ordered = sorted(entries, key=lambda entry: entry.key, reverse=is_reverse)
    after = _key(arguments.get("after"))
    if after is not None:
        ordered = [entry for entry in ordered if (entry.key < after if is_reverse else entry.key > after)]
    chosen = ordered[:size]
    nodes = [entry.make() for entry in chosen]
    return Node(
        f"{kind}Connection",
        {
            "nodes": nodes,
            "edges": [
                Node(f"{kind}Edge", {"node": node, "cursor": entry.cursor})
                for entry, node in zip(chosen, nodes, strict=True)
            ],
            "pageInfo": Node(
                "PageInfo",
                {
                    "hasNextPage": len(ordered) > size,
                    "hasPreviousPage": after is not None,
                    "startCursor": chosen[0].cursor if chosen else None,
                    "endCursor": chosen[-1].cursor if chosen else None,
                },
            ),
        },
    )


def _size(arguments: Arguments) -> int:
    size = arguments.get("first")
    if size is None:
        raise FieldFailed("you must provide one of first or last", "BAD_REQUEST")
    if not 0 < int(size) <= MAX_PAGE:
        raise FieldFailed(f"first must be from 1 to {MAX_PAGE}", "BAD_REQUEST")
    return int(size)


def _key(cursor: str | None) -> Key | None:
    if cursor is None:
        return None
    try:
        return cast(Key, tuple(orjson.loads(base64.b64decode(cursor, validate=True))))
    except ValueError as error:
        raise FieldFailed("Invalid cursor for current pagination sort.", "BAD_REQUEST") from error
