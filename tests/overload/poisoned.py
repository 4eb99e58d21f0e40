"""The worker as production starts it, with one more kind of work: rows that kill it, never end, or eat its memory."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Sequence

from app import worker
from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops.rules import ShopFacts
from app.jobs.queue import Queue, Work
from app.jobs.works import WORKS
from app.kernel.capacity import MB
from app.kernel.runtime import Runtime

KIND = "poison"
LEASE = 1
BIGGEST = 8 * 1024 * MB


def abort() -> None:
    os.abort()


def spin() -> None:
    while True:
        pass


def sleep() -> None:
    time.sleep(3600)


def eat() -> None:
    """Every page is written to, so that it is really there."""
    eaten = [bytearray(os.urandom(1)) * (64 * MB) for _ in range(BIGGEST // (64 * MB))]
    raise AssertionError(len(eaten))


POISONS = {"abort": abort, "spin": spin, "sleep": sleep, "eat": eat}


def run(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim]) -> None:
    for claim in claims:
        POISONS.get(claim.ref, int)()
    with runtime.db.transaction(shop.id) as session:
        outbox.finish(session, shop.id, claims)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    WORKS[KIND] = Work(kind=KIND, queue=Queue.NOW, batch=10, run=run, lease=LEASE)
    sys.exit(worker.main())
