"""How owed work is done: claimed in batches, tried, and decided upon in one place: again later, or never by itself."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

import psycopg
from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.domain.outbox import service as outbox
from app.domain.outbox.service import Claim
from app.domain.shops import service as shops
from app.domain.shops.rules import ShopFacts
from app.jobs.deadline import limited_to
from app.kernel.errors import Failure, Permanent, Transient
from app.kernel.faults import faultpoint
from app.kernel.logging import bound
from app.kernel.runtime import Runtime

log = logging.getLogger(__name__)

SLICE_SECONDS = 2
"""A hint is worked on no longer than this plus a batch: what was claimed beyond that is given back, and what is left is hinted
anew, behind the other kinds and shops. New webhooks never wait for a backlog of letters, and a stopping worker ends in time."""
TURN_SECONDS = 0.1
"""While others wait for the same worker, a turn is no longer than this plus a batch: so long a quiet shop waits for a busy one."""
SMALLER = 4
"""Into so many parts a batch is cut meanwhile."""
LONGEST_LEASE = 90
"""Seconds. Of work that waits for others: a slow store's page must not be taken away from whoever waits for it."""
PASSING = ("08", "40", "53", "55", "57")
"""Classes of SQLSTATE: connection, rollback of a deadlock, resources, locks, an operator's intervention."""
FIRST_DELAY, LONGEST_DELAY = 5.0, 3600.0


Run = Callable[[Sequence[Claim]], None]


class Queue(StrEnum):
    """Each has a worker process of its own (worker.py): what a store tells is read even while another store or the mail server
    hangs, and what somebody waits for never waits for an import."""

    NOW = "now"  # reading what was told: needs nothing but the database
    WORLD = "world"  # what follows from it: letters, and questions to a store
    SLOW = "slow"  # nobody waits for it


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One kind of work. `run` is given up to `batch` rows, opens its own transactions, none while it talks to the world, and
    finishes its claims with `outbox.finish` in the transaction that writes the outcome. It is safe to run twice.
    From the second claim of a turn on, `ahead` batches are claimed at once: more than one where a batch is quick. `together` is
    told all rows of a claim and gives what stands for `run` as long as they last: it can read for all what each needs.
    `lease` is in seconds, and so is `limit`: a batch that takes longer is ended with its process (worker.py). Without one it is
    the lease, after which its outcome would be refused anyway."""

    kind: str
    queue: Queue
    batch: int
    run: Callable[[Runtime, ShopFacts, Sequence[Claim]], None]
    together: Callable[[Runtime, ShopFacts, Sequence[Claim]], Run] | None = None
    ahead: int = 1
    lease: int = outbox.LEASE_SECONDS
    limit: int | None = None


class Stop:
    """Set by SIGTERM: nothing more is claimed."""

    is_set = False


def work_off(runtime: Runtime, work: Work, shop_id: int, is_awaited: Callable[[], bool] = lambda: False) -> int:
    """Do this shop's due work of one kind until there is none or the time is up; how many rows were claimed. `is_awaited` says
    whether others wait for this worker, who then come sooner."""
    began = time.monotonic()

    def is_over() -> bool:
        spent = time.monotonic() - began
        return Stop.is_set or spent >= SLICE_SECONDS or (spent > TURN_SECONDS and is_awaited())

    done = 0
    while not is_over():
        with runtime.db.transaction(shop_id) as session:
            now = runtime.clock.now()
            most = _most(work, done, is_awaited=is_awaited())
            claims = outbox.claim(session, shop_id, work.kind, now, most, work.lease)
            shop = shops.present(session, shop_id, now)
            faultpoint("claim.before_commit")
        faultpoint("claim.after_commit")
        if not claims:
            break
        done += len(claims)
        run = work.together(runtime, shop, claims) if work.together else partial(work.run, runtime, shop)
        with bound(shop=shop.public_id, job=work.kind):
            for start in range(0, len(claims), work.batch):
                if Stop.is_set or (start and is_over()):
                    _write(
                        runtime, shop, partial(outbox.release, shop_id=shop.id, claims=claims[start:], is_progress=True)
                    )
                    break
                _attempt(runtime, work, shop, claims[start : start + work.batch], run)
    return done


def _most(work: Work, done: int, *, is_awaited: bool) -> int:
    """How many rows to claim: a batch, several once there is time for more, so that little has to be given back, and a small one
    while others wait."""
    if is_awaited and work.batch > 1:
        return max(1, work.batch // SMALLER)
    return work.batch * (work.ahead if done else 1)


def _attempt(runtime: Runtime, work: Work, shop: ShopFacts, claims: Sequence[Claim], run: Run) -> None:
    try:
        with limited_to(work.limit or work.lease):
            run(claims)
    except outbox.Fenced:
        log.warning("lease lost, outcome dropped")
    except Failure as failure:
        _decide(runtime, shop, claims, failure)
    except Exception as error:
        if _is_busy(error):
            _decide(runtime, shop, claims, Transient("database_busy", retry_after=_delay(0, None)))
            return
        log.exception("work failed")
        _write(runtime, shop, partial(outbox.release, shop_id=shop.id, claims=claims, is_progress=False))


def _is_busy(error: Exception) -> bool:
    """A lock not given, a deadlock, a restart of the database: no fault of the rows, and it passes, so they wait no longer the next
    time. A statement that took too long is their fault: fewer of them may be quicker."""
    if not isinstance(error, OperationalError) or isinstance(error.orig, QueryCanceled):
        return False
    state = error.orig.sqlstate if isinstance(error.orig, psycopg.Error) else None
    return error.connection_invalidated or (state or "").startswith(PASSING)


def _decide(runtime: Runtime, shop: ShopFacts, claims: Sequence[Claim], failure: Failure) -> None:
    """Again or never. A batch that fails for good is given back to come row by row, so that one bad row parks alone."""
    log.warning("work failed", extra={"code": failure.code})
    if isinstance(failure, Transient):
        delay = _delay(max(claim.failures for claim in claims), failure.retry_after)
        _write(
            runtime, shop, partial(outbox.retry_later, shop_id=shop.id, claims=claims, error=failure.code, delay=delay)
        )
    elif len(claims) == 1 and isinstance(failure, Permanent):
        _write(runtime, shop, partial(outbox.park, shop_id=shop.id, claims=claims, error=failure.code))
    else:
        _write(runtime, shop, partial(outbox.release, shop_id=shop.id, claims=claims, is_progress=False))


def _delay(failures: int, asked: float | None) -> float:
    """Seconds to wait: what the other side asked for, else exponential with full jitter."""
    if asked is not None:
        return min(asked, LONGEST_DELAY)
    ceiling = min(LONGEST_DELAY, FIRST_DELAY * 2 ** min(failures, 16))
    return random.uniform(ceiling / 2, ceiling)  # noqa: S311 (jitter, no secret)


def _write(runtime: Runtime, shop: ShopFacts, outcome: Callable[[Session], None]) -> None:
    try:
        with runtime.db.transaction(shop.id) as session:
            outcome(session)
            faultpoint("failure.before_commit")
        faultpoint("failure.after_commit")
    except outbox.Fenced:
        log.warning("lease lost, outcome dropped")
