"""Several questions of one pull, put one after the other with the points that the store has left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from app.connectors.shopify.client import Operation, Reply, Store
from app.connectors.shopify.reading import whole
from app.kernel.errors import Transient
from app.kernel.reading import Tree, part, parts, text

PATIENCE = 10.0
"""Seconds that one pull waits for points in all. It must end within the lease of the work that it belongs to."""
SHORTEST_WAIT = 0.05


class Asker:
    """Goes on asking within one pull. The first question of a pull is the store's to put off; a later one waits here for a while,
    because a pull that starts anew pays for its first question again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._patience = PATIENCE

    def ask(self, operation: Operation, **variables: object) -> Reply:
        while True:
            try:
                return self._store.ask(operation, **variables)
            except Transient as failure:
                if failure.code != "throttled" or failure.retry_after is None:
                    raise
                wait = max(failure.retry_after, SHORTEST_WAIT)
                if wait > self._patience:
                    raise
            self._patience -= wait
            time.sleep(wait)

    def still_there(self, name: str, operation: Operation, **variables: object) -> Tree:
        """What something is completed with; gone between two questions, the next pull will tell."""
        found = part(self.ask(operation, **variables).data, name)
        if not found:
            raise Transient("changed_meanwhile")
        return found

    def count(self, name: str, operation: Operation) -> int | None:
        """How many there are; None where Shopify stopped counting."""
        count = part(self.ask(operation).data, name)
        return whole(count, "count") if text(count, "precision") == "EXACT" else None


def nodes_of(first: Tree, rest: Callable[[str], Tree]) -> Iterator[Tree]:
    """All of a list whose first page came with its owner; `rest` asks for the page behind a cursor."""
    page = first
    yield from parts(page, "nodes")
    while has_more(page):
        page = rest(text(part(page, "pageInfo"), "endCursor"))
        yield from parts(page, "nodes")


def has_more(page: Tree) -> bool:
    return bool(part(page, "pageInfo").get("hasNextPage"))
