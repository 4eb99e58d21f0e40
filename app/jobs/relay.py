"""The outbox is told to the workers: a hint a kind and shop, again and again until the rows are gone. Valkey may forget everything
at any moment; the next round says it anew."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer
from sqlalchemy.exc import OperationalError

from app.domain.outbox import service as outbox
from app.jobs.queue import Queue, Stop
from app.jobs.schedule import strike
from app.jobs.works import WORKS, hint_key, take_hint, waiting
from app.kernel.faults import faultpoint
from app.kernel.runtime import Runtime

log = logging.getLogger(__name__)

PAUSE_SECONDS = 0.2
AWAY_SECONDS = 1.0
"""Before the next round when the database broke off in this one."""
HINT_SECONDS = 10
"""How long a hint that nobody has taken is not repeated; one that was lost on its way is given again after this."""
TIMEOUT_SECONDS = 600
"""RQ's alarm for a hint: the last resort. Everything has time limits of its own, and an alarm in the middle of a hand-over (a mail
server may think for two minutes) would leave its outcome unknown."""
TICK_SECONDS = 1.0
CHANCE_SECONDS = 60.0
LOW_WATER = 500
"""Hints that may wait in a queue. What is owed beyond them waits in Postgres, where nothing gets lost; Valkey stays small enough
for the smallest plan (25 MB), whatever the backlog."""


def relay_forever(runtime: Runtime) -> None:
    """Until `Stop` is set. A database that breaks off costs a round, not the process: all that a round says may be said twice."""
    next_tick = next_chance = 0.0
    while not Stop.is_set:
        try:
            if time.monotonic() >= next_tick:
                strike(runtime)
                next_tick = time.monotonic() + TICK_SECONDS
            if time.monotonic() >= next_chance:
                give_another_chance(runtime)
                next_chance = time.monotonic() + CHANCE_SECONDS
            hint_due_work(runtime)
            time.sleep(PAUSE_SECONDS)
        except OperationalError:
            log.warning("round broken off", extra={"code": "database_away"})
            time.sleep(AWAY_SECONDS)


def give_another_chance(runtime: Runtime) -> None:
    """To what was parked only because its workers died."""
    with runtime.db.house() as session:
        outbox.try_again(session)


def hint_due_work(runtime: Runtime) -> int:
    """Tell the workers of work that is due, as much as they can take; how many hints were given. Without Valkey: none, and no
    failure."""
    with runtime.db.house() as session:
        due = outbox.due(session, runtime.clock.now())
    faultpoint("relay.looked")
    given = 0
    try:
        room = {queue: LOW_WATER - waiting(runtime, queue) for queue in Queue} if due else {}
        for shop_id, kind in due:
            if kind in WORKS and room[WORKS[kind].queue] > 0 and _hint(runtime, shop_id, kind):
                room[WORKS[kind].queue] -= 1
                given += 1
    except RedisError:
        pass
    return given


def _hint(runtime: Runtime, shop_id: int, kind: str) -> bool:
    if not runtime.valkey.set(hint_key(kind, shop_id), 1, nx=True, ex=HINT_SECONDS):
        return False
    faultpoint("relay.before_hint")
    queue = RqQueue(WORKS[kind].queue.value, connection=runtime.valkey, serializer=JSONSerializer)
    queue.enqueue_call(  # pyright: ignore[reportUnknownMemberType]
        take_hint,
        args=(kind, shop_id),
        timeout=TIMEOUT_SECONDS,
        result_ttl=0,
        failure_ttl=60,
        ttl=HINT_SECONDS * 6,
        description=f"{kind} of shop {shop_id}",
    )
    faultpoint("relay.after_hint")
    return True


def forget_hints(runtime: Runtime, shop_id: int) -> None:
    """Take back what the workers were told of a shop that is gone. Without Valkey, nothing: hints end by themselves."""
    with suppress(RedisError):
        runtime.valkey.delete(*(hint_key(kind, shop_id) for kind in WORKS))
        for queue in Queue:
            told = RqQueue(queue.value, connection=runtime.valkey, serializer=JSONSerializer)
            for job in told.get_jobs():
                if shop_id in job.args:  # pyright: ignore[reportUnknownMemberType]
                    job.delete()  # pyright: ignore[reportUnknownMemberType]
