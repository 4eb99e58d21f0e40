"""The outbox is told to the workers: a hint a kind and shop, again and again until the rows are gone. Valkey may forget everything
at any moment; the next round says it anew."""

from __future__ import annotations

import time

from redis.exceptions import RedisError
from rq import Queue as RqQueue
from rq.serializers import JSONSerializer

from app.domain.outbox import service as outbox
from app.jobs.queue import Stop
from app.jobs.schedule import strike
from app.jobs.works import WORKS, hint_key, take_hint
from app.kernel.runtime import Runtime

PAUSE_SECONDS = 0.2
HINT_SECONDS = 10
"""How long a hint that nobody has taken is not repeated; one that was lost on its way is given again after this."""
TIMEOUT_SECONDS = 600
"""RQ's alarm for a hint: the last resort. Everything has time limits of its own, and an alarm in the middle of a hand-over (a mail
server may think for two minutes) would leave its outcome unknown."""
TICK_SECONDS = 1.0


def relay_forever(runtime: Runtime) -> None:
    """Until `Stop` is set."""
    next_tick = 0.0
    while not Stop.is_set:
        if time.monotonic() >= next_tick:
            strike(runtime)
            next_tick = time.monotonic() + TICK_SECONDS
        hint_due_work(runtime)
        time.sleep(PAUSE_SECONDS)


def hint_due_work(runtime: Runtime) -> int:
    """Tell the workers of all work that is due; how many hints were given. Without Valkey: none, and no failure."""
    with runtime.db.house() as session:
        due = outbox.due(session, runtime.clock.now())
    try:
        return sum(_hint(runtime, shop_id, kind) for shop_id, kind in due)
    except RedisError:
        return 0


def _hint(runtime: Runtime, shop_id: int, kind: str) -> bool:
    if kind not in WORKS or not runtime.valkey.set(hint_key(kind, shop_id), 1, nx=True, ex=HINT_SECONDS):
        return False
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
    return True
