"""The whole line without its processes: what workers would do, done here, until nothing is due."""

from __future__ import annotations

from app.domain.shops.rules import ShopFacts
from app.jobs.queue import work_off
from app.jobs.works import WORKS
from app.kernel.runtime import Runtime

MOST_ROUNDS = 20


def run_until_quiet(runtime: Runtime, shop: ShopFacts, *kinds: str) -> int:
    """Do all due work of the named kinds (all when none is named); how many rows were claimed."""
    chosen = kinds or tuple(WORKS)
    total = 0
    for _ in range(MOST_ROUNDS):
        done = sum(work_off(runtime, WORKS[kind], shop.id) for kind in chosen)
        if not done:
            return total
        total += done
    raise AssertionError("the line does not come to rest")
